#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "expected.hpp"
#include "machine.hpp"

BOOST_AUTO_TEST_SUITE(platform_usable_bytes)

namespace {

using namespace tests;

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

}  // namespace

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

BOOST_AUTO_TEST_SUITE_END()
