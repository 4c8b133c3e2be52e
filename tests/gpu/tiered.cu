#include <cmm/core/live_hints.hpp>
#include <cmm/kv/range.hpp>
#include <cstring>
#include <string>

#include "tiered_world.cuh"

BOOST_AUTO_TEST_SUITE(gpu_tiered)

BOOST_FIXTURE_TEST_CASE(kernels_and_copies_use_both_memories_and_the_seam, world) {
  if (skipped()) return;
  const auto range = made({});
  BOOST_CHECK_EQUAL(range->granularity(), 2_MiB);
  write(range->data(), 2 * half, 17);
  BOOST_CHECK_EQUAL(wrong_words(range->data(), 2 * half, 0, 17), 0U);
  BOOST_CHECK_NE(wrong_words(range->data(), 2 * half, 0, 18), 0U);  // the check can fail

  std::byte* const across = range->data() + half / 2;
  copy(buffer, across, half);
  BOOST_CHECK_EQUAL(wrong_words(buffer, half, half / 2, 17), 0U);
  write(buffer, half, 23);
  copy(across, buffer, half);
  BOOST_CHECK_EQUAL(wrong_words(across, half, 0, 23), 0U);
  BOOST_CHECK_EQUAL(wrong_words(range->data(), half / 2, 0, 17), 0U);  // what lies before is as it was

  std::vector<std::byte> seen(64_MiB);
  copy(seen.data(), range->data() + half, seen.size());
  BOOST_CHECK_EQUAL(std::memcmp(seen.data(), range->data() + half, seen.size()), 0);  // by the CPU
  std::memset(range->data() + half, 0, 4_MiB);
  BOOST_CHECK_NE(wrong_words(range->data() + half, 4_MiB, half / 2, 23), 0U);

  cudaPointerAttributes near{};
  cudaPointerAttributes far{};
  require(cudaPointerGetAttributes(&near, range->data() + half - 1));
  require(cudaPointerGetAttributes(&far, range->data() + half));
  BOOST_CHECK_EQUAL(near.type, cudaMemoryTypeDevice);
  BOOST_CHECK_EQUAL(near.device, home);
  BOOST_CHECK_EQUAL(far.type, cudaMemoryTypeHost);
}

BOOST_FIXTURE_TEST_CASE(a_graph_captured_over_both_memories_replays, world) {
  if (skipped()) return;
  const auto range = made({});
  const auto here = api.enter(home);
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t ready = nullptr;
  require(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  write(range->data(), 2 * half, 5);
  require(cudaStreamEndCapture(stream, &graph));
  require(cudaGraphInstantiate(&ready, graph, 0));
  require(cudaGraphLaunch(ready, stream));
  BOOST_CHECK_EQUAL(wrong_words(range->data(), 2 * half, 0, 5), 0U);
  require(cudaGraphExecDestroy(ready));
  require(cudaGraphDestroy(graph));
}

BOOST_FIXTURE_TEST_CASE(host_memory_grows_in_the_background_and_serves_as_it_comes, world) {
  if (skipped()) return;
  const auto range = made({.background = true, .piece = 64_MiB});
  BOOST_CHECK_GE(range->ready(), half);
  write(range->data(), half, 3);
  range->wait_for(half + 64_MiB);
  write(range->data(), half + 64_MiB, 3);
  BOOST_CHECK_EQUAL(wrong_words(range->data(), half + 64_MiB, 0, 3), 0U);
  range->wait();
  BOOST_CHECK_EQUAL(range->ready(), 2 * half);
  write(range->data(), 2 * half, 4);
  BOOST_CHECK_EQUAL(wrong_words(range->data(), 2 * half, 0, 4), 0U);
  made({.background = true, .piece = 64_MiB});  // which ends in the middle
}

BOOST_FIXTURE_TEST_CASE(an_exported_part_is_imported_with_what_it_holds, world) {
  if (skipped()) return;
  int offered = 0;
  BOOST_REQUIRE(api.attribute(home, attribute::shareable_memory, offered).ok());
  if (offered == 0) {
    BOOST_CHECK_THROW(made({.shareable = true}), cuda_error);
    return;
  }
  const auto range = made({.shareable = true, .piece = half});
  write(range->data(), 2 * half, 9);
  const auto parts = range->share();
  BOOST_REQUIRE_EQUAL(parts.size(), 2U);
  const auto here = api.enter(home);
  const location places[] = {location::device(home)};
  for (const shared_memory& part : parts) {
    memory_handle again;
    void* base = nullptr;
    BOOST_REQUIRE(api.import_memory(again, part.descriptor()).ok());
    BOOST_REQUIRE(api.reserve(base, part.bytes).ok());
    BOOST_REQUIRE(api.map(base, part.bytes, again).ok());
    BOOST_REQUIRE(api.set_access(base, part.bytes, places, 1).ok());
    BOOST_CHECK_EQUAL(wrong_words(base, part.bytes, part.offset, 9), 0U);
    BOOST_CHECK(api.unmap(base, part.bytes).ok());
    BOOST_CHECK(api.release_memory(again).ok());
    BOOST_CHECK(api.free_reserved(base, part.bytes).ok());
  }
}

BOOST_FIXTURE_TEST_CASE(a_memory_that_runs_out_in_the_middle_is_named_and_the_rest_goes_back, world) {
  if (skipped()) return;
  std::size_t free = 0;
  std::size_t total = 0;
  BOOST_REQUIRE(api.memory_info(location::device(home), free, total).ok());
  const std::size_t too_much = (total / 2_MiB + 512) * 2_MiB;
  const std::vector<memory_area> more{{0, 64_MiB, location::device()},
                                      {64_MiB, 64_MiB, location::nearest_numa()},
                                      {128_MiB, too_much, location::device()}};
  for (const bool background : {false, true}) {
    try {
      tiered_range<cuda::api> range{
          api, more, {.device = home, .background = background, .piece = (total / 2_MiB + 1024) * 2_MiB}};
      range.wait();
      BOOST_ERROR("a range larger than the GPU's memory was made");
    } catch (const range_full& full) {
      const std::string text = full.what();
      BOOST_CHECK_MESSAGE(text.find("cuMemCreate failed while making a range of") == 0, text);
      BOOST_CHECK_MESSAGE(text.find("holds 64 MiB so far") != std::string::npos, text);
      BOOST_CHECK(full.where() == location::device(home));
      BOOST_CHECK_GT(full.fits(), 64_MiB);
      BOOST_CHECK_LT(full.fits(), total);
    }
    BOOST_CHECK_GE(free_hbm() + 32_MiB, free);
  }
}

BOOST_FIXTURE_TEST_CASE(pages_of_a_kv_range_lie_where_the_plan_says_with_handles_and_with_a_recipe, world) {
  const kv::layout pages{{{0, 1_MiB, 1_MiB}}, 256};
  for (const bool mapped : {true, false}) {
    kv::range<cuda::api> range{api, pages, {.fast = 64, .how = {.device = home}, .mapped = mapped}};
    write(range.data(), range.bytes(), 31);
    BOOST_CHECK_EQUAL(wrong_words(range.data(), range.bytes(), 0, 31), 0U);
    BOOST_CHECK_EQUAL(range.text(), mapped && usable ? "mapped memory" : "managed");
    if (!mapped || !usable) continue;
    cudaPointerAttributes first_beyond{};
    require(cudaPointerGetAttributes(&first_beyond, range.data() + 64_MiB));
    BOOST_CHECK_EQUAL(first_beyond.type, cudaMemoryTypeHost);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(gpu_live_blocks)

/// Where the driver says that it sent the range last.
cudaMemLocationType sent_to(const block& b) {
  cudaMemLocationType kind = cudaMemLocationTypeInvalid;
  require(cudaMemRangeGetAttribute(&kind, sizeof kind, cudaMemRangeAttributeLastPrefetchLocationType, b.data,
                                   b.bytes));
  return kind;
}

BOOST_FIXTURE_TEST_CASE(blocks_in_use_are_moved_and_dropped_singly_and_in_batches, world) {
  auto memory = build(managed{}, api);
  live_hints hints{memory, true};
  std::vector<block> blocks;
  for (int i = 0; i < 3; ++i)
    blocks.push_back(memory.allocate({.bytes = 8_MiB, .stream = stream, .device = home}));
  for (const block& each : blocks) write(each.data, each.bytes, 11);

  BOOST_CHECK(hints.prefetch(blocks, location::host(), stream));
  for (const block& each : blocks) BOOST_CHECK_EQUAL(sent_to(each), cudaMemLocationTypeHost);
  BOOST_CHECK(hints.prefetch(blocks, location::device(), stream));
  for (const block& each : blocks) {
    BOOST_CHECK_EQUAL(sent_to(each), cudaMemLocationTypeDevice);
    BOOST_CHECK_EQUAL(wrong_words(each.data, each.bytes, 0, 11), 0U);
  }
  BOOST_CHECK(hints.advise(blocks[0], advice::preferred_location, location::host()));
  BOOST_CHECK(hints.withdraw(blocks[0], advice::preferred_location));
  BOOST_CHECK(hints.advise(blocks[0], advice::read_mostly));
  BOOST_CHECK(hints.withdraw(blocks[0], advice::read_mostly));
  BOOST_CHECK(hints.discard(blocks, stream));
  BOOST_CHECK(hints.discard_and_prefetch(blocks, location::device(), stream));
  BOOST_CHECK(hints.prefetch(blocks, location::host(), cmm::stream::legacy()));
  BOOST_CHECK_THROW(hints.discard(blocks, cmm::stream::legacy()), bad_request);
  BOOST_CHECK_EQUAL(hints.skipped_hints(), 0U);
  for (const block& each : blocks) memory.deallocate(each, stream);
}

BOOST_FIXTURE_TEST_CASE(a_capture_stays_whole_when_blocks_in_use_are_hinted_at, world) {
  auto memory = build(managed{}, api);
  live_hints hints{memory};
  const block b = memory.allocate({.bytes = 8_MiB, .stream = stream, .device = home});
  const auto here = api.enter(home);
  cudaGraph_t graph = nullptr;
  require(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  BOOST_CHECK(!hints.prefetch(b, location::device(), stream));
  BOOST_CHECK(!hints.prefetch(std::span{&b, 1}, location::device(), stream));
  BOOST_CHECK(!hints.discard(b, stream));
  BOOST_CHECK(!hints.discard_and_prefetch(std::span{&b, 1}, location::device(), stream));
  BOOST_CHECK_EQUAL(hints.skipped_hints(), 4U);
  require(cudaStreamEndCapture(stream, &graph));
  require(cudaGraphDestroy(graph));
  memory.deallocate(b, stream);
}

BOOST_AUTO_TEST_SUITE_END()
