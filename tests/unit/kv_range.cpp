#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cmm/kv/range.hpp>
#include <cstring>

#include "support/laws.hpp"

BOOST_AUTO_TEST_SUITE(kv_range)

namespace {

using namespace cmm;
using namespace cmm::literals;
using tests::caught;

constexpr location hbm = location::device(1);
constexpr location node = location::host_numa(0);

/// Pages of 1 MiB in one place.
kv::layout pages(std::int64_t slots) { return {{{0, 1_MiB, 1_MiB}}, slots}; }

sim::profile without(attribute what) {
  auto profile = tests::two_gh200;
  profile.capabilities[static_cast<std::size_t>(what)] = {0, "assumed"};
  return profile;
}

/// Two GPUs; ranges are for the second while the first is current.
struct world : tests::sim_world {
  explicit world(const sim::profile& on = tests::two_h200) : sim_world{on} {}
  ~world() { tests::check_all_returned(*this); }

  kv::range_plan plan(std::int32_t fast, range_settings how = {}) {
    how.device = home();
    return {.fast = fast, .how = std::move(how)};
  }
  std::size_t lies(const auto& range, std::size_t slot, location where) {
    return machine().resident(range.data() + slot * 1_MiB, 1_MiB, where);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(the_first_slots_lie_in_hbm_and_the_others_on_the_host, world) {
  kv::range range{api(), pages(32), plan(6)};
  for (std::size_t slot = 0; slot < 32; ++slot) {
    BOOST_CHECK_EQUAL(lies(range, slot, slot < 6 ? hbm : node), 1_MiB);
  }
  BOOST_CHECK_EQUAL(range.text(), "mapped memory");
  BOOST_CHECK_EQUAL(range.ready_slots(), 32);
  BOOST_CHECK_EQUAL(range.bytes(), 32_MiB);
  std::memset(range.data(), 1, range.bytes());
  BOOST_CHECK(machine().gpu_touch(range.data(), range.bytes(), sim::access::read, 0, create_stream()).ok());
  BOOST_CHECK_EQUAL(machine().live_bytes(location::device(0)), 0U);
  range.wait();
}

BOOST_FIXTURE_TEST_CASE(each_layer_of_a_layout_has_its_part_in_hbm, world) {
  const kv::layout layers{{{0, 1_MiB, 1_MiB}, {16_MiB, 1_MiB, 1_MiB}}, 16};
  kv::range range{api(), layers, plan(4)};
  for (const std::size_t layer : {0_MiB, 16_MiB}) {
    BOOST_CHECK_EQUAL(machine().resident(range.data() + layer, 16_MiB, hbm), 4_MiB);
    BOOST_CHECK_EQUAL(machine().resident(range.data() + layer, 16_MiB, node), 12_MiB);
  }
}

namespace {

/// Keys and values of two layers, each an area of its own; a page has `stride` bytes in each.
kv::layout planes(std::size_t stride, std::int64_t slots) {
  const std::size_t area = static_cast<std::size_t>(slots) * stride;
  std::vector<kv::piece> pieces;
  for (std::size_t i = 0; i < 4; ++i) pieces.push_back({i * area, stride, stride});
  return {pieces, slots};
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(windows_behind_the_pages_of_each_piece_show_memory_that_pieces_share, world) {
  for (const std::size_t stride : {64_KiB, 48_KiB, 1_MiB + 16}) {
    constexpr std::int32_t kept = 61, fast = 7;
    constexpr std::size_t window = 6_MiB;
    const auto more = static_cast<std::int32_t>((window + 2_MiB + stride - 1) / stride);
    const kv::layout of = planes(stride, kept + more);
    kv::range_plan how = plan(fast);
    const std::size_t before = machine().live_bytes(hbm);
    how.staging = {kept, window, {0, 1, 0, 1}};
    kv::range range{api(), of, how};

    const auto [first, count] = range.staged();
    BOOST_TEST_CONTEXT("slots " << first << " and " << count << " more of " << stride << " bytes") {
      BOOST_CHECK_GE(first, kept);
      BOOST_CHECK_LE(first + count, of.slots());
      BOOST_CHECK_GT(static_cast<std::size_t>(count + 2) * stride, window - 2_MiB);
      BOOST_CHECK_EQUAL(machine().live_bytes(hbm) - before, kv::bytes_of(of.areas(fast), true) + 2 * window);
      for (std::size_t i = 0; i < 4; ++i) {
        const auto slot = [&](std::int32_t at) {
          return range.data() + of.pieces()[i].offset + static_cast<std::size_t>(at) * stride;
        };
        const std::size_t staged = static_cast<std::size_t>(count) * stride;
        BOOST_CHECK_EQUAL(machine().resident(slot(first), staged, hbm), staged);
        const auto begin = (static_cast<std::size_t>(slot(kept) - range.data()) + 2_MiB - 1) / 2_MiB * 2_MiB;
        BOOST_CHECK_GE(slot(first) - range.data(), static_cast<std::ptrdiff_t>(begin));
        BOOST_CHECK_LE(slot(first + count) - range.data(), static_cast<std::ptrdiff_t>(begin + window));
        std::memset(slot(first), static_cast<int>(i) + 1, staged);
        std::memset(slot(0), 9, static_cast<std::size_t>(kept) * stride);  // pages never lie in a window
      }
      for (std::size_t i = 0; i < 4; ++i) {  // the later layer's, and another for keys than for values
        const std::byte* const shown =
            range.data() + of.pieces()[i].offset + static_cast<std::size_t>(first + count / 2) * stride;
        BOOST_CHECK_EQUAL(std::to_integer<int>(*shown), static_cast<int>(i % 2) + 3);
      }
    }
  }
}

BOOST_FIXTURE_TEST_CASE(a_staging_that_does_not_fit_its_layout_is_refused, world) {
  const auto refused = [&](const kv::layout& of, kv::staging staged, std::int32_t fast = 4) {
    kv::range_plan how = plan(fast);
    how.staging = std::move(staged);
    const caught<bad_request> why{[&] { kv::range{api(), of, how}; }};
    return why;
  };
  const kv::layout of = planes(64_KiB, 64 + 96);
  BOOST_CHECK(refused(of, {64, 4_MiB, {0, 1, 0}}).says("of its 4 pieces 3 have a window"));
  BOOST_CHECK(refused(of, {161, 4_MiB, {0, 1, 0, 1}}).says("161 cannot be pages beside windows"));
  BOOST_CHECK(refused(of, {3, 4_MiB, {0, 1, 0, 1}}).says("with 4 in HBM"));
  BOOST_CHECK(refused(of, {64, 3_MiB, {0, 1, 0, 1}}).says("no multiple of 2 MiB"));
  BOOST_CHECK(refused(of, {96, 6_MiB, {0, 1, 0, 1}}).says("leave no room for windows of 6 MiB"));
  BOOST_CHECK(refused(of, {160, 2_MiB, {0, 1, 0, 1}}).says("leave no room for windows"));
  const kv::layout mixed{{{0, 4_MiB, 2_MiB}, {2_MiB, 4_MiB, 2_MiB}}, 16};  // layers lie side by side
  BOOST_CHECK(refused(mixed, {8, 4_MiB, {0, 1}}).says("pieces that lie one behind the other"));
}

BOOST_AUTO_TEST_CASE(without_memory_handles_nothing_is_staged) {
  world w{without(attribute::mapped_host_memory)};
  kv::range_plan how = w.plan(4);
  how.staging = {64, 4_MiB, {0, 1, 0, 1}};
  const kv::range range{w.api(), planes(64_KiB, 64 + 96), how};
  BOOST_CHECK((range.staged() == kv::staged_slots{}));
}

BOOST_FIXTURE_TEST_CASE(all_or_none_may_lie_in_hbm, world) {
  kv::range near{api(), pages(8), plan(8)};
  kv::range far{api(), pages(8), plan(0)};
  BOOST_CHECK_EQUAL(machine().live_bytes(hbm), 8_MiB);
  BOOST_CHECK_EQUAL(machine().live_bytes(node), 8_MiB);
  BOOST_CHECK_THROW((kv::range{api(), pages(8), plan(9)}), bad_request);
}

BOOST_FIXTURE_TEST_CASE(the_slots_that_would_fit_are_told_for_the_memory_that_was_full, world) {
  const caught<range_full> near{[&] { kv::range{api(), pages(3000), plan(2000, {.piece = 512_MiB})}; }};
  BOOST_CHECK_MESSAGE(near.says("at most 1 GiB would fit, which is 1024 of the 2000 slots in HBM"),
                      near.text);
  const caught<range_full> far{[&] { kv::range{api(), pages(3000), plan(8, {.piece = 512_MiB})}; }};
  BOOST_CHECK_MESSAGE(
      far.says("host_numa:0 is to hold") && far.says("which is 1024 of the 2992 slots beyond"), far.text);
}

BOOST_FIXTURE_TEST_CASE(no_more_slots_would_fit_than_were_to_lie_there, world) {
  machine().fail_nth("cuMemCreate", 1, errc::out_of_memory);
  const caught<range_full> moment{[&] { kv::range{api(), pages(32), plan(6)}; }};
  BOOST_CHECK_MESSAGE(moment.says("which is 6 of the 6 slots in HBM"), moment.text);
}

BOOST_FIXTURE_TEST_CASE(a_range_that_no_addresses_are_left_for_is_refused_with_its_size, world) {
  const kv::layout huge{{{0, 1_GiB, 1_GiB}}, 1 << 18};
  const caught<cuda_error> refused{[&] { kv::range{api(), huge, plan(8)}; }};
  BOOST_CHECK_MESSAGE(refused.says("reserving 256 TiB of addresses for a range, more than this process has"),
                      refused.text);
}

BOOST_FIXTURE_TEST_CASE(a_place_that_is_not_there_is_named, world) {
  const caught<cuda_error> device{[&] { kv::range{api(), pages(8), {.fast = 4, .how = {.device = 7}}}; }};
  BOOST_CHECK_MESSAGE(device.says("entering device:7 for a KV range"), device.text);
  const caught<cuda_error> absent{[&] {
    kv::range{api(), pages(8), {.fast = 4, .beyond = location::host_numa(9), .how = {.device = 1}}};
  }};
  BOOST_CHECK_MESSAGE(absent.says("granularity of memory of host_numa:9"), absent.text);
}

BOOST_FIXTURE_TEST_CASE(slots_may_be_used_as_the_host_part_grows, world) {
  kv::range range{api(), pages(64), plan(8, {.background = true, .piece = 4_MiB})};
  BOOST_CHECK_GE(range.ready_slots(), 8);
  range.wait_for_slots(20);
  BOOST_CHECK_GE(range.ready_slots(), 20);
  BOOST_CHECK_EQUAL(lies(range, 19, node), 1_MiB);
  range.wait();
  BOOST_CHECK_EQUAL(range.ready_slots(), 64);
  BOOST_CHECK(caught<bad_request>{[&] { range.wait_for_slots(65); }}.says("wait for no more than it has"));
  kv::range full{api(), pages(3000), plan(8, {.background = true, .piece = 256_MiB})};
  BOOST_CHECK(caught<range_full>{[&] { full.wait(); }}.says("of the 2992 slots beyond it"));
  BOOST_CHECK_EQUAL(full.ready_slots(), 0);
}

BOOST_AUTO_TEST_CASE(without_memory_handles_a_recipe_serves_and_its_areas_prefer_their_memory) {
  for (const attribute missing : {attribute::mapped_memory, attribute::mapped_host_memory}) {
    world on{without(missing)};
    kv::range range{on.api(), pages(32), on.plan(6)};
    BOOST_CHECK_EQUAL(range.text(), "managed");
    BOOST_CHECK_EQUAL(range.skipped_hints(), 0U);
    BOOST_CHECK_EQUAL(range.ready_slots(), 32);
    range.wait();
    const cmm::stream s = on.create_stream();
    BOOST_CHECK(on.machine().gpu_touch(range.data(), range.bytes(), sim::access::write, 0, s).ok());
    BOOST_CHECK_EQUAL(on.machine().resident(range.data(), 6_MiB, hbm), 6_MiB);
    BOOST_CHECK_EQUAL(on.machine().resident(range.data() + 6_MiB, 26_MiB, node), 26_MiB);
    BOOST_CHECK(
        caught<bad_request>{[&] { static_cast<void>(range.share()); }}.says("recipe managed was to be"));
    BOOST_CHECK_EQUAL(on.machine().live_handles(), 0U);
  }
}

BOOST_AUTO_TEST_CASE(any_recipe_may_serve_in_the_place_of_handles) {
  world on{without(attribute::mapped_host_memory)};
  kv::range pinned{on.api(), pages(8), on.plan(4), egm{}};
  BOOST_CHECK_EQUAL(pinned.text(), "egm{.at = nearest_numa}");
  kv::range layered{on.api(), pages(8), on.plan(4), managed{} | prefer{location::host()} | pool{} | stats{}};
  BOOST_CHECK_EQUAL(on.machine().resident(layered.data(), 4_MiB, hbm), 4_MiB);
  kv::range spilled{on.api(), pages(8), on.plan(4), managed{} | spill{device{}, {.budget = 64_MiB}}};
  kv::range hbm_alone{on.api(), pages(8), on.plan(8)};  // which needs no handles of the host
  BOOST_CHECK_EQUAL(hbm_alone.text(), "mapped memory");
  kv::range by_choice{on.api(), pages(8), {.fast = 4, .how = {.device = 1}, .mapped = false}, managed_pool{}};
  BOOST_CHECK_EQUAL(by_choice.text(), "managed_pool{.at = device}");
  const caught<range_full> full{[&] {
    kv::range{on.api(), pages(64), on.plan(4), managed{} | limit{32_MiB}};
  }};
  BOOST_CHECK_MESSAGE(full.says("taking 64 MiB from managed | limit{.bytes = 32MiB}"), full.text);
}

BOOST_AUTO_TEST_CASE(a_call_that_fails_loses_nothing_with_handles_or_a_recipe) {
  for (const bool mapped : {true, false}) {
    for (std::size_t nth = 1; nth < 40; ++nth) {
      world on;
      on.machine().fail_nth(nth, errc::not_permitted);
      const caught<cuda_error> error{[&] {
        kv::range{on.api(), pages(8), {.fast = 4, .how = {.device = 1, .piece = 2_MiB}, .mapped = mapped}};
      }};
      if (error.code != errc::success) BOOST_CHECK(error.code == errc::not_permitted);
      BOOST_CHECK_EQUAL(on.live_blocks(), 0U);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(a_forked_child_leaves_it_to_its_parent, world) {
  auto mapped = std::make_unique<kv::range<sim::api>>(api(), pages(8), plan(4));
  auto of_recipe = std::make_unique<kv::range<sim::api>>(
      api(), pages(8), kv::range_plan{.fast = 4, .how = {.device = 1}, .mapped = false});
  const pid_t child = fork();
  if (child == 0) {
    const bool refused = caught<bad_request>{[&] { mapped->wait(); }}.says("make one after the fork") &&
                         caught<bad_request>{[&] { of_recipe->wait(); }}.says("make one after the fork");
    mapped.reset();
    of_recipe.reset();
    _exit(refused ? 0 : 1);
  }
  int ended = -1;
  BOOST_REQUIRE_EQUAL(waitpid(child, &ended, 0), child);
  BOOST_CHECK_EQUAL(ended, 0);
}

BOOST_AUTO_TEST_SUITE_END()
