#include <boost/test/unit_test.hpp>
#include <cstdint>

#include "expected.hpp"
#include "machine.hpp"

BOOST_AUTO_TEST_SUITE(platform_machines)

namespace {

using namespace tests;

constexpr std::uint64_t hbm = 101'468'602'368;          // cudaMemGetInfo on the GH200s here
constexpr std::uint64_t hbm_node = 97'280 * kib * kib;  // MemTotal of their HBM nodes
constexpr std::uint64_t lpddr = 501'743'616 * kib;      // and of their host nodes

}  // namespace

BOOST_AUTO_TEST_CASE(h200_on_pcie) {
  const description known = tests::machine("h200-pcie");
  constexpr std::uint64_t own = 150'109'880'320;
  constexpr std::uint64_t host = 131'981'020 * kib;
  check(known, {{"memory of GPU 0", own, {own, own, own, 0, 0}},
                {"host memory, node 0", host, {0, host, host, host, 0}}});
  BOOST_CHECK_EQUAL(*known.memory_mode, "separate");
  BOOST_CHECK_EQUAL(*known.egm_mode, "off");
  BOOST_CHECK_EQUAL(*known.gpus[0].link, "PCIe");
  BOOST_CHECK_CLOSE(*known.gpus[0].link_rate, 63.0, 0.1);
  BOOST_CHECK_CLOSE(*known.gpus[0].memory_rate, 4814.3, 0.01);
  BOOST_CHECK(known.gpus[0].memory_rate.how == certainty::inferred);
  BOOST_CHECK(known.gpus[0].concurrent_managed.how == certainty::reported);
}

/// Its kernel counts 4.3 of 126 GiB in the node. The rest is neither lost nor a second tier.
BOOST_AUTO_TEST_CASE(a_node_that_shows_less_than_the_system_is_made_whole_and_named) {
  const description known = tests::machine("h200-pcie");
  BOOST_CHECK(known.tiers[1].bytes.how == certainty::inferred);
  BOOST_CHECK(advises(known, "The NUMA nodes show 4.3 GiB, /proc/meminfo shows 126 GiB"));
}

BOOST_AUTO_TEST_CASE(gh200_without_egm_mode_reaches_all_of_lpddr) {
  const description known = tests::machine("gh200-480");
  check(known, {{"memory of GPU 0, node 1", hbm, {hbm, hbm, hbm, 0, hbm}},
                {"host memory, node 0", lpddr, {0, lpddr, lpddr, lpddr, lpddr}}});
  BOOST_CHECK_EQUAL(*known.memory_mode, "NUMA");
  BOOST_CHECK_EQUAL(*known.egm_mode, "off");
  BOOST_CHECK_EQUAL(*known.gpus[0].link, "C2C");
  BOOST_CHECK_CLOSE(*known.gpus[0].link_rate, 447.12, 0.001);
  BOOST_CHECK_CLOSE(*known.gpus[0].memory_rate, 4022.8, 0.01);
  BOOST_CHECK_EQUAL(*known.pages.base, 65536U);
  BOOST_CHECK(advises(known, "EGM mode is off and not needed"));
  BOOST_CHECK(advises(known, "NUMA node 1 is HBM"));
}

BOOST_AUTO_TEST_CASE(gh200_in_egm_mode_has_hbm_and_8_GiB) {
  const description known = tests::machine("gh200-480-egm");
  constexpr std::uint64_t kept = 480'000'000'000 - 8 * gib;
  check(known, {{"memory of GPU 0, node 2", hbm, {hbm, hbm, hbm, 0, hbm}},
                {"host memory, node 0", 8 * gib, {0, 8 * gib, 8 * gib, 8 * gib, 8 * gib}},
                {"EGM carve-out", kept, {0, 0, 0, 0, 0}}});
  BOOST_CHECK_EQUAL(*known.egm_mode, "host");
  BOOST_CHECK(known.tiers[2].bytes.how == certainty::inferred);
  BOOST_CHECK(*known.nodes[2].role == node_role::hbm);
  BOOST_CHECK(advises(known, "This system does not see it, so it cannot be used here"));
}

/// The predecessor took the "System RAM (NVIDIA)" of this machine for EGM and added HBM to it.
BOOST_AUTO_TEST_CASE(gh200_in_egm_mode_by_files_alone_counts_hbm_once) {
  const description known = tests::machine_without_cuda("gh200-480-egm");
  check(known,
        {{"memory of another GPU, node 2", hbm_node, {not_known, not_known, not_known, not_known, not_known}},
         {"host memory, node 0", 8 * gib, {not_known, not_known, not_known, not_known, not_known}}});
  BOOST_CHECK(*known.nodes[2].role == node_role::hbm);
  BOOST_CHECK(known.nodes[2].role.how == certainty::inferred);
  BOOST_CHECK(known.nodes[2].role.evidence.find("System RAM (NVIDIA)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_nvml_the_same_bytes_are_reached_and_less_is_reported) {
  for (const char* name : {"h200-pcie", "gh200-480", "gh200-480-egm", "gh200-egm-guest", "gh200-480-cdmm",
                           "gh200-two-socket", "gb10", "wsl"}) {
    const description known = tests::machine_without_nvml(name);
    const description with = tests::machine(name);
    BOOST_TEST_INFO_SCOPE(name);
    for (const char* source : source_names) BOOST_CHECK_EQUAL(known.reaches(source), with.reaches(source));
    BOOST_CHECK(misses(known, "NVML: libnvidia-ml.so.1 cannot be loaded"));
  }
  const description egm = tests::machine_without_nvml("gh200-480-egm");
  BOOST_CHECK_EQUAL(*egm.egm_mode, "host");
  BOOST_CHECK(egm.egm_mode.how == certainty::inferred);
  BOOST_CHECK_EQUAL(*egm.gpus[0].link, "C2C");
  BOOST_CHECK(egm.gpus[0].link.how == certainty::inferred);
  BOOST_CHECK_EQUAL(*tests::machine_without_nvml("gh200-480").egm_mode, "off");
  BOOST_CHECK(!tests::machine_without_nvml("gh200-egm-guest").egm_mode);
  BOOST_CHECK_EQUAL(*tests::machine_without_nvml("h200-pcie").gpus[0].link, "PCIe");
}

BOOST_AUTO_TEST_CASE(gh200_guest_whose_memory_is_egm_reaches_all_of_it) {
  const description known = tests::machine("gh200-egm-guest");
  constexpr std::uint64_t host = 400 * gib;
  check(known, {{"memory of GPU 0, node 1", hbm, {hbm, hbm, hbm, 0, hbm}},
                {"host memory, node 0", host, {0, host, host, host, host}}});
  BOOST_CHECK_EQUAL(*known.egm_mode, "guest");
  BOOST_CHECK(known.reaches("egm", 1).evidence.find("all memory of this virtual machine is EGM") == 0);
}

BOOST_AUTO_TEST_CASE(cdmm_keeps_malloc_memory_on_the_host) {
  const description known = tests::machine("gh200-480-cdmm");
  check(known, {{"memory of GPU 0", hbm, {hbm, hbm, hbm, 0, 0}},
                {"host memory, node 0", lpddr, {0, lpddr, lpddr, lpddr, lpddr}}});
  BOOST_CHECK_EQUAL(*known.memory_mode, "CDMM");
  BOOST_CHECK(known.memory_mode.how == certainty::reported);
  BOOST_CHECK(advises(known, "prefetching it to the GPU succeeds without moving it"));
}

BOOST_AUTO_TEST_CASE(gh200_two_sockets_have_two_hosts_and_two_hbms) {
  const description known = tests::machine("gh200-two-socket");
  constexpr std::uint64_t second = lpddr - gib;
  check(known, {{"memory of GPU 0, node 2", hbm, {hbm, hbm, hbm, 0, hbm}},
                {"memory of GPU 1, node 10", hbm, {hbm, hbm, hbm, 0, hbm}},
                {"host memory, node 0", lpddr, {0, lpddr, lpddr, lpddr, lpddr}},
                {"host memory, node 1", second, {0, second, second, second, second}}});
  BOOST_CHECK_EQUAL(*known.gpus[1].nearest_node, 1);
  BOOST_CHECK(advises(known, "NUMA nodes 2 and 10 are HBM"));
  const description alone = tests::machine_without_cuda("gh200-two-socket");
  check(
      alone,
      {{"memory of another GPU, node 2", hbm_node, {not_known, not_known, not_known, not_known, not_known}},
       {"memory of another GPU, node 10", hbm_node, {not_known, not_known, not_known, not_known, not_known}},
       {"host memory, node 0", lpddr, {not_known, not_known, not_known, not_known, not_known}},
       {"host memory, node 1", second, {not_known, not_known, not_known, not_known, not_known}}});
}

BOOST_AUTO_TEST_CASE(gb10_has_one_memory_and_counts_it_once) {
  const description known = tests::machine("gb10");
  constexpr std::uint64_t all = 127'533'056 * kib;
  check(known, {{"memory of CPU and GPU, node 0", all, {all, all, all, all, all}}});
  BOOST_CHECK_EQUAL(*known.memory_mode, "shared");
  BOOST_CHECK_EQUAL(*known.gpus[0].link, "shared memory");
  BOOST_CHECK(!known.gpus[0].link_rate);
  BOOST_CHECK(!known.gpus[0].memory_rate);
  BOOST_CHECK(advises(known, "Do not add the two"));
}

BOOST_AUTO_TEST_CASE(wsl_reaches_the_memory_of_the_gpu_only) {
  const description known = tests::machine("wsl");
  constexpr std::uint64_t own = 25'756'696'576;
  constexpr std::uint64_t host = (32 * kib * kib - 512 * kib) * kib;
  check(known,
        {{"memory of GPU 0", own, {own, own, 0, 0, 0}}, {"host memory, node 0", host, {0, 0, 0, 0, 0}}});
  BOOST_CHECK(*known.surroundings.wsl);
  BOOST_CHECK_EQUAL(*known.driver.version, "581.42");
  BOOST_CHECK(advises(known, "prefetch and advice are skipped"));
  BOOST_CHECK(misses(known, "/proc/iomem hides its addresses"));
}

BOOST_AUTO_TEST_CASE(a_container_without_iomem_asks_cuda_which_node_is_hbm) {
  const description known = tests::machine("gh200-container");
  check(known, {{"memory of GPU 0, node 1", hbm, {hbm, hbm, hbm, 0, hbm}},
                {"host memory, node 0", lpddr, {0, lpddr, lpddr, lpddr, lpddr}}});
  BOOST_CHECK(*known.surroundings.container);
  BOOST_CHECK(misses(known, "/proc/iomem cannot be read (Permission denied)"));
  BOOST_CHECK(advises(known, "This process may use 256 GiB"));
}

BOOST_AUTO_TEST_CASE(a_container_without_iomem_and_cuda_leaves_the_node_out) {
  const description known = tests::machine_without_cuda("gh200-container");
  check(known, {{"host memory, node 0", lpddr, {not_known, not_known, not_known, not_known, not_known}}});
  BOOST_CHECK(*known.nodes[1].role == node_role::unclear);
  BOOST_CHECK(advises(known, "NUMA node 1 has 95 GiB and no CPUs"));
}

BOOST_AUTO_TEST_CASE(no_gpu_is_a_description_too) {
  const description known = tests::machine("no-gpu");
  constexpr std::uint64_t host = (16 * kib * kib - 256 * kib) * kib;
  check(known, {{"host memory, node 0", host, {not_known, not_known, not_known, not_known, not_known}}});
  BOOST_CHECK(advises(known, "No GPU answered (no NVIDIA driver was found"));
  BOOST_CHECK(misses(known, "NVML: libnvidia-ml.so.1 cannot be loaded"));
}

BOOST_AUTO_TEST_SUITE_END()
