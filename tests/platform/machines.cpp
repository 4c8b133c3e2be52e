#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "machine.hpp"

namespace {

using namespace cmm::platform;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t gib = kib * kib * kib;
constexpr std::uint64_t hbm = 101'468'602'368;          // cudaMemGetInfo on the GH200s here
constexpr std::uint64_t hbm_node = 97'280 * kib * kib;  // MemTotal of their HBM nodes
constexpr std::uint64_t lpddr = 501'743'616 * kib;      // and of their host nodes
constexpr std::optional<std::uint64_t> not_known = std::nullopt;

/// What a tier holds and what device, managed, managed_pool, egm and system reach of it, in bytes.
struct row {
  std::string tier;
  std::optional<std::uint64_t> bytes;
  std::vector<std::optional<std::uint64_t>> reached;
};

void check(const description& known, const std::vector<row>& wanted) {
  BOOST_REQUIRE_EQUAL(known.tiers.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const row& each = wanted[i];
    BOOST_CHECK_EQUAL(known.tiers[i].name(), each.tier);
    BOOST_CHECK_MESSAGE(known.tiers[i].bytes.value == each.bytes,
                        each.tier << " has " << known.tiers[i].bytes.value.value_or(0) << " bytes");
    for (std::size_t s = 0; s < source_names.size(); ++s) {
      const auto found = known.reaches(source_names[s], i);
      BOOST_CHECK_MESSAGE(found.value == each.reached[s],
                          source_names[s] << " reaches " << (found ? std::to_string(*found) : "?") << " of "
                                          << each.tier << ": " << found.evidence);
      BOOST_CHECK(!found.evidence.empty());
    }
  }
}

bool advises(const description& known, const std::string& words) {
  for (const std::string& each : known.advice) {
    if (each.find(words) != std::string::npos) return true;
  }
  return false;
}

bool misses(const description& known, const std::string& words) {
  for (const std::string& each : known.unseen) {
    if (each.find(words) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(platform_machines)

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

/// From a folder's own files, in KiB: MemAvailable, less what nodes of GPUs have free or as page cache.
struct available {
  const char* machine;
  std::uint64_t told;
  std::vector<std::uint64_t> in_hbm{};
};
/// Where a group has less left than that, in bytes: its limit, its use, and the page cache in its use.
struct grouped {
  const char* machine;
  std::uint64_t limit;
  std::uint64_t use = 0;
  std::uint64_t cache = 0;
};

const std::vector<available> by_the_kernel{
    {"a100-cxl-node", 376'832'000},
    {"dgx-h100", 2'044'723'200},
    {"gb10", 63'766'528},
    {"gb10-after-60gb-file", 121'267'814},
    {"gb10-full-cache", 54'525'952},
    {"gb10-idle", 121'477'529},
    {"gb10-memgetinfo-oom", 99'614'720},
    {"gh200-144-cache-on-hbm", 598'107'750, {78'538'342, 69'730'303}},
    {"gh200-144-idle", 598'422'323, {148'478'361, 104'856}},
    {"gh200-480", 300'679'168, {49'807'360}},
    {"gh200-480-cdmm", 250'871'808},
    {"gh200-480-egm", 54'001'664, {49'807'360}},
    {"gh200-4gpu-one-visible", 846'829'976, {98'985'574, 98'985'574, 98'985'574, 98'985'574}},
    {"gh200-container", 300'679'168, {49'807'360}},  // less than the 256 GiB of its group
    {"gh200-driver-550", 534'773'760, {98'566'144}},
    {"gh200-egm-guest", 259'522'560, {49'807'360}},
    {"gh200-two-socket", 600'834'048, {49'807'360, 49'807'360}},
    {"h100-gvisor", 126'877'696},
    {"h100-lxcfs", 63'963'136},  // of the container; its host has 900 GiB free
    {"h100-mig-3g", 1'992'294'400},
    {"h100-no-context", 996'147'200},
    {"h100-no-context-no-nvml", 996'147'200},
    {"h100-vm-no-affinity", 230'686'720},
    {"h200-pcie", 131'460'396},
    {"jetson-orin", 56'623'104},
    {"jetson-orin-no-numa", 56'623'104},
    {"no-gpu", 8'257'536},
    {"rtx5090-says-integrated", 56'623'104},
    {"vgpu-l40s", 123'731'968},
    {"wsl", 16'515'072},
    {"wsl2-5090", 30'408'704},
    {"wsl2-5090-no-numa", 30'408'704},
};
const std::vector<grouped> by_a_group{
    {"gh200-4gpu-docker-v1", 200 * gib, 32'212'254'720, 21'474'836'480},
    {"gh200-4gpu-k8s", 64 * gib, 2 * gib},
    {"gh200-4gpu-slurm-200g", 200 * gib, gib},
    {"gh200-docker-v2-uses-150g", 300 * gib, 161'061'273'600, 10'737'418'240},
};

BOOST_AUTO_TEST_CASE(every_recorded_machine_has_the_usable_bytes_that_its_files_give) {
  std::set<std::string> left;
  for (const auto& each : std::filesystem::directory_iterator{CMM_MACHINES}) {
    if (each.is_directory()) left.insert(each.path().filename().string());
  }
  const auto has = [&](const char* name, std::uint64_t bytes) {
    BOOST_REQUIRE_MESSAGE(left.erase(name) == 1, name << " is no folder of tests/machines");
    BOOST_TEST_INFO_SCOPE(name);
    BOOST_CHECK_EQUAL(*tests::machine(name).host_memory.usable, bytes);
  };
  for (const available& each : by_the_kernel) {
    has(each.machine,
        (each.told - std::accumulate(each.in_hbm.begin(), each.in_hbm.end(), std::uint64_t{0})) * kib);
  }
  for (const grouped& each : by_a_group) has(each.machine, each.limit - (each.use - each.cache));
  for (const std::string& name : left) BOOST_ERROR(name << " has no usable bytes here");
}

BOOST_AUTO_TEST_CASE(no_gpu_is_a_description_too) {
  const description known = tests::machine("no-gpu");
  constexpr std::uint64_t host = (16 * kib * kib - 256 * kib) * kib;
  check(known, {{"host memory, node 0", host, {not_known, not_known, not_known, not_known, not_known}}});
  BOOST_CHECK(advises(known, "No GPU answered (no NVIDIA driver was found"));
  BOOST_CHECK(misses(known, "NVML: libnvidia-ml.so.1 cannot be loaded"));
}

BOOST_AUTO_TEST_SUITE_END()
