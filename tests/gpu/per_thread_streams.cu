// This file alone is compiled with per-thread default streams, as `nvcc --default-stream per-thread` does.
#ifndef CUDA_API_PER_THREAD_DEFAULT_STREAM
#error "this test needs CUDA_API_PER_THREAD_DEFAULT_STREAM on the command line"
#endif
#include <cuda_runtime_api.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cmm/cmm.hpp>
#include <cmm/cuda.hpp>
#include <latch>
#include <thread>

namespace {

using namespace cmm;
using namespace cmm::literals;

constexpr std::size_t bytes = 32_MiB;
constexpr unsigned first_value = 0x11111111;
constexpr unsigned second_value = 0x22222222;

/// Waits on the GPU for half a second or so, then writes: whoever has the block by then finds it changed.
__global__ void write_late(unsigned* words, std::size_t count, unsigned value, long long cycles) {
  const long long begin = clock64();
  while (clock64() - begin < cycles) {
  }
  for (std::size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x)
    words[i] = value;
}

__global__ void write_now(unsigned* words, std::size_t count, unsigned value) {
  for (std::size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x)
    words[i] = value;
}

__global__ void count_others(const unsigned* words, std::size_t count, unsigned value,
                             unsigned long long* found) {
  for (std::size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    if (words[i] != value) atomicAdd(found, 1ULL);
  }
}

constexpr std::size_t words_of(std::size_t of) { return of / sizeof(unsigned); }
constexpr long long slow = 800'000'000;  ///< cycles

/// Counts the events that the library records.
struct counting_api : cuda::api {
  std::atomic<int>* records;

  cmm::status record(cmm::event e, cmm::stream s) const noexcept {
    ++*records;
    return cuda::api::record(e, s);
  }
};

/// A thread that puts work into its own default stream, says so, and ends once it is let go and that work is
/// done: driver 580.159 with two GPUs was seen not to let a thread end that has work there.
class working_thread {
 public:
  template <class Work>
  explicit working_thread(Work work)
      : thread_{[this, work] {
          work();
          at_work_.count_down();
          let_go_.wait();
          (void)cudaStreamSynchronize(cudaStreamPerThread);
        }} {
    at_work_.wait();
  }
  ~working_thread() {
    let_go_.count_down();
    thread_.join();
  }
  working_thread(const working_thread&) = delete;
  working_thread& operator=(const working_thread&) = delete;

 private:
  std::latch at_work_{1};
  std::latch let_go_{1};
  std::thread thread_;
};

/// One thread uses a block for long and frees it; another takes a block of the size and writes to it.
template <class Memory>
unsigned long long overwritten(Memory& memory, cmm::stream handle, bool& same) {
  void* old = nullptr;
  const working_thread other{[&] {
    const block b = memory.allocate(bytes, handle);
    BOOST_REQUIRE(b);
    old = b.data;
    write_late<<<8, 256, 0, cuda::native(handle)>>>(static_cast<unsigned*>(b.data), words_of(bytes),
                                                    first_value, slow);
    memory.deallocate(b, handle);
  }};
  const block b = memory.allocate(bytes, handle);
  BOOST_REQUIRE(b);
  same = b.data == old;
  unsigned long long* others = nullptr;
  BOOST_REQUIRE_EQUAL(cudaMallocManaged(&others, sizeof *others, cudaMemAttachGlobal), cudaSuccess);
  *others = 0;
  write_now<<<64, 256, 0, cuda::native(handle)>>>(static_cast<unsigned*>(b.data), words_of(bytes),
                                                  second_value);
  BOOST_REQUIRE_EQUAL(cudaStreamSynchronize(cuda::native(handle)), cudaSuccess);
  BOOST_REQUIRE_EQUAL(cudaDeviceSynchronize(),
                      cudaSuccess);  // the late write has come, if it was not waited for
  count_others<<<64, 256, 0, cuda::native(handle)>>>(static_cast<const unsigned*>(b.data), words_of(bytes),
                                                     second_value, others);
  BOOST_REQUIRE_EQUAL(cudaStreamSynchronize(cuda::native(handle)), cudaSuccess);
  const unsigned long long found = *others;
  BOOST_CHECK_EQUAL(cudaFree(others), cudaSuccess);
  memory.deallocate(b, handle);
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gpu_per_thread_streams)

BOOST_AUTO_TEST_CASE(the_null_handle_is_the_stream_of_the_thread) {
  BOOST_CHECK(cuda::api::default_stream() == cmm::stream::per_thread());
  std::uint64_t ids[3] = {};
  BOOST_REQUIRE(cuda::api::stream_id(cmm::stream{}, ids[0]).ok());
  BOOST_REQUIRE(cuda::api::stream_id(cmm::stream::per_thread(), ids[1]).ok());
  BOOST_REQUIRE(cuda::api::stream_id(cmm::stream::legacy(), ids[2]).ok());
  BOOST_CHECK_EQUAL(ids[0], ids[1]);
  BOOST_CHECK_NE(ids[0], ids[2]);
  std::uint64_t theirs = 0;
  std::thread{[&] { BOOST_CHECK(cuda::api::stream_id(cmm::stream{}, theirs).ok()); }}.join();
  BOOST_CHECK_NE(theirs, ids[0]);
}

BOOST_AUTO_TEST_CASE(a_block_that_another_thread_freed_is_never_overwritten_by_its_late_work) {
  for (const cmm::stream handle : {cmm::stream{}, cmm::stream::per_thread(), cmm::stream::legacy()}) {
    std::atomic<int> records = 0;
    counting_api api{};
    api.records = &records;
    // With room for one block, so that it has to be handed over; then with room for two.
    for (const std::size_t budget : {bytes, 2 * bytes}) {
      auto memory = build(device{} | limit{budget} | pool{}, api);
      bool same = false;
      BOOST_CHECK_EQUAL(overwritten(memory, handle, same), 0U);
      if (budget == bytes) BOOST_CHECK(same);
    }
    if (!(handle == cmm::stream::legacy())) BOOST_CHECK_GT(records, 0);
  }
}

BOOST_AUTO_TEST_CASE(a_block_recorded_in_the_stream_of_another_thread_waits_for_it) {
  auto memory = build(device{} | pool{} | record_streams{}, cuda::api{});
  const block b = memory.allocate(bytes);
  BOOST_REQUIRE(b);
  const working_thread other_thread{[&] {
    memory.template get<record_streams>().record(b.data, cmm::stream{});
    write_late<<<8, 256, 0, cudaStreamPerThread>>>(static_cast<unsigned*>(b.data), words_of(bytes),
                                                   first_value, slow);
  }};
  memory.deallocate(b);
  BOOST_CHECK_EQUAL(memory.template get<record_streams>().waiting(), 1U);
  const block other = memory.allocate(bytes);
  BOOST_CHECK_NE(other.data, b.data);
  BOOST_REQUIRE_EQUAL(cudaDeviceSynchronize(), cudaSuccess);
  const block again = memory.allocate(bytes);
  BOOST_CHECK_EQUAL(again.data, b.data);
  memory.deallocate(other);
  memory.deallocate(again);
}

BOOST_AUTO_TEST_SUITE_END()
