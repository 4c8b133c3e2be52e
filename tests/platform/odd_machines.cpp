#include <boost/test/unit_test.hpp>
#include <string>

#include "expected.hpp"
#include "machine.hpp"

BOOST_AUTO_TEST_SUITE(platform_odd_machines)

using namespace tests;

BOOST_AUTO_TEST_CASE(managed_memory_of_an_integrated_gpu_without_concurrent_access_is_in_the_one_memory) {
  for (const char* name : {"jetson-orin", "jetson-orin-no-numa"}) {
    const description known = tests::machine(name);
    BOOST_CHECK_EQUAL(known.reaches("managed"), 65'895'535'616U);
    BOOST_CHECK_EQUAL(known.tiers.size(), 1U);
  }
}

BOOST_AUTO_TEST_CASE(of_one_memory_the_kernel_tells_what_cuda_does_not) {
  const description known = tests::machine("gb10-memgetinfo-oom");
  BOOST_CHECK_EQUAL(*known.gpus[0].memory_bytes, 127'600'748 * kib);
  BOOST_CHECK_EQUAL(*known.gpus[0].free_bytes, 99'614'720 * kib);
}

BOOST_AUTO_TEST_CASE(of_another_memory_only_what_nvml_tells_is_known) {
  const description known = tests::machine("h100-no-context");
  BOOST_CHECK_EQUAL(*known.gpus[0].memory_bytes, 85'523'536'281U);
  BOOST_CHECK(!known.gpus[0].free_bytes);
  cmm::probe::recorded failing{std::string{CMM_MACHINES} + "/h100-no-context"};
  failing.known.given.gpus[0].cuda["cudaMemGetInfo.error"] = 802;
  const auto free = describe(failing.files, failing.known.given).gpus[0].free_bytes;
  BOOST_CHECK(free.evidence.find("CUDA error 802 (cudaErrorSystemNotReady)") != std::string::npos);
  BOOST_CHECK(free.evidence.find("nvidia-fabricmanager") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_gpu_without_a_size_has_none_and_no_more_is_free_than_there_is) {
  cmm::probe::recorded odd{std::string{CMM_MACHINES} + "/h200-pcie"};
  auto& told = odd.known.given.gpus[0];
  told.cuda["cudaMemGetInfo.free"] = std::int64_t{1} << 50;
  const gpu full = describe(odd.files, odd.known.given).gpus[0];
  BOOST_CHECK_EQUAL(*full.free_bytes, *full.memory_bytes);
  told.cuda["cudaMemGetInfo.total"] = 0;
  BOOST_CHECK(describe(odd.files, odd.known.given).gpus[0].memory_bytes.evidence.find("memory_total") == 0);
  told.nvml["memory_total"] = 0;
  const gpu none = describe(odd.files, odd.known.given).gpus[0];
  BOOST_CHECK(!none.memory_bytes);
  BOOST_CHECK_EQUAL(none.memory_bytes.evidence, "cudaMemGetInfo.total is 0");
}

BOOST_AUTO_TEST_CASE(a_gpu_with_memory_of_its_own_is_not_integrated_whatever_it_says) {
  const description known = tests::machine("rtx5090-says-integrated");
  BOOST_CHECK(!*known.gpus[0].integrated);
  BOOST_CHECK(known.gpus[0].integrated.how == certainty::inferred);
  BOOST_CHECK_EQUAL(*known.gpus[0].link, "PCIe");
  BOOST_CHECK(*tests::machine("gb10-full-cache").gpus[0].integrated);
}

BOOST_AUTO_TEST_CASE(a_driver_that_is_too_old_is_named_with_number_and_cure) {
  const description known = tests::machine("gh200-driver-550");
  BOOST_CHECK(known.no_gpu.find("CUDA error 35 (cudaErrorInsufficientDriver)") == 0);
  BOOST_CHECK(known.no_gpu.find("update the driver") != std::string::npos);
  BOOST_CHECK(known.no_gpu.find("550.54.15") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_pod_of_kubernetes_is_a_container) {
  BOOST_CHECK(*tests::machine("gh200-4gpu-k8s").surroundings.container);
  files alone = files::of({{"/proc/self/cgroup", "0::/\n"}});
  BOOST_CHECK(!read_surroundings(alone).container);
  files limited = files::of({{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/memory.max", "max\n"}});
  BOOST_CHECK(*read_surroundings(limited).container);
  files host = files::of({{"/proc/self/cgroup", "0::/user.slice\n"}});
  BOOST_CHECK(!*read_surroundings(host).container);
  files nested = files::of({{"/proc/self/cgroup", "0::/inner\n"}, {"/sys/fs/cgroup/memory.max", "max\n"}});
  BOOST_CHECK(*read_surroundings(nested).container);
  files of_version_1 = files::of({{"/proc/self/cgroup", "9:memory:/\n8:cpu,cpuacct:/\n0::/\n"}});
  BOOST_CHECK(!read_surroundings(of_version_1).container);
  BOOST_CHECK(*tests::machine("h100-lxcfs").surroundings.container);
}

BOOST_AUTO_TEST_CASE(page_cache_in_hbm_is_named_with_the_way_to_drop_it) {
  const description known = tests::machine("gh200-144-cache-on-hbm");
  BOOST_CHECK(advises(known, "Page cache of files takes 66.5 GiB of the HBM on NUMA node 1"));
  BOOST_CHECK(advises(known, "/proc/sys/vm/drop_caches"));
}

/// Some kernels show less in two nodes than in /proc/meminfo. On x86 that is host memory and has nothing of
/// EGM.
BOOST_AUTO_TEST_CASE(memory_that_no_node_shows_is_host_memory_and_x86_has_no_egm) {
  const std::string node = "/sys/devices/system/node/node";
  files from = files::of({{"/proc/meminfo", "MemTotal: 263962040 kB\nMemAvailable: 250000000 kB\n"},
                          {node + "0/meminfo", "Node 0 MemTotal: 4496000 kB\n"},
                          {node + "0/cpulist", "0-7\n"},
                          {node + "1/meminfo", "Node 1 MemTotal: 4496000 kB\n"},
                          {node + "1/cpulist", "8-15\n"}});
  cmm::probe::recorded one{std::string{CMM_MACHINES} + "/h200-pcie"};
  one.known.given.gpus[0].nvml["egm_capability"] = 1;
  const description known = describe(from, one.known.given);
  BOOST_REQUIRE_EQUAL(known.tiers.size(), 4U);
  BOOST_CHECK_EQUAL(known.tiers[3].name(), "host memory");
  BOOST_CHECK_EQUAL(*known.tiers[3].bytes, (263'962'040 - 2 * 4'496'000) * kib);
  BOOST_CHECK(!advises(known, "EGM"));
  BOOST_CHECK(to_text(known).find("EGM:") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
