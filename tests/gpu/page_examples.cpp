#include <boost/test/unit_test.hpp>
#include <cmm/cmm.hpp>
#include <cmm/cuda.hpp>
#include <cmm/cuda/memory_resource.hpp>
#include <cmm/cuda/platform_answers.hpp>
#include <cmm/platform.hpp>
#include <cmm/sim.hpp>
#include <cstdio>

#include "world.hpp"

// What stands in pages and needs CUDA; tests/layout/readme_code.py holds the pages to it.

BOOST_AUTO_TEST_SUITE(page_examples)

using namespace cmm::literals;

BOOST_AUTO_TEST_CASE(a_resource_of_cccl) {
  cmm::sim::machine machine{cmm::sim::gh200_480};
  auto memory = (cmm::managed{} | cmm::pool{} | cmm::stats{}).build(cmm::sim::api{machine});
  const auto stream = static_cast<cudaStream_t>(machine.create_stream().native());

  cmm::cuda::memory_resource resource{memory};
  void* const data = resource.allocate(::cuda::stream_ref{stream}, 1_MiB);
  resource.deallocate(::cuda::stream_ref{stream}, data, 1_MiB);

  BOOST_TEST(memory.get<cmm::stats>().all().allocations == 1U);
  BOOST_TEST(memory.get<cmm::stats>().all().live_bytes == 0U);
}

BOOST_AUTO_TEST_CASE(what_a_machine_has) {
  const auto known = cmm::platform::describe("/", cmm::cuda::platform_answers());
  if (known.gpus.at(0).link_rate) std::printf("%g GB/s\n", *known.gpus.at(0).link_rate);
  BOOST_TEST(!known.tiers.empty());
}

BOOST_AUTO_TEST_SUITE_END()
