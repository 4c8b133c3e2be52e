#include <boost/test/unit_test.hpp>
#include <cmm/core/units.hpp>
#include <cmm/layer/trace_file.hpp>
#include <cmm/platform.hpp>
#include <cmm/recipe_text.hpp>
#include <cmm/torch/environment.hpp>
#include <fstream>

#include "attributes.hpp"
#include "mutator.hpp"

BOOST_AUTO_TEST_SUITE(fuzz_texts)

namespace {

using tests::fault_of;

const std::vector<std::string> sizes{"8192", "1.5GiB", "512 MiB",  "2_GiB",
                                     "10GB", "0.5KiB", "no_limit", "18446744073709551615"};
const std::vector<std::string> size_words{"KiB", "GiB", "TB", ".", "_", " ", "-", "e3", "\u00b2"};

const std::vector<std::string> recipes{
    "managed | threshold_prefetch{.below = 2GiB} | limit{64GiB} | pool | stats",
    "managed | prefer{device} | accessed_by{host} | when{below{2GiB}, prefetch{.threads = 4}} | strict",
    "managed | spill{device_pool | limit{1GiB}, {.budget = 60GiB, .headroom = 2GiB}} | trace{.events = 7}",
    "egm{host_numa:1} | egm_numa{nearest_numa} | pool{.segment = 8MiB, .keep = no_limit} | locked | "
    "record_streams",
    "(managed | advise_only) | read_mostly",
    "cmm::managed{} | cmm::always_prefetch{}",
    "system",
    "null"};
const std::vector<std::string> recipe_words{"managed",    "|",       "{", "}", ".below = ", "limit", "spill{",
                                            "host_numa:", "device:", ",", "(", ")",         "=",     "when{",
                                            "\n",         "\x1b[31m"};

/// Throws nothing but `bad_text`, with a message to read; what it takes it gives back.
template <class Read>
std::string bad_text_or(Read read) {
  try {
    return read();
  } catch (const cmm::bad_text& error) {
    return fault_of(error.what());
  } catch (const std::exception& error) {
    return std::string{"threw something else: "} + error.what();
  }
}

void failed(const std::string& wrong, const std::string& text) {
  BOOST_ERROR(wrong << ", for " << text.size() << " bytes of text: " << text);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_size_is_read_and_written_back_or_refused) {
  tests::fuzz(
      sizes, size_words, 60'000,
      [](const std::string& text) {
        return bad_text_or([&]() -> std::string {
          const std::size_t bytes = cmm::parse_size(text);
          if (bytes == cmm::no_limit) return "";
          return cmm::parse_size(cmm::format_size(bytes)) == bytes ? "" : "is not written back";
        });
      },
      failed);
}

BOOST_AUTO_TEST_CASE(a_recipe_is_read_and_written_back_or_refused) {
  tests::fuzz(
      recipes, recipe_words, 15'000,
      [](const std::string& text) {
        return bad_text_or([&]() -> std::string {
          const cmm::parsed_recipe read = cmm::parse_recipe(text);
          return cmm::parse_recipe(read.text()).text() == read.text() ? "" : "is not written back";
        });
      },
      failed);
}

BOOST_AUTO_TEST_CASE(a_trace_is_read_and_written_back_or_refused) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("cmm-fuzz-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  const std::filesystem::path path = folder / "log.trace";
  tests::fuzz(
      {"cmm trace 1\ntake 1 4096 0 0 10\ntake 2 65536 1 0 20\nfree 1 0 0 30\nfree 2 1 0 40\n",
       "cmm trace 1\ntake 1 18446744073709551614 0 1 0\nfree 1 0 1 18446744073709551615\n"},
      {"take ", "free ", " -1", "\n", "take 1 1 0 0 0\n", " 99999999999", "\r"}, 2'000,
      [&](const std::string& text) {
        std::ofstream{path, std::ios::binary | std::ios::trunc} << text;
        return bad_text_or([&]() -> std::string {
          const auto log = cmm::load_trace(path);
          cmm::save_trace(log, path);
          return cmm::load_trace(path).size() == log.size() ? "" : "is not written back";
        });
      },
      failed);
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_CASE(a_variable_is_read_or_refused_by_its_name) {
  struct variable {
    std::string name;
    std::vector<std::string> right;
    std::vector<std::string> words;
  };
  const std::vector<variable> variables{
      {"CMM_PREFETCH_BELOW", sizes, size_words},
      {"CMM_LIMIT", sizes, size_words},
      {"CMM_NUMA_NODE", {"0", "1", "17"}, {"-", "+", " ", "0x", ".", "\u00b2"}},
      {"CMM_STRICT", {"0", "1"}, {"true", " ", "00", "\x1b[31m"}},
      {"CMM_TRACE",
       {"trace", "trace.%p", "./trace", "/tmp/cmm.%p.trace"},
       {"/", "..", "/dev/null", "\n", "%"}}};
  for (const variable& each : variables) {
    tests::fuzz(
        each.right, each.words, 3'000,
        [&](const std::string& text) {
          const auto lookup = [&](std::string_view name) {
            return name == each.name ? text.c_str() : nullptr;
          };
          const std::string value = text.c_str();  // an environment ends a value where this text has a zero
          return bad_text_or([&]() -> std::string {
            try {
              const cmm::torch::environment read = cmm::torch::read_environment(lookup);
              return read.text == (value.empty() ? "" : each.name + "=" + value) ? "" : "is not told";
            } catch (const cmm::bad_text& refused) {
              if (!std::string_view{refused.what()}.starts_with(each.name + " is ")) return "is not named";
              throw;
            }
          });
        },
        [&](const std::string& wrong, const std::string& text) { failed(wrong, each.name + "=" + text); });
  }
}

BOOST_AUTO_TEST_SUITE_END()
