#include <boost/test/unit_test.hpp>
#include <cmm/platform.hpp>
#include <cstdint>
#include <map>
#include <string>

#include "machine.hpp"

BOOST_AUTO_TEST_SUITE(platform_usable_memory)

namespace {

using namespace cmm::platform;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = kib * kib;
constexpr std::uint64_t gib = kib * mib;

using file_texts = std::map<std::string, std::string>;

std::string bytes(std::uint64_t gibibytes) { return std::to_string(gibibytes * gib) + "\n"; }
std::string kb(std::uint64_t gibibytes) { return std::to_string(gibibytes * mib) + " kB\n"; }

std::string node_text(int id, std::uint64_t total, std::uint64_t free, std::uint64_t cache) {
  const std::string begin = "Node " + std::to_string(id) + " ";
  return begin + "MemTotal: " + kb(total) + begin + "MemFree: " + kb(free) + begin +
         "Inactive(file): " + kb(cache);
}

/// A host of 512 GiB with 400 available, in one node.
file_texts host_of_512() {
  return {{"/proc/meminfo", "MemTotal: " + kb(512) + "MemAvailable: " + kb(400)},
          {"/sys/devices/system/node/node0/meminfo", node_text(0, 512, 300, 100)},
          {"/sys/devices/system/node/node0/cpulist", "0-71\n"}};
}

usable_memory of(const file_texts& groups, const std::map<std::string, std::string>& set = {}) {
  file_texts all = host_of_512();
  for (const auto& [path, text] : groups) all[path] = text;
  files from = files::of(all);
  answers given;
  given.no_cuda = "left out";
  given.architecture = "x86_64";
  given.environment = set;
  return describe(from, given).host_memory;
}

const std::string v2 = "/sys/fs/cgroup";
const std::string v1 = "/sys/fs/cgroup/memory";

}  // namespace

BOOST_AUTO_TEST_CASE(without_groups_it_is_what_the_kernel_has_available) {
  const usable_memory known = of({});
  BOOST_CHECK_EQUAL(*known.usable, 400 * gib);
  BOOST_CHECK(!known.limit && known.assumed.empty());
}

BOOST_AUTO_TEST_CASE(the_group_with_least_left_wins_and_not_the_lowest_limit) {
  const usable_memory known = of({{"/proc/self/cgroup", "0::/a.slice/b.scope\n"},
                                  {v2 + "/a.slice/memory.max", bytes(200)},
                                  {v2 + "/a.slice/memory.current", bytes(190)},
                                  {v2 + "/a.slice/b.scope/memory.max", bytes(100)},
                                  {v2 + "/a.slice/b.scope/memory.current", bytes(20)}});
  BOOST_CHECK_EQUAL(*known.limit, 200 * gib);
  BOOST_CHECK_EQUAL(*known.used, 190 * gib);
  BOOST_CHECK_EQUAL(*known.usable, 10 * gib);
}

BOOST_AUTO_TEST_CASE(page_cache_of_a_group_is_given_back_in_both_versions) {
  const std::string cache = std::to_string(30 * gib);
  const std::string more = std::to_string(10 * gib);
  BOOST_CHECK_EQUAL(
      *of({{v2 + "/memory.max", bytes(100)},
           {v2 + "/memory.current", bytes(90)},
           {v2 + "/memory.stat", "anon 1\nactive_file " + more + "\ninactive_file " + cache + "\n"}})
           .left,
      50 * gib);
  BOOST_CHECK_EQUAL(*of({{v1 + "/memory.limit_in_bytes", bytes(100)},
                         {v1 + "/memory.usage_in_bytes", bytes(90)},
                         {v1 + "/memory.stat", "inactive_file 7\ntotal_inactive_file " + cache + "\n"}})
                         .left,
                    40 * gib);
}

BOOST_AUTO_TEST_CASE(version_1_is_walked_up_too_and_its_huge_number_is_no_limit) {
  const std::string none = "9223372036854771712\n";
  const file_texts slurm = {
      {"/proc/self/cgroup", "4:cpu,cpuacct:/\n3:memory:/slurm/uid_1/job_7/step_0\n0::/\n"},
      {v1 + "/memory.limit_in_bytes", none},
      {v1 + "/slurm/uid_1/memory.limit_in_bytes", none},
      {v1 + "/slurm/uid_1/job_7/memory.limit_in_bytes", bytes(64)},
      {v1 + "/slurm/uid_1/job_7/memory.usage_in_bytes", bytes(4)},
      {v1 + "/slurm/uid_1/job_7/step_0/memory.limit_in_bytes", none}};
  BOOST_CHECK_EQUAL(*of(slurm).usable, 60 * gib);
  BOOST_CHECK(of(slurm, {{"SLURM_JOB_ID", "7"}, {"SLURM_MEM_PER_NODE", "65536"}}).assumed.empty());
  BOOST_CHECK(!of({{v1 + "/memory.limit_in_bytes", none}}).limit);
}

BOOST_AUTO_TEST_CASE(version_1_tells_the_limit_of_groups_that_are_not_seen) {
  const usable_memory known = of({{v1 + "/memory.limit_in_bytes", "9223372036854771712\n"},
                                  {v1 + "/memory.usage_in_bytes", bytes(2)},
                                  {v1 + "/memory.stat", "hierarchical_memory_limit " + bytes(50)}});
  BOOST_CHECK_EQUAL(*known.limit, 50 * gib);
  BOOST_CHECK_EQUAL(*known.usable, 48 * gib);
}

/// Kernels before 5.11 have it so unless somebody, such as systemd, asks for a hierarchy.
BOOST_AUTO_TEST_CASE(of_version_1_a_group_without_hierarchy_does_not_bind_those_in_it) {
  const auto job = [](const std::string& parent, const std::string& root) {
    return file_texts{{"/proc/self/cgroup", "3:memory:/batch/job/step\n"},
                      {v1 + "/memory.limit_in_bytes", "9223372036854771712\n"},
                      {v1 + "/memory.use_hierarchy", root},
                      {v1 + "/batch/memory.limit_in_bytes", bytes(8)},
                      {v1 + "/batch/memory.use_hierarchy", parent},
                      {v1 + "/batch/job/memory.limit_in_bytes", bytes(64)},
                      {v1 + "/batch/job/memory.use_hierarchy", "1\n"},
                      {v1 + "/batch/job/step/memory.limit_in_bytes", bytes(100)},
                      {v1 + "/batch/job/step/memory.usage_in_bytes", bytes(4)},
                      {v1 + "/batch/job/step/memory.use_hierarchy", "0\n"}};
  };
  BOOST_CHECK_EQUAL(*of(job("0\n", "1\n")).usable, 60 * gib);
  BOOST_CHECK_EQUAL(*of(job("1\n", "0\n")).usable, 4 * gib);
  const std::map<std::string, std::string> slurm = {{"SLURM_JOB_ID", "7"}, {"SLURM_MEM_PER_NODE", "65536"}};
  BOOST_CHECK(of(job("0\n", "1\n"), slurm).assumed.empty());
}

/// systemd's hybrid: memory is with version 1, and version 2 is there without controllers.
BOOST_AUTO_TEST_CASE(of_both_versions_the_one_that_limits_counts) {
  const std::string own = "/system.slice/docker-1.scope";
  BOOST_CHECK_EQUAL(*of({{"/proc/self/cgroup", "9:memory:" + own + "\n0::" + own + "\n"},
                         {"/proc/self/mountinfo",
                          "30 24 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
                          "33 24 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                          "34 24 0:30 / /home rw - nfs4 fileserver:/home rw\n"},
                         {v1 + own + "/memory.limit_in_bytes", bytes(32)},
                         {v1 + own + "/memory.usage_in_bytes", bytes(1)}})
                         .usable,
                    31 * gib);
}

/// Docker with version 1 shows the container's group at the mount, under the path that it has on the host.
BOOST_AUTO_TEST_CASE(a_container_finds_its_own_group_at_the_mount) {
  const file_texts docker = {{"/proc/self/cgroup", "9:memory:/docker/0123abcd\n0::/docker/0123abcd\n"},
                             {"/proc/self/mountinfo",
                              "33 24 0:29 /docker/0123abcd /sys/fs/cgroup/memory ro - cgroup "
                              "cgroup rw,memory\n"},
                             {v1 + "/memory.limit_in_bytes", bytes(32)}};
  BOOST_CHECK_EQUAL(*of(docker).limit, 32 * gib);
  BOOST_CHECK_EQUAL(
      *of({{"/proc/self/cgroup", "0::/docker/0123abcd\n"}, {v2 + "/memory.max", bytes(16)}}).limit, 16 * gib);
  BOOST_CHECK_EQUAL(*of({{"/proc/self/cgroup", "0::/../../other\n"}, {v2 + "/memory.max", bytes(16)}}).limit,
                    16 * gib);
}

BOOST_AUTO_TEST_CASE(memory_high_limits_as_memory_max_does) {
  const usable_memory known = of({{v2 + "/memory.max", bytes(100)}, {v2 + "/memory.high", bytes(80)}});
  BOOST_CHECK_EQUAL(*known.limit, 80 * gib);
  BOOST_CHECK(known.limit.evidence.ends_with("memory.high"));
}

BOOST_AUTO_TEST_CASE(a_group_uses_at_least_what_those_in_it_use) {
  const usable_memory known = of({{"/proc/self/cgroup", "0::/job/step\n"},
                                  {v2 + "/job/memory.max", bytes(64)},
                                  {v2 + "/job/step/memory.max", "max\n"},
                                  {v2 + "/job/step/memory.current", bytes(5)}});
  BOOST_CHECK_EQUAL(*known.usable, 59 * gib);
}

BOOST_AUTO_TEST_CASE(where_the_group_of_a_slurm_job_is_not_seen_that_is_said) {
  const std::map<std::string, std::string> set = {{"SLURM_JOB_ID", "47"}, {"SLURM_MEM_PER_NODE", "204800"}};
  const usable_memory leaf = of({{"/proc/self/cgroup", "0::/\n"}, {v2 + "/memory.max", "max\n"}}, set);
  BOOST_REQUIRE_EQUAL(leaf.assumed.size(), 1U);
  BOOST_CHECK(leaf.assumed[0].find("Slurm gives job 47 200 GiB of the memory of this node") == 0);
  BOOST_CHECK(
      of({{"/proc/self/cgroup", "0::/slurm/job_47\n"}, {v2 + "/slurm/job_47/memory.max", bytes(200)}}, set)
          .assumed.empty());
  const usable_memory by_cpus =
      of({}, {{"SLURM_JOB_ID", "47"}, {"SLURM_MEM_PER_CPU", "1024"}, {"SLURM_CPUS_ON_NODE", "8"}});
  BOOST_REQUIRE_EQUAL(by_cpus.assumed.size(), 1U);
  BOOST_CHECK(by_cpus.assumed[0].find(" 8 GiB ") != std::string::npos);
  BOOST_CHECK(of({}, {{"SLURM_JOB_ID", "47"}, {"SLURM_MEM_PER_NODE", "0"}}).assumed.empty());  // all of it
}

BOOST_AUTO_TEST_CASE(what_lxcfs_shows_is_the_limit_of_its_container) {
  const usable_memory known = of({{"/proc/meminfo", "MemTotal: " + kb(64) + "MemAvailable: " + kb(61)}});
  BOOST_CHECK_EQUAL(*known.limit, 64 * gib);
  BOOST_CHECK_EQUAL(*known.used, 3 * gib);
  BOOST_CHECK_EQUAL(*known.usable, 61 * gib);
  BOOST_REQUIRE_EQUAL(known.assumed.size(), 1U);
  BOOST_CHECK(known.assumed[0].find("lxcfs") != std::string::npos);
}

/// The container's figures hold no HBM, so none is taken off them.
BOOST_AUTO_TEST_CASE(of_lxcfs_on_a_coherent_machine_no_hbm_is_taken_off) {
  files from = files::of({{"/proc/meminfo", "MemTotal: " + kb(64) + "MemAvailable: " + kb(61)},
                          {"/sys/devices/system/node/node0/meminfo", node_text(0, 480, 300, 20)},
                          {"/sys/devices/system/node/node0/cpulist", "0-71\n"},
                          {"/sys/devices/system/node/node1/meminfo", node_text(1, 95, 90, 0)}});
  answers given;
  given.architecture = "aarch64";
  BOOST_CHECK_EQUAL(*describe(from, given).host_memory.usable, 61 * gib);
}

BOOST_AUTO_TEST_CASE(nodes_that_the_cpu_set_keeps_away_are_left_out) {
  const usable_memory known = of({{"/sys/devices/system/node/node1/meminfo", node_text(1, 64, 50, 10)},
                                  {"/sys/devices/system/node/node1/cpulist", "72-80\n"},
                                  {"/proc/meminfo", "MemTotal: " + kb(576) + "MemAvailable: " + kb(460)},
                                  {"/proc/self/status", "Name:\tsecret\nMems_allowed_list:\t0,4-7\n"}});
  BOOST_CHECK_EQUAL(*known.usable, 400 * gib);
}

/// Free HBM and page cache on it are in MemAvailable, those of GPUs that are not visible and of MIG slices
/// too.
BOOST_AUTO_TEST_CASE(the_kernel_counts_hbm_and_this_does_not) {
  BOOST_CHECK_EQUAL(*tests::machine("gh200-144-cache-on-hbm").host_memory.usable, 449'839'105 * kib);
  BOOST_CHECK_EQUAL(*tests::machine("gh200-4gpu-one-visible").host_memory.usable, 450'887'680 * kib);
  BOOST_CHECK_EQUAL(*tests::machine_without_cuda("gh200-4gpu-one-visible").host_memory.usable,
                    450'887'680 * kib);
  cmm::probe::recorded mig{std::string{CMM_MACHINES} + "/gh200-144-cache-on-hbm"};
  mig.known.given.gpus[0].cuda["cudaMemGetInfo.total"] = static_cast<std::int64_t>(16 * gib);
  mig.known.given.gpus[0].cuda.erase("cudaDevAttrNumaId");
  mig.known.given.gpus[0].nvml.erase("numa_node");
  BOOST_CHECK_EQUAL(*describe(mig.files, mig.known.given).host_memory.usable, 449'839'105 * kib);
}

/// systemd writes "\\x2d" into names, and the kernel "\\134" for the backslash in it.
BOOST_AUTO_TEST_CASE(what_the_kernel_escapes_in_the_list_of_mounts_is_read_as_it_is_named) {
  BOOST_CHECK_EQUAL(
      *of({{"/proc/self/cgroup", "0::/app\\x2done.service/kid\n"},
           {"/proc/self/mountinfo", "29 23 0:26 /app\\134x2done.service /c\\040g rw - cgroup2 cgroup2 rw\n"},
           {"/c g/memory.max", bytes(60)},
           {"/c g/kid/memory.max", bytes(30)}})
           .limit,
      30 * gib);
}

/// Of version 1 a limit of memory and swap together binds too once much was swapped out.
BOOST_AUTO_TEST_CASE(what_was_swapped_out_counts_where_memory_and_swap_have_one_limit) {
  const auto job = [](std::uint64_t both) {
    return file_texts{{v1 + "/memory.limit_in_bytes", bytes(50)},
                      {v1 + "/memory.usage_in_bytes", bytes(10)},
                      {v1 + "/memory.memsw.limit_in_bytes", bytes(50)},
                      {v1 + "/memory.memsw.usage_in_bytes", bytes(both)},
                      {v1 + "/memory.stat", "total_inactive_file " + std::to_string(2 * gib) + "\n"}};
  };
  BOOST_CHECK_EQUAL(*of(job(10)).usable, 42 * gib);
  const usable_memory swapped = of(job(40));
  BOOST_CHECK_EQUAL(*swapped.usable, 12 * gib);
  BOOST_CHECK(swapped.limit.evidence.ends_with("memory.memsw.limit_in_bytes"));
}

BOOST_AUTO_TEST_CASE(a_kernel_that_has_no_figure_of_what_is_available_has_what_is_free_or_page_cache) {
  const std::string total = "MemTotal: " + kb(512);
  const usable_memory old = of({{"/proc/meminfo", total + "MemFree: " + kb(300) + "Active(file): " + kb(60) +
                                                      "Inactive(file): " + kb(30)}});
  BOOST_CHECK_EQUAL(*old.usable, 390 * gib);
  BOOST_REQUIRE_EQUAL(old.assumed.size(), 1U);
  BOOST_CHECK(old.assumed[0].find("no MemAvailable") != std::string::npos);
  const usable_memory by_nodes = of({{"/proc/meminfo", total}, {v2 + "/memory.max", bytes(600)}});
  BOOST_CHECK_EQUAL(*by_nodes.usable, 400 * gib);
  BOOST_REQUIRE_EQUAL(by_nodes.assumed.size(), 1U);
  BOOST_CHECK(by_nodes.assumed[0].find("NUMA nodes") != std::string::npos);
  files nothing = files::of({{"/proc/meminfo", total}});
  BOOST_CHECK(!describe(nothing, answers{}).host_memory.usable);
}

BOOST_AUTO_TEST_CASE(a_limit_that_is_there_and_cannot_be_read_is_named) {
  const usable_memory odd = of({{"/proc/self/cgroup", "0::/job\n"},
                                {v2 + "/job/memory.max", "lots\n"},
                                {v2 + "/job/memory.high", bytes(90)},
                                {v2 + "/job/memory.current", bytes(2)}});
  BOOST_CHECK_EQUAL(*odd.usable, 88 * gib);
  BOOST_REQUIRE_EQUAL(odd.assumed.size(), 1U);
  BOOST_CHECK(odd.assumed[0].find("/sys/fs/cgroup/job/memory.max holds no number") == 0);
  BOOST_CHECK(of({{v1 + "/memory.limit_in_bytes", ""}}).limit.evidence.find("holds no number") !=
              std::string::npos);
  BOOST_CHECK(of({{v2 + "/memory.max", "max\n"}, {v2 + "/memory.high", "max\n"}}).assumed.empty());
  files denied{"/proc/none", {{v2 + "/memory.max", "Permission denied"}}};
  const memory_groups groups = read_memory_groups(denied);
  BOOST_REQUIRE_EQUAL(groups.unclear.size(), 1U);
  BOOST_CHECK_EQUAL(groups.unclear[0], "/sys/fs/cgroup/memory.max cannot be read (Permission denied)");
}

BOOST_AUTO_TEST_CASE(no_more_is_available_than_there_is) {
  BOOST_CHECK_EQUAL(*of({{"/proc/meminfo", "MemTotal: " + kb(512) + "MemAvailable: " + kb(600)}}).usable,
                    512 * gib);
  BOOST_CHECK_EQUAL(*of({{"/proc/meminfo", "MemTotal: " + kb(64) + "MemAvailable: " + kb(300)}}).usable,
                    64 * gib);
}

BOOST_AUTO_TEST_CASE(a_cpu_set_that_names_no_node_with_memory_is_not_believed) {
  for (const char* list : {"abc", "7", "1-0", ""}) {
    BOOST_CHECK_EQUAL(*of({{"/proc/self/status", std::string{"Mems_allowed_list:\t"} + list + "\n"}}).usable,
                      400 * gib);
  }
}

/// Memory without CPUs on a coherent machine: what `/proc/iomem` tells of HBM decides, else it is left out.
BOOST_AUTO_TEST_CASE(memory_without_cpus_beyond_all_hbm_is_host_memory_and_what_is_unclear_is_named) {
  const auto with = [](std::uint64_t size, const std::string& map) {
    file_texts texts{{"/proc/meminfo", "MemTotal: " + kb(575 + size) + "MemAvailable: " + kb(390 + size)},
                     {"/sys/devices/system/node/node0/meminfo", node_text(0, 480, 290, 10)},
                     {"/sys/devices/system/node/node0/cpulist", "0-71\n"},
                     {"/sys/devices/system/node/node1/meminfo", node_text(1, 95, 90, 0)},
                     {"/sys/devices/system/node/node1/cpulist", "\n"},
                     {"/sys/devices/system/node/node9/meminfo", node_text(9, size, size, 0)},
                     {"/sys/devices/system/node/node9/cpulist", "\n"}};
    if (!map.empty()) texts["/proc/iomem"] = map;
    files from = files::of(texts);
    answers given;
    given.architecture = "aarch64";
    given.gpus.resize(1);
    given.gpus[0].name = "NVIDIA GH200 480GB";
    given.gpus[0].cuda = {{"cudaMemGetInfo.total", static_cast<std::int64_t>(189 * gib / 2)},
                          {"cudaDevAttrNumaId", 1},
                          {"cudaDevAttrNumaConfig", 1}};
    return describe(from, given);
  };
  // 96 GiB of addresses, of which the kernel's books take 1.
  const std::string map =
      "80000000-78ffffffff : System RAM\n420000000000-4217ffffffff : System RAM (NVIDIA)\n";
  BOOST_CHECK_EQUAL(*with(256, map).host_memory.usable, (390 + 256 - 90) * gib);
  BOOST_CHECK_EQUAL(*with(95, map).host_memory.usable, (390 + 95 - 90) * gib);
  BOOST_CHECK(with(95, map).host_memory.assumed.empty());
  const usable_memory unclear = with(256, "").host_memory;
  BOOST_CHECK_EQUAL(*unclear.usable, 300 * gib);
  BOOST_REQUIRE_EQUAL(unclear.assumed.size(), 1U);
  BOOST_CHECK(unclear.assumed[0].find("node 9") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(recorded_groups_give_their_bytes) {
  BOOST_CHECK_EQUAL(*tests::machine("gh200-4gpu-slurm-200g").host_memory.usable, 199 * gib);
  BOOST_CHECK_EQUAL(*tests::machine("gh200-4gpu-docker-v1").host_memory.usable, 190 * gib);
  BOOST_CHECK_EQUAL(*tests::machine("gh200-docker-v2-uses-150g").host_memory.usable, 160 * gib);
  BOOST_CHECK_EQUAL(*tests::machine("gh200-4gpu-k8s").host_memory.usable, 62 * gib);
  BOOST_CHECK_EQUAL(*tests::machine("gb10-full-cache").host_memory.usable,
                    *tests::machine("gb10-full-cache").host_memory.available);
}

BOOST_AUTO_TEST_SUITE_END()
