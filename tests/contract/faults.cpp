#include <string_view>

#include "configurations.hpp"

BOOST_AUTO_TEST_SUITE(contract_faults)

namespace {

using namespace tests;
using cmm::errc;

/// What a scenario met: the errors it was thrown, and how many requests got an empty block.
struct outcome {
  std::vector<cmm::cuda_error> errors;
  std::vector<std::string> other_errors;
  int empty = 0;

  void attempt(auto&& step) {
    try {
      step();
    } catch (const cmm::cuda_error& error) {
      errors.push_back(error);
    } catch (const std::exception& error) {
      other_errors.emplace_back(error.what());
    }
  }
};

constexpr errc codes[] = {errc::out_of_memory, errc::invalid_value, errc::not_supported};

constexpr std::string_view calls_of_the_api[] = {"cudaGetDevice",
                                                 "cudaSetDevice",
                                                 "cudaMallocManaged",
                                                 "cudaMalloc",
                                                 "cudaFree",
                                                 "mmap",
                                                 "munmap",
                                                 "cudaMemPoolCreate",
                                                 "cudaMemPoolDestroy",
                                                 "cudaMemPoolSetAccess",
                                                 "cudaMallocFromPoolAsync",
                                                 "cudaFreeAsync",
                                                 "cuMemAddressReserve",
                                                 "cuMemAddressFree",
                                                 "cuMemCreate",
                                                 "cuMemRelease",
                                                 "cuMemMap",
                                                 "cuMemUnmap",
                                                 "cuMemSetAccess",
                                                 "cuMemGetAllocationGranularity",
                                                 "cudaMemAdvise",
                                                 "cudaMemPrefetchAsync",
                                                 "cudaStreamSynchronize",
                                                 "cudaStreamGetId",
                                                 "cudaStreamGetCaptureInfo",
                                                 "cudaEventCreateWithFlags",
                                                 "cudaEventDestroy",
                                                 "cudaEventRecord",
                                                 "cudaStreamWaitEvent",
                                                 "cudaEventQuery",
                                                 "cudaEventSynchronize",
                                                 "cudaGetDeviceCount",
                                                 "cudaDeviceGetAttribute",
                                                 "cudaMemGetInfo"};

/// Takes, frees, crosses streams, trims, captures and exhausts; every step goes on when another one failed.
outcome scenario(sim_world& world, memory& from, const traits& has) {
  const cmm::stream s = world.create_stream();
  const cmm::stream other = world.create_stream();
  outcome met;
  std::vector<cmm::block> blocks;
  const auto take = [&](std::size_t bytes, cmm::stream on) {
    met.attempt([&] {
      blocks.push_back(from.allocate(bytes, on));
      met.empty += blocks.back() ? 0 : 1;
    });
  };
  const auto give = [&](std::size_t index, cmm::stream on) {
    if (index >= blocks.size()) return;
    from.deallocate(blocks[index], on);
    blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(index));
  };
  take(1_MiB, s);
  take(5_MiB, s);
  take(5000, other);
  give(0, s);
  take(1_MiB, other);
  give(1, s);
  give(0, other);
  met.attempt([&] { from.trim(s); });
  take(20_MiB, s);
  if (has.captures && world.begin_capture(s)) {
    take(3_MiB, s);
    give(0, s);
    BOOST_CHECK(world.end_capture(s));
    met.attempt([&] { from.forget_captures(s); });
  }
  take(900_MiB, other);  // with what is live, more than some memories hold
  take(900_MiB, s);
  take(900_MiB, s);
  while (!blocks.empty()) give(0, s);
  met.attempt([&] { from.trim(other); });
  return met;
}

/// One run with some calls failing, on a fresh machine. Afterwards nothing may be lost.
outcome run(const configuration<sim_world>& each, auto&& inject) {
  sim_world world{*each.machine, cmm::sim::backing::none};
  outcome met;
  {
    const auto memory = built(each, world);
    inject(world.machine());
    met = scenario(world, *memory, each.has);
    world.machine().clear_faults();
    BOOST_CHECK(met.other_errors.empty());
    if (memory->counted()) BOOST_CHECK_EQUAL(memory->counted()->live_blocks, 0U);
    if (memory->counted()) BOOST_CHECK_EQUAL(memory->counted()->live_bytes, 0U);
    static_cast<void>(memory->trim({}));
    if (memory->budget() && !memory->pooled()) BOOST_CHECK_EQUAL(memory->budget_used(), 0U);
    if (memory->fast_bytes() && !memory->pooled()) BOOST_CHECK_EQUAL(*memory->fast_bytes(), 0U);
    const cmm::block afterwards = memory->allocate(4096, {});
    BOOST_CHECK_EQUAL(static_cast<bool>(afterwards), each.has.serves);
    memory->deallocate(afterwards, {});
  }
  check_all_returned(world);
  return met;
}

/// How often the scenario makes each call when none fails.
std::vector<std::size_t> counted_calls(const configuration<sim_world>& each) {
  sim_world world{*each.machine, cmm::sim::backing::none};
  {
    const auto memory = built(each, world);
    scenario(world, *memory, each.has);
  }
  std::vector<std::size_t> counts;
  std::size_t all = 0;
  for (const std::string_view call : calls_of_the_api)
    all += counts.emplace_back(world.machine().calls(call));
  BOOST_CHECK_EQUAL(all, world.machine().calls());  // else a call is missing in the list
  return counts;
}

}  // namespace

BOOST_AUTO_TEST_CASE(any_single_call_may_fail_and_is_named) {
  for (const auto& each : simulated()) {
    const auto counts = counted_calls(each);
    for (std::size_t call = 0; call < counts.size(); ++call) {
      const std::string name{calls_of_the_api[call]};
      for (std::size_t nth = 1; nth <= counts[call]; ++nth) {
        for (const errc code : codes) {
          // What is called often meets each code in turn, and all of them several times.
          if (counts[call] > std::size(codes) && code != codes[nth % std::size(codes)]) continue;
          BOOST_TEST_CONTEXT(each.name << ", call " << nth << " of " << name << " with code "
                                       << static_cast<int>(code)) {
            const outcome met = run(each, [&](cmm::sim::machine& machine) {
              machine.fail_nth(calls_of_the_api[call], nth, code);
            });
            for (const cmm::cuda_error& error : met.errors) {
              const std::string text = error.what();
              BOOST_CHECK_MESSAGE(text.find(name + " failed") == 0 && error.code() == code, text);
            }
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(all_calls_from_any_one_on_may_fail) {
  for (const auto& each : simulated()) {
    std::size_t calls = 0;
    for (const std::size_t count : counted_calls(each)) calls += count;
    for (std::size_t nth = 1; nth <= calls; ++nth) {
      const errc code = codes[nth % std::size(codes)];
      BOOST_TEST_CONTEXT(each.name << ", calls from " << nth << " on with code " << static_cast<int>(code)) {
        const outcome met = run(each, [&](cmm::sim::machine& machine) { machine.fail_from(nth, code); });
        for (const cmm::cuda_error& error : met.errors) {
          BOOST_CHECK_MESSAGE(*error.call() != '\0' && std::string{error.what()}.find(error.call()) == 0,
                              error.what());
        }
      }
    }
  }
}

/// Only a failing call for memory may be answered with an empty block.
BOOST_AUTO_TEST_CASE(a_failed_call_other_than_for_memory_is_an_error_and_not_an_empty_block) {
  for (const auto& each : simulated()) {
    if (!each.has.serves) continue;
    BOOST_TEST_CONTEXT(each.name) {
      sim_world world{*each.machine, cmm::sim::backing::none};
      {
        const auto memory = built(each, world);
        for (const std::string_view call :
             {"cudaMallocManaged", "cudaMalloc", "cudaMallocFromPoolAsync", "mmap", "cuMemCreate"}) {
          world.machine().fail_nth(call, 1, errc::not_supported);
        }
        const caught<cmm::cuda_error> error{[&] { memory->allocate(1_MiB, {}); }};
        BOOST_CHECK_MESSAGE(error.code == errc::not_supported, error.text);
      }
      check_all_returned(world);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
