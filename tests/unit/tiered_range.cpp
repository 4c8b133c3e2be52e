#include <sys/wait.h>
#include <unistd.h>
#include <cmm/source/imported_range.hpp>
#include <cmm/source/tiered_range.hpp>

#include <boost/test/unit_test.hpp>
#include <cmm/recipe_text.hpp>
#include <cstring>
#include <filesystem>

#include "support/laws.hpp"

namespace {

using namespace cmm;
using namespace cmm::literals;
using tests::caught;

constexpr location hbm = location::device(1);
constexpr location node = location::host_numa(0);

/// Two GPUs; ranges are for the second while the first is current.
struct world : tests::sim_world {
  world() : sim_world{tests::two_h200} {}
  ~world() { tests::check_all_returned(*this); }

  static std::vector<memory_area> areas(std::size_t near, std::size_t far) {
    return {{0, near, location::device()}, {near, far, location::nearest_numa()}};
  }
  auto made(std::vector<memory_area> plan, range_settings settings = {}) {
    settings.device = home();
    return tiered_range{api(), std::move(plan), std::move(settings)};
  }
  std::string refused(std::vector<memory_area> plan, range_settings settings = {}) {
    const caught<std::exception> error{[&] { made(std::move(plan), std::move(settings)); }};
    BOOST_CHECK_EQUAL(live_blocks(), 0U);
    return error.text;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(tiered_ranges)

BOOST_FIXTURE_TEST_CASE(an_area_may_show_the_memory_of_another, world) {
  tiered_range range = made({{0, 4_MiB, location::device()},
                             {4_MiB, 2_MiB, location::nearest_numa()},
                             {6_MiB, 4_MiB, location::device(), 0},
                             {10_MiB, 2_MiB, location::host()},
                             {12_MiB, 2_MiB, location::host(), 10_MiB}},
                            {.shareable = true, .piece = 2_MiB});
  BOOST_CHECK_EQUAL(machine().live_bytes(hbm), 4_MiB);
  std::memset(range.data(), 1, 14_MiB);
  std::memset(range.data() + 8_MiB, 7, 2_MiB);
  BOOST_CHECK_EQUAL(std::to_integer<int>(range.data()[2_MiB]), 7);
  BOOST_CHECK_EQUAL(std::to_integer<int>(range.data()[2_MiB - 1]), 1);
  range.data()[13_MiB] = std::byte{5};
  BOOST_CHECK_EQUAL(std::to_integer<int>(range.data()[11_MiB]), 5);
  BOOST_CHECK(machine().gpu_touch(range.data(), range.bytes(), sim::access::write, 0, create_stream()).ok());

  imported_range other{api(), range.share(), {.device = home()}};
  other.data()[9_MiB] = std::byte{9};
  BOOST_CHECK_EQUAL(std::to_integer<int>(range.data()[3_MiB]), 9);
}

BOOST_FIXTURE_TEST_CASE(what_is_shown_is_an_area_before_it_as_large_in_the_same_place_with_its_own, world) {
  const memory_area own{0, 4_MiB, location::device()};
  for (const memory_area& alias :
       {memory_area{4_MiB, 2_MiB, location::device(), 0}, memory_area{4_MiB, 4_MiB, location::host(), 0},
        memory_area{4_MiB, 4_MiB, location::device(), 2_MiB},
        memory_area{4_MiB, 4_MiB, location::device(), 4_MiB},
        memory_area{4_MiB, 4_MiB, location::device(), 8_MiB}}) {
    const std::string text = refused({own, alias, {4_MiB + alias.bytes, 4_MiB, location::device()}});
    BOOST_CHECK_MESSAGE(text.find("name an area before it that is as large") != text.npos, text);
  }
  refused({own, {4_MiB, 4_MiB, location::device(), 0}, {8_MiB, 4_MiB, location::device(), 4_MiB}});
  refused({{0, 4_MiB, location::device(), 0}});
}

BOOST_FIXTURE_TEST_CASE(an_alias_that_fails_gives_everything_back_once, world) {
  for (int at = 1; at <= 4; ++at) {
    machine().fail_nth("cuMemMap", at, errc::out_of_memory);
    const std::string text =
        refused({{0, 4_MiB, location::device()}, {4_MiB, 4_MiB, location::device(), 0}}, {.piece = 2_MiB});
    BOOST_CHECK_MESSAGE(
        text.find("to hold 4 MiB and holds " + std::to_string(2 * std::min(at - 1, 2))) != text.npos, text);
  }
}

BOOST_FIXTURE_TEST_CASE(each_area_lies_in_its_memory_and_bytes_run_across_the_seams, world) {
  tiered_range range = made({{0, 4_MiB, location::device()},
                             {4_MiB, 6_MiB, location::nearest_numa()},
                             {10_MiB, 2_MiB, location::device(0)},
                             {12_MiB, 2_MiB, location::host()}},
                            {.also = {0}});
  BOOST_CHECK_EQUAL(range.bytes(), 14_MiB);
  BOOST_CHECK_EQUAL(range.ready(), 14_MiB);
  BOOST_CHECK_EQUAL(range.granularity(), 2_MiB);
  BOOST_CHECK_EQUAL(machine().resident(range.data(), 4_MiB, hbm), 4_MiB);
  BOOST_CHECK_EQUAL(machine().resident(range.data() + 4_MiB, 6_MiB, node), 6_MiB);
  BOOST_CHECK_EQUAL(machine().resident(range.data() + 10_MiB, 2_MiB, location::device(0)), 2_MiB);
  std::memset(range.data(), 3, range.bytes());
  BOOST_CHECK(machine().gpu_touch(range.data(), range.bytes(), sim::access::write, 0, create_stream()).ok());
  BOOST_CHECK(machine().gpu_touch(range.data(), range.bytes(), sim::access::read).ok());  // on GPU 0
  BOOST_CHECK(machine().cpu_touch(range.data() + 4_MiB, 6_MiB, sim::access::read).ok());
  BOOST_CHECK(!machine().cpu_touch(range.data(), 1, sim::access::read).ok());
  range.wait();
}

BOOST_FIXTURE_TEST_CASE(only_its_own_gpu_reaches_it_unless_others_are_named, world) {
  tiered_range range = made(areas(2_MiB, 2_MiB), {.host = false});
  BOOST_CHECK(machine().gpu_touch(range.data(), 4_MiB, sim::access::read, 0, create_stream()).ok());
  BOOST_CHECK(!machine().gpu_touch(range.data() + 2_MiB, 1, sim::access::read).ok());
  BOOST_CHECK(!machine().cpu_touch(range.data() + 2_MiB, 1, sim::access::read).ok());
}

BOOST_FIXTURE_TEST_CASE(wrong_areas_are_refused_in_a_sentence, world) {
  const auto says = [&](const std::string& text, const std::string& part) {
    BOOST_CHECK_MESSAGE(text.find(part) != std::string::npos, text);
  };
  says(refused({}), "no areas was asked for; list at least one");
  says(refused(areas(1_MiB, 2_MiB)), "the area of 1 MiB at 0 in device:1 is no multiple of 2 MiB");
  says(refused({{0, 0, hbm}}), "is no multiple of 2 MiB");
  says(refused({{0, 2_MiB, hbm}, {4_MiB, 2_MiB, node}}),
       "does not begin at 2 MiB, where the one before ends");
  says(refused({{0, 2_MiB, location::none()}}), "in none is in no memory; name a GPU");
  says(refused({{0, 1ULL << 62, hbm}, {1ULL << 62, 1ULL << 62, node}}), "beyond the address space");
  says(refused({{0, 2_MiB, location::host_numa(9)}}), "cuMemGetAllocationGranularity failed");
  says(refused(areas(2_MiB, 2_MiB), {.piece = 3_MiB}), "in pieces of 3 MiB, which is no multiple of 2 MiB");
  says(refused(areas(2_MiB, 2_MiB), {.piece = 0}), "in pieces of 0");
  says(refused(areas(2_MiB, 2_MiB), {.also = {7}}), "cuMemSetAccess failed while making a range of 4 MiB");
}

BOOST_FIXTURE_TEST_CASE(the_memory_that_was_full_is_named_with_what_would_fit, world) {
  tiered_range other = made({{0, 512_MiB, location::nearest_numa()}});
  const auto host_full = caught<cuda_error>{[&] { made(areas(64_MiB, 768_MiB), {.piece = 64_MiB}); }};
  BOOST_CHECK_MESSAGE(
      host_full.says("cuMemCreate failed while making a range of 832 MiB, for which host_numa:0 "
                     "is to hold 768 MiB and holds 512 MiB so far; 0 more are free there, so at "
                     "most 512 MiB would fit (error 2): memory ran out"),
      host_full.text);
  const auto hbm_full = caught<cuda_error>{[&] { made(areas(2_GiB, 2_MiB), {.piece = 768_MiB}); }};
  BOOST_CHECK_MESSAGE(
      hbm_full.says("device:1 is to hold 2 GiB and holds 768 MiB so far; 256 MiB more are free "
                    "there, so at most 1 GiB would fit"),
      hbm_full.text);
  BOOST_CHECK_EQUAL(machine().live_reservations(), 1U);
}

BOOST_FIXTURE_TEST_CASE(what_was_made_may_be_kept_when_a_memory_is_full, world) {
  tiered_range range = made(areas(64_MiB, 2_GiB), {.keep_when_full = true, .piece = 256_MiB});
  BOOST_CHECK_EQUAL(range.ready(), 64_MiB + 1_GiB);
  range.wait_for(range.ready());
  std::memset(range.data() + range.ready() - 1, 1, 1);
  BOOST_CHECK(caught<cuda_error>{[&] { range.wait(); }}.says("at most 1 GiB would fit"));
  BOOST_CHECK_EQUAL(range.ready(), 64_MiB + 1_GiB);
  BOOST_CHECK(caught<bad_request>{[&] { range.wait_for(3_GiB); }}.says("wait for no more than it has"));
}

BOOST_FIXTURE_TEST_CASE(a_kept_range_holds_nothing_of_the_piece_that_failed, world) {
  for (const char* call : {"cuMemMap", "cuMemSetAccess"}) {
    machine().clear_faults();
    machine().fail_nth(call, 3, errc::out_of_memory);
    tiered_range range = made(areas(2_MiB, 8_MiB), {.keep_when_full = true, .piece = 2_MiB});
    BOOST_CHECK_EQUAL(range.ready(), 4_MiB);
    BOOST_CHECK_EQUAL(machine().live_handles(), 2U);
    BOOST_CHECK_EQUAL(machine().live_mappings(), 2U);
  }
}

BOOST_FIXTURE_TEST_CASE(parts_are_exported_in_order_and_show_the_same_bytes, world) {
  {
    tiered_range range = made(areas(2_MiB, 4_MiB), {.shareable = true, .piece = 2_MiB});
    std::strcpy(reinterpret_cast<char*>(range.data() + 4_MiB), "shared");
    const auto parts = range.share();
    BOOST_REQUIRE_EQUAL(parts.size(), 3U);
    BOOST_CHECK(parts[0].where == hbm && parts[1].where == node && parts[1].offset == 2_MiB);
    auto on = api();
    void* base = nullptr;
    memory_handle again;
    BOOST_REQUIRE(on.import_memory(again, parts[2].descriptor()).ok());
    BOOST_REQUIRE(on.reserve(base, 2_MiB).ok() && on.map(base, 2_MiB, again).ok());
    BOOST_CHECK_EQUAL(static_cast<const char*>(base), "shared");
    BOOST_CHECK(on.unmap(base, 2_MiB).ok() && on.release_memory(again).ok());
    BOOST_CHECK(on.free_reserved(base, 2_MiB).ok());
  }
  tiered_range kept = made(areas(2_MiB, 2_MiB));
  BOOST_CHECK(caught<bad_request>{[&] { static_cast<void>(kept.share()); }}.says("set .shareable when"));
}

BOOST_FIXTURE_TEST_CASE(an_export_that_fails_half_way_leaves_no_descriptor_open, world) {
  const auto open_files = [] {
    const std::filesystem::directory_iterator all{"/proc/self/fd"};
    return std::distance(begin(all), end(all));
  };
  tiered_range range = made(areas(2_MiB, 4_MiB), {.shareable = true, .piece = 2_MiB});
  const auto before = open_files();
  machine().fail_nth("cuMemExportToShareableHandle", 3, errc::not_supported);
  const caught<cuda_error> error{[&] { static_cast<void>(range.share()); }};
  BOOST_CHECK_MESSAGE(error.says("cuMemExportToShareableHandle failed while exporting a part"), error.text);
  BOOST_CHECK_EQUAL(open_files(), before);
  const int kept = range.share()[0].release();
  BOOST_CHECK_EQUAL(open_files(), before + 1);
  BOOST_CHECK_EQUAL(::close(kept), 0);
}

BOOST_AUTO_TEST_CASE(where_no_node_is_known_to_be_nearest_the_only_one_is_meant) {
  auto profile = tests::small_h200;
  profile.capabilities[static_cast<std::size_t>(attribute::host_numa_id)] = {-1, "assumed"};
  for (const int nodes : {1, 2}) {
    profile.numa_nodes = nodes;
    sim::machine machine{profile};
    tiered_range range{sim::api{machine}, {{0, 2_MiB, location::nearest_numa()}}};
    BOOST_CHECK(range.areas()[0].where == (nodes == 1 ? node : location::host()));
    auto memory = build(tiered{}, sim::api{machine});
    const block b = memory.allocate(2_MiB);
    BOOST_CHECK_EQUAL(machine.live_bytes(location::host()), 4_MiB);
    memory.deallocate(b);
  }
}

BOOST_AUTO_TEST_CASE(a_driver_without_descriptors_says_so) {
  auto profile = tests::small_h200;
  profile.capabilities[static_cast<std::size_t>(attribute::shareable_memory)] = {0, "assumed"};
  sim::machine machine{profile};
  const caught<cuda_error> error{[&] {
    tiered_range{sim::api{machine}, {{0, 2_MiB, location::device()}}, {.shareable = true}};
  }};
  BOOST_CHECK_MESSAGE(error.says("which this driver does not offer; make it without .shareable"), error.text);
}

/// It may have more of them than there is memory for.
BOOST_FIXTURE_TEST_CASE(a_range_that_no_addresses_are_left_for_has_no_pieces, world) {
  auto on = api();
  cmm::detail::mapped_pieces<decltype(on)> pieces{{{0, 8_MiB, location::device(1)}}, {.piece = 2_MiB}};
  machine().fail_nth("cuMemAddressReserve", 1, errc::out_of_memory);
  BOOST_CHECK(pieces.reserve(on).out_of_memory());
  BOOST_CHECK(pieces.all().empty() && pieces.bytes() == 8_MiB);
  BOOST_CHECK(pieces.reserve(on).ok());
  BOOST_CHECK_EQUAL(pieces.all().size(), 4U);
  BOOST_CHECK(pieces.give_back(on).ok());
}

BOOST_FIXTURE_TEST_CASE(any_call_may_fail_and_nothing_is_lost, world) {
  for (const char* call : {"cudaGetDevice", "cudaSetDevice", "cuMemGetAllocationGranularity",
                           "cuMemAddressReserve", "cuMemCreate", "cuMemMap", "cuMemSetAccess"}) {
    for (std::size_t nth = 1; nth <= 3; ++nth) {
      machine().clear_faults();
      machine().fail_nth(call, nth, errc::not_permitted);
      const caught<cuda_error> error{[&] { made(areas(2_MiB, 8_MiB), {.piece = 2_MiB}); }};
      if (error.code == errc::success) continue;  // it makes this call less often
      BOOST_CHECK_MESSAGE(error.text.find(std::string{call} + " failed while") == 0, error.text);
      BOOST_CHECK_EQUAL(live_blocks(), 0U);
    }
  }
  for (const char* call : {"cuMemUnmap", "cuMemRelease", "cuMemAddressFree", "cudaDeviceSynchronize"}) {
    machine().clear_faults();
    machine().fail_nth(call, 1, errc::not_permitted);
    made(areas(2_MiB, 2_MiB));
    BOOST_CHECK_EQUAL(live_blocks(), 0U);
    machine().fail_nth("cuMemSetAccess", 2, errc::not_permitted);  // the same while a failure is undone
    machine().fail_nth(call, 1, errc::not_permitted);
    BOOST_CHECK_THROW(made(areas(2_MiB, 2_MiB)), cuda_error);
    BOOST_CHECK_EQUAL(live_blocks(), 0U);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(tiered_source)

BOOST_FIXTURE_TEST_CASE(the_first_bytes_of_a_block_are_on_its_device_and_the_rest_on_the_node, world) {
  auto memory = parse_recipe("tiered{.fast = 3MiB, .beyond = host_numa:0} | stats").build_any(api());
  BOOST_CHECK_EQUAL(memory.text(), "tiered{.fast = 3MiB, .beyond = host_numa:0} | stats");
  BOOST_CHECK(!memory.host_accessible());
  const block b = memory.allocate({.bytes = 9_MiB, .device = home()});
  BOOST_CHECK_EQUAL(machine().resident(b.data, 9_MiB, hbm), 4_MiB);
  BOOST_CHECK_EQUAL(machine().resident(b.data, 9_MiB, node), 5_MiB);
  BOOST_CHECK(machine().gpu_touch(b.data, b.bytes, sim::access::write, 0, create_stream()).ok());
  const block small = memory.allocate({.bytes = 5000, .device = home()});
  BOOST_CHECK_EQUAL(machine().resident(small.data, 5000, hbm), 5000U);
  memory.deallocate(small);
  memory.deallocate(b);
}

BOOST_FIXTURE_TEST_CASE(a_full_memory_costs_nothing_of_the_other, world) {
  auto memory = build(tiered{.fast = 64_MiB}, api());
  BOOST_CHECK(!memory.allocate({.bytes = 1_GiB + 128_MiB, .device = home()}));
  BOOST_CHECK_EQUAL(live_blocks(), 0U);
  BOOST_CHECK_EQUAL(machine().live_bytes(hbm) + machine().live_bytes(node), 0U);
}

BOOST_AUTO_TEST_SUITE_END()
