#include "support/stream_laws.hpp"

#include "world.hpp"

namespace gpu_contract {

using tests::over;
using gpu = tests::cuda_world;
using namespace cmm::literals;

namespace {

/// Every configuration that this GPU can serve.
const std::vector<tests::configuration<gpu>>& real() {
  static const auto all = [] {
    auto found = tests::all_configurations<gpu>();
    int pageable = 0;
    BOOST_REQUIRE(
        cmm::cuda::api::attribute(gpu::home(), cmm::attribute::pageable_memory_access, pageable).ok());
    if (pageable == 0) std::erase_if(found, [](const auto& each) { return each.has.needs_pageable; });
    int handles = 0;
    BOOST_REQUIRE(cmm::cuda::api::attribute(gpu::home(), cmm::attribute::mapped_host_memory, handles).ok());
    if (handles == 0) std::erase_if(found, [](const auto& each) { return each.name.starts_with("tiered"); });
    int egm = 0;
    BOOST_REQUIRE(cmm::cuda::api::attribute(gpu::home(), cmm::attribute::egm, egm).ok());
    for (auto& each : found) {  // without EGM, egm_numa falls back on managed memory, which serves captures
      if (egm == 0 && each.name.find("egm_numa") != std::string::npos) each.has.captures = true;
    }
    return found;
  }();
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gpu_contract_fork)

// First, while no other law has left threads of the driver behind.
BOOST_AUTO_TEST_CASE(a_forked_child_gets_a_clear_error_and_frees_nothing) {
  tests::a_forked_child_gets_a_clear_error_and_frees_nothing<gpu>(real());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(gpu_contract_blocks)

BOOST_AUTO_TEST_CASE(blocks_do_not_overlap) { over(real(), tests::blocks_do_not_overlap<gpu>); }
BOOST_AUTO_TEST_CASE(blocks_are_aligned) { over(real(), tests::blocks_are_aligned<gpu>); }
BOOST_AUTO_TEST_CASE(blocks_hold_what_is_written) { over(real(), tests::blocks_hold_what_is_written<gpu>); }
BOOST_AUTO_TEST_CASE(an_empty_block_is_ignored_when_freed) {
  over(real(), tests::an_empty_block_is_ignored_when_freed<gpu>);
}
BOOST_AUTO_TEST_CASE(exhaustion_is_an_empty_block_and_frees_end_it) {
  over(real(), tests::exhaustion_is_an_empty_block_and_frees_end_it<gpu>);
}
BOOST_AUTO_TEST_CASE(frees_of_one_stream_end_the_exhaustion_of_another) {
  over(real(), tests::frees_of_one_stream_end_the_exhaustion_of_another<gpu>);
}
BOOST_AUTO_TEST_CASE(a_budget_is_exact) { over(real(), tests::a_budget_is_exact<gpu>); }
BOOST_AUTO_TEST_CASE(counts_are_those_of_the_caller) {
  over(real(), tests::counts_are_those_of_the_caller<gpu>);
}
BOOST_AUTO_TEST_CASE(a_bad_request_is_refused_in_a_sentence_and_changes_nothing) {
  over(real(), tests::a_bad_request_is_refused_in_a_sentence_and_changes_nothing<gpu>);
}
BOOST_AUTO_TEST_CASE(an_unknown_device_is_an_error_that_names_the_call) {
  over(real(), tests::an_unknown_device_is_an_error_that_names_the_call<gpu>);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(gpu_contract_streams)

BOOST_AUTO_TEST_CASE(a_block_is_reused_on_its_own_stream) {
  over(real(), tests::a_block_is_reused_on_its_own_stream<gpu>);
}
BOOST_AUTO_TEST_CASE(devices_are_kept_apart) { over(real(), tests::devices_are_kept_apart<gpu>); }
BOOST_AUTO_TEST_CASE(threads_share_an_allocator) { over(real(), tests::threads_share_an_allocator<gpu>); }
BOOST_AUTO_TEST_CASE(a_capture_stays_whole_and_nothing_waits) {
  over(real(), tests::a_capture_stays_whole_and_nothing_waits<gpu>);
}
BOOST_AUTO_TEST_CASE(what_a_capture_touched_serves_nobody_else) {
  over(real(), tests::what_a_capture_touched_serves_nobody_else<gpu>);
}
BOOST_AUTO_TEST_CASE(blocks_of_captures_serve_again_once_they_are_forgotten) {
  over(real(), tests::blocks_of_captures_serve_again_once_they_are_forgotten<gpu>);
}
BOOST_AUTO_TEST_CASE(a_captured_stream_is_refused_and_stays_whole) {
  over(real(), tests::a_captured_stream_is_refused_and_stays_whole<gpu>);
}
BOOST_AUTO_TEST_CASE(a_strict_hint_under_capture_is_an_error) {
  over(real(), tests::a_strict_hint_under_capture_is_an_error<gpu>);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(gpu_contract_residency)

/// What a policy promised is where the driver says the pages went last.
BOOST_AUTO_TEST_CASE(a_prefetched_block_is_on_the_gpu) {
  gpu here{tests::small_h200};
  auto memory = (cmm::managed{} | cmm::threshold_prefetch{}).build(here.api());
  const cmm::stream s = here.create_stream();
  const cmm::block b = memory.allocate({.bytes = 8_MiB, .stream = s, .device = gpu::home()});
  here.finish(s);
  cudaMemLocationType kind = cudaMemLocationTypeInvalid;
  BOOST_REQUIRE_EQUAL(cudaMemRangeGetAttribute(
                          &kind, sizeof kind, cudaMemRangeAttributeLastPrefetchLocationType, b.data, b.bytes),
                      cudaSuccess);
  BOOST_CHECK_EQUAL(kind, cudaMemLocationTypeDevice);
  int device = -1;
  BOOST_REQUIRE_EQUAL(cudaMemRangeGetAttribute(&device, sizeof device,
                                               cudaMemRangeAttributeLastPrefetchLocationId, b.data, b.bytes),
                      cudaSuccess);
  BOOST_CHECK_EQUAL(device, gpu::home());
  cudaMemLocationType preferred = cudaMemLocationTypeInvalid;
  BOOST_REQUIRE_EQUAL(cudaMemRangeGetAttribute(&preferred, sizeof preferred,
                                               cudaMemRangeAttributePreferredLocationType, b.data, b.bytes),
                      cudaSuccess);
  BOOST_CHECK_EQUAL(preferred, cudaMemLocationTypeDevice);
  memory.deallocate(b, s);
}

BOOST_AUTO_TEST_CASE(managed_memory_beyond_the_budget_is_refused_before_the_driver_sees_it) {
  gpu here{tests::small_h200};
  auto memory = cmm::build(cmm::managed{}, here.api());
  BOOST_CHECK(!memory.allocate(257_MiB));
  BOOST_CHECK_EQUAL(here.live_blocks(), 0U);
}

BOOST_AUTO_TEST_CASE(a_hint_at_an_absent_numa_node_is_skipped_or_in_strict_mode_an_error) {
  gpu here{tests::small_h200};
  const cmm::prefer nowhere{cmm::location::host_numa(63)};
  auto lenient = (cmm::managed{} | nowhere).build(here.api());
  const cmm::block b = lenient.allocate(1_MiB);
  BOOST_CHECK(b);
  BOOST_CHECK_EQUAL(lenient.skipped_hints(), 1U);
  lenient.deallocate(b);
  auto severe = (cmm::managed{} | cmm::strict{} | nowhere).build(here.api());
  const tests::caught<cmm::cuda_error> error{[&] { static_cast<void>(severe.allocate(1_MiB)); }};
  BOOST_CHECK_MESSAGE(error.says("prefer at host_numa:63, which this machine does not have"), error.text);
  BOOST_CHECK_EQUAL(here.live_blocks(), 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace gpu_contract
