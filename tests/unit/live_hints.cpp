#include <array>
#include <boost/test/unit_test.hpp>
#include <cmm/core/live_hints.hpp>

#include "support/laws.hpp"

BOOST_AUTO_TEST_SUITE(live_blocks)

namespace {

using namespace cmm;
using namespace cmm::literals;
using tests::caught;

constexpr location own = location::device(1);
constexpr location node = location::host_numa(0);

/// Two GPUs; blocks are the second one's while the first is current.
struct world : tests::sim_world {
  explicit world(const sim::profile& on = tests::two_gh200) : sim_world{on} {
    for (block& each : blocks) each = memory.allocate({.bytes = 4_MiB, .stream = s, .device = home()});
  }
  ~world() {
    for (const block& each : blocks) memory.deallocate(each, s);
    BOOST_CHECK_EQUAL(misuse(), "");
  }
  sim::page first_page(const block& b) {
    return machine().inspect([&](sim::state& of) { return sim::pages_of(*of.space.holding(b.data, 1))[0]; });
  }
  std::size_t on(location where) { return machine().live_bytes(where); }

  decltype(build(managed{}, std::declval<sim::api>())) memory{api(), {managed{}}};
  stream s = create_stream();
  std::array<block, 3> blocks;
};

sim::profile incapable() {
  auto profile = tests::two_h200;
  profile.capabilities[static_cast<std::size_t>(attribute::concurrent_managed_access)] = {0, "assumed"};
  return profile;
}

/// Every hint that blocks in use can get, by name.
template <class Hints>
std::vector<std::pair<const char*, std::function<bool()>>> all_of(Hints& hints, world& on) {
  return {
      {"cudaMemAdvise", [&] { return hints.advise(on.blocks[0], advice::read_mostly); }},
      {"cudaMemAdvise", [&] { return hints.withdraw(on.blocks[0], advice::read_mostly); }},
      {"cudaMemPrefetchAsync", [&] { return hints.prefetch(on.blocks[0], location::device(), on.s); }},
      {"cudaMemPrefetchBatchAsync", [&] { return hints.prefetch(on.blocks, location::device(), on.s); }},
      {"cudaMemDiscardBatchAsync", [&] { return hints.discard(on.blocks[0], on.s); }},
      {"cudaMemDiscardBatchAsync", [&] { return hints.discard(on.blocks, on.s); }},
      {"cudaMemDiscardAndPrefetchBatchAsync",
       [&] { return hints.discard_and_prefetch(on.blocks, location::device(), on.s); }},
  };
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_block_in_use_moves_where_it_is_told, world) {
  live_hints hints{memory};
  BOOST_CHECK(hints.prefetch(blocks[0], location::device(), s));
  BOOST_CHECK_EQUAL(machine().resident(blocks[0].data, 4_MiB, own), 4_MiB);
  BOOST_CHECK(hints.prefetch(blocks[0], node, s));
  BOOST_CHECK_EQUAL(machine().resident(blocks[0].data, 4_MiB, node), 4_MiB);
  const block half{static_cast<char*>(blocks[0].data) + 2_MiB, 2_MiB, blocks[0].device};
  BOOST_CHECK(hints.prefetch(half, location::device(), s));
  BOOST_CHECK_EQUAL(machine().resident(blocks[0].data, 4_MiB, own), 2_MiB);
  BOOST_CHECK_EQUAL(hints.skipped_hints(), 0U);
}

BOOST_FIXTURE_TEST_CASE(advice_is_given_and_taken_back, world) {
  live_hints hints{memory};
  BOOST_CHECK(hints.advise(blocks[0], advice::preferred_location, node));
  BOOST_CHECK(hints.advise(blocks[0], advice::accessed_by));
  BOOST_CHECK(hints.advise(blocks[0], advice::read_mostly));
  BOOST_CHECK(first_page(blocks[0]).preferred == node && first_page(blocks[0]).read_mostly);
  BOOST_CHECK_EQUAL(first_page(blocks[0]).accessed_by, 2U);
  BOOST_CHECK(hints.withdraw(blocks[0], advice::preferred_location));
  BOOST_CHECK(hints.withdraw(blocks[0], advice::accessed_by, location::device(0)));
  BOOST_CHECK(hints.withdraw(blocks[0], advice::read_mostly));
  BOOST_CHECK(first_page(blocks[0]).preferred == location::none() && !first_page(blocks[0]).read_mostly);
  BOOST_CHECK_EQUAL(first_page(blocks[0]).accessed_by, 2U);
  BOOST_CHECK(hints.withdraw(blocks[0], advice::accessed_by));
  BOOST_CHECK_EQUAL(first_page(blocks[0]).accessed_by, 0U);
}

BOOST_FIXTURE_TEST_CASE(a_batch_is_one_call_for_each_place, world) {
  live_hints hints{memory};
  BOOST_CHECK(hints.prefetch(blocks, location::device(), s));
  BOOST_CHECK_EQUAL(on(own), 12_MiB);
  BOOST_CHECK_EQUAL(machine().calls("cudaMemPrefetchBatchAsync"), 1U);
  BOOST_CHECK(hints.discard(std::span{blocks}.first(2), s));
  BOOST_CHECK_EQUAL(on(own), 4_MiB);
  BOOST_CHECK_EQUAL(on(location::none()), 8_MiB);
  BOOST_CHECK_EQUAL(machine().calls("cudaMemDiscardBatchAsync"), 1U);
  BOOST_CHECK(hints.discard_and_prefetch(blocks, node, s));
  BOOST_CHECK_EQUAL(on(node), 12_MiB);
  BOOST_CHECK_EQUAL(machine().counters().bytes_to_host, 0U);  // what was dropped is not moved
  BOOST_CHECK(hints.discard(blocks, s));
  BOOST_CHECK_EQUAL(on(location::none()), 12_MiB);
  std::array mixed{blocks[0], blocks[1], blocks[2]};
  mixed[1].device = 0;
  BOOST_CHECK(hints.prefetch(mixed, location::device(), s));
  BOOST_CHECK_EQUAL(machine().calls("cudaMemPrefetchBatchAsync"), 4U);
  BOOST_CHECK_EQUAL(on(location::device(0)), 4_MiB);
  BOOST_CHECK(hints.prefetch(std::span<const block>{}, node, s) &&
              hints.discard(std::span<const block>{}, s));
}

BOOST_FIXTURE_TEST_CASE(the_legacy_default_stream_is_never_given_to_a_batch, world) {
  live_hints hints{memory};
  for (const stream legacy : {stream{}, stream::legacy()}) {
    BOOST_CHECK(hints.prefetch(blocks, location::device(), legacy));
    BOOST_CHECK_EQUAL(on(own), 12_MiB);
    BOOST_CHECK(caught<bad_request>{[&] { hints.discard(blocks[0], legacy); }}.says("a stream of your own"));
    BOOST_CHECK_THROW(hints.discard_and_prefetch(blocks, node, legacy), bad_request);
  }
  BOOST_CHECK_EQUAL(machine().calls("cudaMemPrefetchBatchAsync"), 0U);
  BOOST_CHECK_EQUAL(machine().calls("cudaMemDiscardBatchAsync"), 0U);
  BOOST_CHECK(hints.discard(blocks[0], stream::per_thread()));
}

BOOST_AUTO_TEST_CASE(what_the_machine_cannot_do_is_skipped_and_counted_or_in_strict_mode_an_error) {
  world on{incapable()};
  live_hints lenient{on.memory};
  std::size_t skipped = 0;
  for (const auto& [call, hint] : all_of(lenient, on)) {
    BOOST_CHECK(!hint());
    BOOST_CHECK_EQUAL(lenient.skipped_hints(), ++skipped);
  }
  live_hints strict{on.memory, true};
  for (const auto& [call, hint] : all_of(strict, on)) {
    const caught<cuda_error> error{[&hint = hint] { hint(); }};
    BOOST_CHECK_MESSAGE(
        error.says(std::string{call} + " failed") && error.says("no concurrent managed access"), error.text);
  }
  BOOST_CHECK_EQUAL(strict.skipped_hints(), 0U);
}

BOOST_FIXTURE_TEST_CASE(a_place_that_is_not_there_is_skipped_and_counted, world) {
  live_hints hints{memory};
  const location absent = location::host_numa(9);
  BOOST_CHECK(!hints.prefetch(blocks, absent, s));
  BOOST_CHECK(!hints.discard_and_prefetch(blocks, absent, s));
  BOOST_CHECK(!hints.advise(blocks[0], advice::preferred_location, absent));
  BOOST_CHECK(!hints.withdraw(blocks[0], advice::accessed_by, location::device(9)));
  BOOST_CHECK_EQUAL(hints.skipped_hints(), 4U);
  BOOST_CHECK_EQUAL(on(location::none()), 12_MiB);
}

BOOST_FIXTURE_TEST_CASE(under_capture_what_needs_the_stream_is_skipped_and_the_capture_stays_whole, world) {
  live_hints hints{memory};
  live_hints strict{memory, true};
  BOOST_REQUIRE(begin_capture(s));
  std::size_t skipped = 0;
  for (const auto& [call, hint] : all_of(hints, *this)) {
    const bool needs_stream = std::string{call} != "cudaMemAdvise";
    BOOST_CHECK_EQUAL(hint(), !needs_stream);
    BOOST_CHECK_EQUAL(hints.skipped_hints(), skipped += needs_stream ? 1 : 0);
  }
  for (const auto& [call, hint] : all_of(strict, *this)) {
    if (std::string{call} == "cudaMemAdvise") continue;
    const caught<cuda_error> error{[&hint = hint] { hint(); }};
    BOOST_CHECK_MESSAGE(error.code == errc::capture_unsupported && error.call == call, error.text);
  }
  BOOST_CHECK(end_capture(s));
}

BOOST_FIXTURE_TEST_CASE(a_machine_that_can_and_refuses_is_an_error_that_names_the_call, world) {
  live_hints hints{memory};
  for (const auto& [call, hint] : all_of(hints, *this)) {
    machine().fail_nth(call, 1, errc::not_permitted);
    const caught<cuda_error> error{[&hint = hint] { hint(); }};
    BOOST_CHECK_MESSAGE(error.text.find(std::string{call} + " failed while") == 0, error.text);
    machine().clear_faults();
  }
  BOOST_CHECK_EQUAL(hints.skipped_hints(), 0U);
}

BOOST_AUTO_TEST_SUITE_END()
