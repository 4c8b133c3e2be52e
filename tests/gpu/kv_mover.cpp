#include <cmm/cuda/page_copier.hpp>
#include <thread>

#include "support/movers/laws.hpp"

BOOST_AUTO_TEST_SUITE(gpu_kv_mover)

using cmm::kv::beside;
using cmm::kv::moved_by;
using kind = cmm::kv::moved_by::mover;

namespace {

void require(cudaError_t code) {
  BOOST_REQUIRE_EQUAL(cudaGetErrorString(code), cudaGetErrorString(cudaSuccess));
}

/// Memory of `cudaMalloc` and `cudaMallocHost`, and a stream.
class gpu_world {
 public:
  using copier_type = cmm::cuda::page_copier;

  explicit gpu_world(cmm::cuda::ring_shape ring = {}) : copier_{0, ring} {
    require(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  }
  ~gpu_world() { static_cast<void>(cudaStreamDestroy(stream_)); }
  gpu_world(const gpu_world&) = delete;
  gpu_world& operator=(const gpu_world&) = delete;

  copier_type& copier() noexcept { return copier_; }
  [[nodiscard]] cudaStream_t stream() const noexcept { return stream_; }
  void finish() const { require(cudaStreamSynchronize(stream_)); }

  static char* take_fast(std::size_t bytes) {
    void* p = nullptr;
    require(cudaMalloc(&p, bytes));
    return static_cast<char*>(p);
  }
  static char* take_beyond(std::size_t bytes) {
    void* p = nullptr;
    require(cudaMallocHost(&p, bytes));
    return static_cast<char*>(p);
  }
  static void give_fast(char* p) { require(cudaFree(p)); }
  static void give_beyond(char* p) { require(cudaFreeHost(p)); }
  static void put(char* to, const void* from, std::size_t bytes) {
    require(cudaMemcpy(to, from, bytes, cudaMemcpyDefault));
  }
  static void get(void* to, const char* from, std::size_t bytes) {
    require(cudaMemcpy(to, from, bytes, cudaMemcpyDefault));
  }

 private:
  copier_type copier_;
  cudaStream_t stream_ = nullptr;
};

const std::vector<moved_by> ways{{kind::registers, 1}, {kind::registers, 2}, {kind::registers, 5},
                                 {kind::ring, 1},      {kind::ring, 3},      {kind::ring, 8},
                                 {kind::engine, 0}};

}  // namespace

BOOST_AUTO_TEST_CASE(pages_of_any_size_go_where_the_plan_says) {
  gpu_world world;
  for (const moved_by how : ways) {
    for (const std::size_t bytes : {16UL, 48UL, 512UL, 4080UL, 4096UL, 4112UL, 8192UL, 16384UL, 18432UL,
                                    65552UL, 262144UL, 2097152UL}) {
      tests::pages_go_where_the_plan_says(world, how, 1, bytes);
    }
  }
}

BOOST_AUTO_TEST_CASE(pages_of_many_pieces_go_where_the_plan_says) {
  gpu_world world;
  for (const moved_by how : ways) {
    for (const std::size_t count : {2UL, 3UL, 64UL, 161UL}) {
      for (const std::size_t bytes : {16UL, 4112UL, 16384UL}) {
        tests::pages_go_where_the_plan_says(world, how, count, bytes);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_ring_of_any_shape_moves_the_same) {
  for (const cmm::cuda::ring_shape shape :
       {cmm::cuda::ring_shape{4096, 8}, {4096, 50}, {16384, 12}, {12288, 9}}) {
    gpu_world world{shape};
    for (const std::size_t bytes : {4096UL, 18432UL, 65552UL}) {
      tests::pages_go_where_the_plan_says(world, {kind::ring, 2}, 3, bytes);
    }
  }
}

BOOST_AUTO_TEST_CASE(plans_follow_each_other) {
  gpu_world world;
  for (const moved_by how : ways) tests::plans_follow_each_other(world, how);
}

/// Two movers in two streams, each on memory of its own.
BOOST_AUTO_TEST_CASE(a_mover_works_beside_another_stream) {
  gpu_world one;
  gpu_world other;
  for (const moved_by how : ways) {
    constexpr std::int32_t slots = 300;
    tests::moved_memory here{one, tests::pieces_apart(3, 16384, slots), slots};
    tests::moved_memory there{other, tests::pieces_apart(1, 49152, slots), slots};
    cmm::kv::mover up{one.copier(), here.places(), std::span<const cmm::kv::piece>{here.pieces()},
                      tests::always(how)};
    cmm::kv::mover down{other.copier(), there.places(), std::span<const cmm::kv::piece>{there.pieces()},
                        tests::always(how)};
    for (int i = 0; i < 10; ++i) {
      here.run(up, {70, 80, 90}, one.stream());
      there.run(down, {90, 80, 70}, other.stream());
    }
    one.finish();
    other.finish();
    BOOST_TEST(here.as_expected());
    BOOST_TEST(there.as_expected());
  }
}

BOOST_AUTO_TEST_CASE(a_captured_stream_is_refused_and_stays_whole) {
  gpu_world world;
  tests::moved_memory memory{world, tests::pieces_apart(1, 4096, 8), 8};
  cmm::kv::mover mover{world.copier(), memory.places(), std::span<const cmm::kv::piece>{memory.pieces()}};
  const cmm::kv::slot_pair one{1, 2};
  require(cudaStreamBeginCapture(world.stream(), cudaStreamCaptureModeGlobal));
  BOOST_CHECK_THROW(mover.run({.up = {&one, 1}}, world.stream()), cmm::bad_request);
  cudaGraph_t graph = nullptr;
  require(cudaStreamEndCapture(world.stream(), &graph));
  require(cudaGraphDestroy(graph));
  BOOST_TEST(memory.as_expected());
}

BOOST_AUTO_TEST_SUITE_END()
