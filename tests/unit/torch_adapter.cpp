#include <boost/test/unit_test.hpp>
#include <cmm/torch/adapter.hpp>
#include <cmm/torch/on_sim.hpp>
#include <filesystem>
#include <string>

#include "support/laws.hpp"
#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(torch_adapter)

namespace {

using namespace cmm;
using namespace cmm::literals;

CUstream_st* native(stream s) { return static_cast<CUstream_st*>(s.native()); }

/// A library's allocator on a simulated machine.
template <class Recipe>
struct adapted {
  explicit adapted(const Recipe& recipe, const torch::environment& from = {})
      : library{torch::on_sim{machine}, recipe, from} {}

  sim::machine machine{tests::small_h200};
  torch::adapter<torch::on_sim, Recipe> library;
  CUstream_st* s = native(machine.create_stream());

  void* take(std::size_t bytes) { return library.allocate(bytes, 0, s); }
  void prefetch(void* data, std::size_t bytes, location where) {
    library.prefetch({&data, &bytes, 1}, where, 0, s);
  }
  void discard(void* data, std::size_t bytes) { library.discard({&data, &bytes, 1}, location::none(), 0, s); }
  void give(void* data, std::size_t bytes) { library.free(data, bytes, 0, s); }
  cmm_torch_usage used() { return library.usage(0); }
};
template <class Recipe, class... From>
adapted(const Recipe&, From...) -> adapted<Recipe>;

constexpr auto swap_recipe = managed{} | threshold_prefetch{} | limit{32_MiB} | pool{};

}  // namespace

BOOST_AUTO_TEST_CASE(nothing_is_called_before_the_first_request) {
  adapted world{swap_recipe};
  const std::size_t before = world.machine.calls();
  world.library.empty_cache();
  world.library.reset_peaks();
  BOOST_CHECK_EQUAL(world.used().live_bytes, 0U);
  BOOST_CHECK_EQUAL(std::string{world.library.description().platform},
                    std::string{"sim:"} + world.machine.profile().name);
  BOOST_CHECK_EQUAL(world.machine.calls(), before);
}

BOOST_AUTO_TEST_CASE(statistics_count_tensors_and_what_the_pool_took) {
  adapted world{swap_recipe};
  void* const a = world.take(1000);
  void* const b = world.take(3_MiB);
  BOOST_CHECK_EQUAL(world.used().live_bytes, 3_MiB + 1000);
  BOOST_CHECK_EQUAL(world.used().live_blocks, 2U);
  world.give(b, 3_MiB);
  BOOST_CHECK_EQUAL(world.used().live_bytes, 1000U);
  BOOST_CHECK_EQUAL(world.used().peak_bytes, 3_MiB + 1000);
  BOOST_CHECK_EQUAL(world.used().total_bytes, 3_MiB + 1000);
  BOOST_CHECK_EQUAL(world.used().reserved_bytes, 20_MiB);
  BOOST_CHECK_EQUAL(world.used().limit_bytes, 32_MiB);
  BOOST_CHECK_EQUAL(world.used().limit_used_bytes, 20_MiB);
  world.give(a, 1000);
  world.library.empty_cache();
  BOOST_CHECK_EQUAL(world.used().reserved_bytes, 0U);
  BOOST_CHECK_EQUAL(world.used().peak_reserved_bytes, 20_MiB);
  world.library.reset_peaks();
  BOOST_CHECK_EQUAL(world.used().peak_reserved_bytes, 0U);
  BOOST_CHECK_EQUAL(world.used().peak_blocks, 0U);
}

BOOST_AUTO_TEST_CASE(zero_bytes_are_null_and_absurd_sizes_are_refused) {
  adapted world{swap_recipe};
  BOOST_CHECK(world.take(0) == nullptr);
  world.give(nullptr, 0);
  const tests::caught<bad_request> negative{[&] { world.take(static_cast<std::size_t>(-5)); }};
  BOOST_CHECK_MESSAGE(negative.says("more than half the address space"), negative.text);
  BOOST_CHECK(world.take(std::size_t{1} << 50) == nullptr);
  const tests::caught<cuda_error> nowhere{[&] { world.library.allocate(4096, 7, world.s); }};
  BOOST_CHECK_MESSAGE(nowhere.says("there is no such device"), nowhere.text);
  BOOST_CHECK_EQUAL(world.used().live_blocks, 0U);
}

BOOST_AUTO_TEST_CASE(running_out_is_null_and_says_what_to_do) {
  adapted world{swap_recipe};
  void* const most = world.take(30_MiB);
  BOOST_CHECK(world.take(4_MiB) == nullptr);
  const std::string why = world.library.exhausted(4_MiB, 0);
  BOOST_CHECK_MESSAGE(why.starts_with("CUDA out of memory. cmm could not serve 4 MiB on device 0: 30 MiB are "
                                      "live there"),
                      why);
  BOOST_CHECK_MESSAGE(why.find("raise the limit by CMM_LIMIT") != std::string::npos, why);
  world.give(most, 30_MiB);
  BOOST_CHECK(world.take(4_MiB) != nullptr);
}

BOOST_AUTO_TEST_CASE(a_memory_fraction_becomes_the_budget) {
  adapted world{managed{} | pool{}};
  std::size_t free = 0;
  std::size_t total = 0;
  BOOST_REQUIRE(sim::api{world.machine}.memory_info(location::device(0), free, total).ok());
  world.library.set_memory_fraction(0.25, 0);
  void* const a = world.take(2_MiB);
  BOOST_CHECK_EQUAL(world.used().limit_bytes, total / 4);
  BOOST_CHECK_THROW(world.library.set_memory_fraction(1.5, 0), bad_request);
  BOOST_CHECK_THROW(world.library.set_memory_fraction(0.5, 3), bad_request);
  world.library.set_memory_fraction(0, 0);
  BOOST_CHECK(world.take(2_MiB) == nullptr);
  world.give(a, 2_MiB);
}

BOOST_AUTO_TEST_CASE(a_memory_fraction_of_one_device_leaves_the_others_their_own) {
  sim::machine machine{tests::two_h200};
  torch::adapter library{torch::on_sim{machine}, managed{} | pool{}, torch::environment{}};
  CUstream_st* const streams[] = {native(machine.create_stream(0)), native(machine.create_stream(1))};
  for (const int small : {1, 0}) {
    const int other = 1 - small;
    library.set_memory_fraction(0.125, small);
    library.set_memory_fraction(0.5, other);
    void* const most = library.allocate(100_MiB, small, streams[small]);
    BOOST_CHECK(most != nullptr);
    BOOST_CHECK(library.allocate(100_MiB, small, streams[small]) == nullptr);
    BOOST_CHECK_EQUAL(library.usage(small).limit_bytes, 128_MiB);
    BOOST_CHECK_EQUAL(library.usage(small).limit_used_bytes, 100_MiB);
    void* const theirs = library.allocate(400_MiB, other, streams[other]);
    BOOST_CHECK(theirs != nullptr);
    BOOST_CHECK_EQUAL(library.usage(other).limit_bytes, 512_MiB);
    library.free(theirs, 400_MiB, other, streams[other]);
    library.free(most, 100_MiB, small, streams[small]);
    library.empty_cache();
  }
  BOOST_CHECK_EQUAL(library.usage(0).limit_used_bytes, 0U);
}

BOOST_AUTO_TEST_CASE(the_memory_of_a_graph_comes_back_when_its_pool_is_released) {
  adapted world{swap_recipe};
  const cmm_torch_mempool_id id{0, 1};
  const auto every_stream = [](CUstream_st*) { return true; };
  const auto capture = [&] {
    world.library.begin_pool(0, id, every_stream);
    BOOST_REQUIRE(world.machine.begin_capture(stream{world.s}).ok());
    world.give(world.take(2_MiB), 2_MiB);
    BOOST_REQUIRE(world.machine.end_capture(stream{world.s}).ok());
    world.library.end_pool(0, id);
  };
  capture();
  capture();  // a second graph in the same pool
  BOOST_CHECK_EQUAL(world.used().parked_bytes, 4_MiB);
  world.library.release_pool(0, id);
  BOOST_CHECK_EQUAL(world.used().parked_bytes, 4_MiB);
  world.library.release_pool(0, id);
  BOOST_CHECK_EQUAL(world.used().parked_bytes, 0U);
  BOOST_CHECK_EQUAL(world.used().cached_bytes, 4_MiB);
}

BOOST_AUTO_TEST_CASE(a_graph_released_during_a_capture_waits_for_its_end) {
  adapted world{swap_recipe};
  const auto every_stream = [](CUstream_st*) { return true; };
  world.library.begin_pool(0, {0, 1}, every_stream);
  BOOST_REQUIRE(world.machine.begin_capture(stream{world.s}).ok());
  world.give(world.take(2_MiB), 2_MiB);
  BOOST_REQUIRE(world.machine.end_capture(stream{world.s}).ok());
  world.library.end_pool(0, {0, 1});

  world.library.begin_pool(0, {0, 2}, every_stream);
  BOOST_REQUIRE(world.machine.begin_capture(stream{world.s}).ok());
  world.library.release_pool(0, {0, 1});
  BOOST_REQUIRE(world.machine.end_capture(stream{world.s}).ok());
  BOOST_CHECK_EQUAL(world.machine.invalidated_captures(), 0U);
  BOOST_CHECK_EQUAL(world.used().parked_bytes, 2_MiB);
  world.library.end_pool(0, {0, 2});
  world.library.empty_cache();
  BOOST_CHECK_EQUAL(world.used().parked_bytes, 0U);
}

BOOST_AUTO_TEST_CASE(another_pools_graphs_keep_their_memory) {
  adapted world{swap_recipe};
  for (const unsigned long long each : {1ULL, 2ULL}) {
    world.library.begin_pool(0, {0, each}, [](CUstream_st*) { return true; });
    BOOST_REQUIRE(world.machine.begin_capture(stream{world.s}).ok());
    world.give(world.take(2_MiB), 2_MiB);
    BOOST_REQUIRE(world.machine.end_capture(stream{world.s}).ok());
    world.library.end_pool(0, {0, each});
  }
  world.library.release_pool(0, {0, 1});
  BOOST_CHECK_EQUAL(world.used().parked_bytes, 2_MiB);
}

BOOST_AUTO_TEST_CASE(residency_prefetch_advice_and_discard_do_as_they_say) {
  adapted world{managed{} | pool{}};
  void* const data = world.take(4_MiB);
  world.prefetch(data, 4_MiB, location::device());
  const std::vector<residence> resident{{location::device(0), 4_MiB}};
  BOOST_CHECK(world.library.residency(data, 4_MiB, 0) == resident);
  world.prefetch(data, 2_MiB, location::host());
  BOOST_CHECK_EQUAL(world.library.residency(data, 4_MiB, 0).size(), 2U);
  world.discard(data, 4_MiB);
  BOOST_CHECK_EQUAL(world.machine.resident(data, 4_MiB, location::none()), 4_MiB);

  world.library.advise(data, 4_MiB, advice::preferred_location, true, location::host(), 0);
  BOOST_REQUIRE(world.machine.gpu_touch(data, 4_MiB, sim::access::write).ok());
  BOOST_CHECK_EQUAL(world.machine.resident(data, 4_MiB, location::host_numa(0)), 4_MiB);
  world.library.advise(data, 4_MiB, advice::preferred_location, false, location::host(), 0);
  BOOST_REQUIRE(world.machine.gpu_touch(data, 4_MiB, sim::access::write).ok());
  BOOST_CHECK_EQUAL(world.machine.resident(data, 4_MiB, location::device(0)), 4_MiB);
  world.give(data, 4_MiB);
}

BOOST_AUTO_TEST_CASE(many_tensors_move_or_are_dropped_in_one_call) {
  adapted world{managed{} | pool{}};
  void* const tensors[] = {world.take(4_MiB), world.take(2_MiB)};
  const std::size_t bytes[] = {4_MiB, 2_MiB};
  const torch::ranges both{tensors, bytes, 2};
  const auto on = [&](location where) { return world.machine.live_bytes(where); };
  world.library.prefetch(both, location::device(), 0, world.s);
  BOOST_CHECK_EQUAL(on(location::device(0)), 6_MiB);
  world.library.discard(both, location::none(), 0, world.s);
  BOOST_CHECK_EQUAL(on(location::device(0)), 0U);
  world.library.discard(both, location::host(), 0, world.s);
  BOOST_CHECK_EQUAL(on(location::host()), 6_MiB);
  for (const char* call :
       {"cudaMemPrefetchBatchAsync", "cudaMemDiscardBatchAsync", "cudaMemDiscardAndPrefetchBatchAsync"}) {
    BOOST_CHECK_EQUAL(world.machine.calls(call), 1U);
  }
  world.library.prefetch({}, location::device(), 0, world.s);
  for (const int which : {0, 1}) world.give(tensors[which], bytes[which]);
}

BOOST_AUTO_TEST_CASE(a_hint_that_a_capture_cannot_take_is_skipped_and_counted_or_in_strict_mode_an_error) {
  for (const bool strict : {false, true}) {
    torch::environment from;
    from.strict = strict;
    adapted world{managed{} | advise_only{} | pool{}, from};
    void* const data = world.take(4_MiB);
    BOOST_REQUIRE(world.machine.begin_capture(world.s).ok());
    const auto hint = [&] {
      world.prefetch(data, 4_MiB, location::host());
      world.discard(data, 4_MiB);
    };
    if (strict) {
      BOOST_CHECK_THROW(hint(), cuda_error);
    } else {
      hint();
    }
    BOOST_CHECK(world.machine.end_capture(world.s).ok());
    BOOST_CHECK_EQUAL(world.used().skipped_hints, strict ? 0U : 2U);
    world.give(data, 4_MiB);
  }
}

BOOST_AUTO_TEST_CASE(memory_that_cannot_migrate_is_not_advised_on) {
  adapted world{device{} | pool{}};
  void* const data = world.take(2_MiB);
  const tests::caught<bad_request> error{[&] { world.prefetch(data, 2_MiB, location::host()); }};
  BOOST_CHECK_MESSAGE(error.says("it must be managed"), error.text);
  const std::vector<residence> fixed{{location::device(0), 2_MiB}};
  BOOST_CHECK(world.library.residency(data, 2_MiB, 0) == fixed);
}

BOOST_AUTO_TEST_CASE(a_recorded_stream_keeps_a_tensor_from_reuse) {
  adapted world{swap_recipe};
  const stream other = world.machine.create_stream();
  void* const data = world.take(2_MiB);
  world.library.record_stream(data, native(other));
  BOOST_REQUIRE(world.machine.gpu_compute(1e6, other).ok());
  world.give(data, 2_MiB);
  BOOST_CHECK_EQUAL(world.used().live_bytes, 0U);
  BOOST_CHECK_NE(world.take(2_MiB), data);
  world.library.empty_cache();
  BOOST_CHECK_EQUAL(world.take(2_MiB) == nullptr, false);
}

BOOST_AUTO_TEST_CASE(a_trace_is_written_where_the_environment_says) {
  const auto folder = std::filesystem::temp_directory_path() / "cmm_torch_trace";
  std::filesystem::create_directories(folder);
  torch::environment from;
  from.trace = (folder / "trace.%p").string();
  adapted world{swap_recipe, from};
  world.give(world.take(4096), 4096);
  world.library.save_trace();
  const auto path = folder / ("trace." + std::to_string(::getpid()));
  const auto log = load_trace(path);
  BOOST_REQUIRE_EQUAL(log.size(), 2U);
  BOOST_CHECK_EQUAL(log[0].bytes, 4096U);
  BOOST_CHECK_EQUAL(log[1].bytes, 0U);
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_CASE(an_api_failure_is_no_exhaustion) {
  adapted world{swap_recipe};
  world.machine.fail_nth("cudaMallocManaged", 1, errc::not_supported);
  BOOST_CHECK_THROW(world.take(4096), cuda_error);
  BOOST_CHECK(world.take(4096) != nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
