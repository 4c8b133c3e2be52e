#include <boost/test/unit_test.hpp>
#include <cmm/layer/trace_file.hpp>
#include <cmm/sim.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/laws.hpp"
#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(trace_files)

using namespace cmm;
using namespace cmm::literals;
using tests::caught;

namespace {

/// A trace of these lines below its header, in a file that goes away again.
struct written {
  explicit written(const std::string& lines) { std::ofstream{path} << "cmm trace 1\n" << lines; }
  ~written() { std::filesystem::remove(path); }
  written(const written&) = delete;
  written& operator=(const written&) = delete;

  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("cmm_trace_" + std::to_string(::getpid()) + ".trace");
};

/// The sentence with which lines are refused, behind the name of the file.
std::string refusal(const std::string& lines) {
  const written trace{lines};
  const caught<bad_text> error{[&] { load_trace(trace.path); }};
  const std::string file = trace.path.string();
  return error.text.starts_with(file) ? error.text.substr(file.size()) : error.text;
}
bool refused(const std::string& lines, const std::string& with) {
  const std::string said = refusal(lines);
  BOOST_TEST_MESSAGE(said);
  return said.starts_with(with);
}

constexpr const char* valid[] = {"take", "1", "4096", "0", "0", "0"};

/// A line that takes a block, with one of its numbers replaced.
std::string with_number(std::size_t field, const std::string& number) {
  std::string line;
  for (std::size_t i = 0; i < std::size(valid); ++i)
    line += (i == 0 ? "" : " ") + (i == field ? number : valid[i]);
  return line + "\n";
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_saved_is_loaded_again) {
  sim::machine machine{tests::two_h200};
  auto memory = build(managed{} | trace{}, sim::api{machine});
  const block a = memory.allocate(4096);
  const block b = memory.allocate({.bytes = 1_MiB, .device = 1});
  memory.deallocate(b);
  memory.deallocate(a);
  const auto log = memory.get<trace>().log();
  const written place{""};
  save_trace(log, place.path);
  const auto again = load_trace(place.path);
  BOOST_REQUIRE_EQUAL(again.size(), log.size());
  for (std::size_t i = 0; i < log.size(); ++i) {
    BOOST_CHECK(again[i].id == log[i].id && again[i].bytes == log[i].bytes &&
                again[i].stream == log[i].stream && again[i].device == log[i].device &&
                again[i].nanoseconds == log[i].nanoseconds);
  }
}

BOOST_AUTO_TEST_CASE(the_largest_numbers_are_read_whole) {
  const written trace{
      "take 18446744073709551615 18446744073709551615 18446744073709551615 2147483647 18446744073709551615\n"
      "free 18446744073709551615 18446744073709551615 2147483647 18446744073709551615\n"};
  for (const trace_event& e : load_trace(trace.path)) {
    BOOST_CHECK_EQUAL(e.id, ~std::uint64_t{0});
    BOOST_CHECK_EQUAL(e.stream, ~std::uint64_t{0});
    BOOST_CHECK_EQUAL(e.device, 2147483647);
    BOOST_CHECK_EQUAL(e.nanoseconds, ~std::uint64_t{0});
  }
}

BOOST_AUTO_TEST_CASE(a_number_that_is_none_or_does_not_fit_is_refused_in_every_field) {
  const std::string none[] = {"-1",
                              "-0",
                              "+1",
                              "1.5",
                              "0x1",
                              "1e3",
                              "",
                              " 1",
                              "one",
                              "18446744073709551616",
                              "99999999999999999999999999"};
  for (const std::string& number : none) {
    for (std::size_t field = 1; field < std::size(valid); ++field) {
      const std::string line = with_number(field, number);
      BOOST_CHECK_MESSAGE(refused("take 7 1 0 0 0\n" + line, ":3: \""), line);
    }
  }
  for (const char* const device : {"2147483648", "99999999999", "4294967296"}) {
    BOOST_CHECK(refused(with_number(4, device), ":2: \""));
    BOOST_CHECK(refused("take 1 1 0 0 0\nfree 1 0 " + std::string{device} + " 1\n", ":3: \""));
  }
  BOOST_CHECK(
      refused("take 1 1 0 0 0\nfree -1 0 0 1\n", ":3: \"free -1 0 0 1\" is no trace line; it must read"));
}

BOOST_AUTO_TEST_CASE(a_line_of_another_form_is_refused) {
  for (const char* const line :
       {"take 1 4096 0 0", "take 1 4096 0 0 0 0", "free 1 0 0", "free 1 0 0 1 1", "take", "",
        "Take 1 1 0 0 0", "take 1 1 0 0 0 ", " take 1 1 0 0 0", "take 1 1 0 0 0\r"}) {
    BOOST_CHECK_MESSAGE(refused(std::string{line} + "\ntake 9 1 0 0 0\n", ":2: \""), line);
  }
}

BOOST_AUTO_TEST_CASE(each_block_is_taken_once_and_freed_once) {
  BOOST_CHECK(
      refused("take 1 8 0 0 0\ntake 1 8 0 0 1\n", ":3: \"take 1 8 0 0 1\" takes a block that was taken"));
  BOOST_CHECK(
      refused("take 1 8 0 0 0\nfree 1 0 0 1\ntake 1 8 0 0 2\n", ":4: \"take 1 8 0 0 2\" takes a block that"));
  BOOST_CHECK(
      refused("take 1 8 0 0 0\nfree 1 0 0 1\nfree 1 0 0 2\n", ":4: \"free 1 0 0 2\" frees a block that is"));
  BOOST_CHECK(refused("free 3 0 0 1\n", ":2: \"free 3 0 0 1\" frees a block that is not live"));
  BOOST_CHECK(refused("take 1 0 0 0 0\n", ":2: \"take 1 0 0 0 0\" takes a block of 0 bytes"));
}

BOOST_AUTO_TEST_CASE(what_is_no_regular_file_is_refused_before_it_is_read) {
  for (const char* path : {"/dev/zero", "/"}) {
    BOOST_CHECK_EXCEPTION(static_cast<void>(load_trace(path)), bad_text, [&](const auto& error) {
      return std::string{error.what()} ==
             std::string{path} + " is no regular file; give the path of a saved trace";
    });
  }
}

BOOST_AUTO_TEST_CASE(more_than_an_address_space_is_never_live) {
  BOOST_CHECK(
      refused("take 1 18446744073709551615 0 0 0\ntake 2 1 0 0 0\n", ":3: \"take 2 1 0 0 0\" has more live"));
  const written again{"take 1 18446744073709551615 0 0 0\nfree 1 0 0 0\ntake 2 1 0 0 0\n"};
  BOOST_CHECK_EQUAL(load_trace(again.path).size(), 3U);
}

BOOST_AUTO_TEST_SUITE_END()
