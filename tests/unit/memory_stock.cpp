#include <cmm/source/memory_stock.hpp>
#include <cmm/source/tiered_range.hpp>

#include <boost/test/unit_test.hpp>
#include <cmm/recipe_text.hpp>
#include <memory>
#include <thread>

#include "support/laws.hpp"

BOOST_AUTO_TEST_SUITE(memory_stocks)

namespace {

using namespace cmm;
using namespace cmm::literals;
using tests::caught;

constexpr location node = location::host_numa(0);

struct world : tests::sim_world {
  world() : sim_world{tests::two_h200} {}
  ~world() { tests::check_all_returned(*this); }

  auto stock(std::size_t bytes, std::size_t piece = 4_MiB) {
    return std::make_unique<memory_stock<sim::api>>(api(), location::nearest_numa(), bytes, piece, home());
  }
  /// A range of `near` bytes of HBM and `far` bytes of the host, from a stock.
  auto made(memory_stock<sim::api>& from, std::size_t near, std::size_t far, std::size_t piece = 4_MiB) {
    range_settings how{.device = home(), .piece = piece};
    how.from = [&from](std::size_t bytes, location where, memory_handle& out) {
      return from.take(bytes, where, out);
    };
    return std::make_unique<tiered_range<sim::api>>(
        api(), std::vector<memory_area>{{0, near, location::device()}, {near, far, location::nearest_numa()}},
        how);
  }
  static void until_ready(const memory_stock<sim::api>& of, std::size_t bytes) {
    while (of.ready() < bytes) std::this_thread::yield();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_range_takes_what_was_made_before_and_makes_the_rest, world) {
  const auto from = stock(8_MiB);
  until_ready(*from, 8_MiB);
  BOOST_CHECK_EQUAL(machine().live_handles(), 2U);
  const auto range = made(*from, 4_MiB, 14_MiB);
  BOOST_CHECK_EQUAL(range->ready(), 18_MiB);
  BOOST_CHECK_EQUAL(machine().live_handles(),
                    5U);  // 4 of HBM; of the host 4 and 4 from the stock, 4 and 2 new
  BOOST_CHECK_EQUAL(machine().resident(range->data() + 4_MiB, 14_MiB, node), 14_MiB);
  BOOST_CHECK(machine().gpu_touch(range->data(), 18_MiB, sim::access::write, 0, create_stream()).ok());
}

BOOST_FIXTURE_TEST_CASE(handles_of_another_size_or_place_stay_in_it, world) {
  const auto from = stock(8_MiB);
  until_ready(*from, 8_MiB);
  const auto range = made(*from, 4_MiB, 6_MiB, 2_MiB);
  BOOST_CHECK_EQUAL(machine().live_handles(), 2U + 2U + 3U);
  memory_handle out{};
  BOOST_CHECK(!from->take(4_MiB, location::device(home()), out));
}

BOOST_FIXTURE_TEST_CASE(who_takes_before_it_is_made_waits_for_it, world) {
  const auto from = stock(256_MiB);
  memory_handle taken{};
  for (int each = 0; each < 64; ++each) {
    BOOST_REQUIRE(from->take(4_MiB, node, taken));
    BOOST_CHECK(api().release_memory(taken).ok());
  }
  BOOST_CHECK(!from->take(4_MiB, node, taken));
}

BOOST_FIXTURE_TEST_CASE(what_nobody_took_is_given_back, world) {
  auto from = stock(64_MiB);
  until_ready(*from, 16_MiB);
  from.reset();
  BOOST_CHECK_EQUAL(machine().live_handles(), 0U);
}

BOOST_FIXTURE_TEST_CASE(a_memory_that_runs_out_ends_it_and_the_range_says_why, world) {
  const auto from = stock(64_GiB, 64_MiB);
  const caught<cuda_error> full{[&] { made(*from, 4_MiB, 64_GiB, 64_MiB); }};
  BOOST_CHECK_MESSAGE(full.says("is to hold 64 GiB"), full.text);
  BOOST_CHECK(full.code == errc::out_of_memory);
}

BOOST_FIXTURE_TEST_CASE(sizes_that_cannot_be_are_refused, world) {
  const caught<bad_request> odd{[&] { stock(8_MiB, 3_MiB); }};
  BOOST_CHECK_MESSAGE(odd.says("in pieces of 3 MiB was asked for, and host_numa:0 comes in 2 MiB"), odd.text);
  const caught<bad_request> none{[&] { stock(8_MiB, 0); }};
  BOOST_CHECK(none.says("give a multiple of that"));
  const auto empty = stock(0);
  memory_handle out{};
  BOOST_CHECK(!empty->take(4_MiB, node, out));
  range_settings how{.device = home(), .shareable = true};
  how.from = [](std::size_t, location, memory_handle&) { return false; };
  const caught<bad_request> shared{[&] {
    tiered_range<sim::api> range{api(), {{0, 2_MiB, location::device()}}, how};
  }};
  BOOST_CHECK_MESSAGE(shared.says("whose handles cannot be"), shared.text);
}

BOOST_AUTO_TEST_SUITE_END()
