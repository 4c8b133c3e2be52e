#include <boost/test/unit_test.hpp>
#include <cmm/platform.hpp>
#include <cstdint>
#include <string>

BOOST_AUTO_TEST_SUITE(platform_parts)

namespace {

using namespace cmm::platform;

iomem map_of(const std::string& text) {
  files from = files::of({{"/proc/iomem", text}});
  return read_iomem(from);
}

gpu_answers pcie_gpu() {
  return {"NVIDIA H200",
          "0000:00:06.0",
          {{"cudaDevAttrPageableMemoryAccess", 0}, {"cudaDevAttrPageableMemoryAccessUsesHostPageTables", 0}},
          {}};
}

gpu at_link(const std::string& speed, const std::string& width) {
  const std::string place = "/sys/bus/pci/devices/0000:00:06.0/current_link_";
  files from = files::of({{place + "speed", speed + "\n"}, {place + "width", width + "\n"}});
  return describe_gpu(from, pcie_gpu(), 0);
}

}  // namespace

BOOST_AUTO_TEST_CASE(iomem_counts_an_address_once) {
  const iomem map = map_of(
      "1000-1fff : System RAM\n  1000-17ff : Kernel code\n"
      "420000000000-42000fffffff : PCI Bus 0009:01\n"
      "  420000000000-420000ffffff : System RAM (NVIDIA)\n"
      "  420000800000-420001ffffff : System RAM (NVIDIA)\n"
      "  420000000000-420000ffffff : System RAM (NVIDIA)\n");
  BOOST_CHECK(map.readable());
  BOOST_CHECK_EQUAL(map.bytes("System RAM"), 0x1000U);
  BOOST_CHECK_EQUAL(map.bytes(iomem::online_hbm), 0x2000000U);
  BOOST_CHECK_EQUAL(map.bytes("System"), 0U);
}

BOOST_AUTO_TEST_CASE(a_range_of_iomem_inside_another_does_not_shorten_it) {
  const iomem map = map_of(
      "1000-8fff : System RAM\n  2000-2fff : System RAM\n  4000-4fff : System RAM\n"
      "7000-9fff : System RAM\n");
  BOOST_CHECK_EQUAL(map.bytes("System RAM"), 0x9000U);
}

BOOST_AUTO_TEST_CASE(the_free_memory_of_a_node_is_its_mem_free) {
  files from = files::of({{"/sys/devices/system/node/node3/meminfo",
                           "Node 3 MemTotal:  1000 kB\nNode 3 MemUsed:  300 kB\nNode 3 MemFree:  700 kB\n"
                           "Node 3 MemAvailable:  900 kB\nNode 3 SwapFree:  5 kB\n"},
                          {"/sys/devices/system/node/node3/cpulist", "0-71\n"}});
  const auto nodes = read_numa(from);
  BOOST_REQUIRE_EQUAL(nodes.size(), 1U);
  BOOST_CHECK_EQUAL(nodes[0].total, 1000U * 1024);
  BOOST_CHECK_EQUAL(nodes[0].free, 700U * 1024);
}

BOOST_AUTO_TEST_CASE(iomem_at_address_zero_counts_too) {
  const iomem map = map_of("0-fff : System RAM\n800-1fff : System RAM\n1000-13ff : System RAM\n");
  BOOST_CHECK_EQUAL(map.bytes("System RAM"), 0x2000U);
}

BOOST_AUTO_TEST_CASE(iomem_without_addresses_is_hidden_and_counts_nothing) {
  const iomem map = map_of("00000000-00000000 : System RAM\n00000000-00000000 : System RAM (NVIDIA)\n");
  BOOST_CHECK(map.hidden && !map.readable());
  BOOST_CHECK(map.names(iomem::online_hbm));
  BOOST_CHECK_EQUAL(map.bytes(iomem::online_hbm), 0U);
}

BOOST_AUTO_TEST_CASE(iomem_passes_over_what_it_cannot_read) {
  const iomem map =
      map_of("x-y : System RAM\n10-1f System RAM\n: -\n20-2f : System RAM\n2f-20 : System RAM\n");
  BOOST_CHECK_EQUAL(map.bytes("System RAM"), 0x10U);
  BOOST_CHECK_EQUAL(map_of("").why_not, "/proc/iomem is empty");
  files none = files::of({});
  BOOST_CHECK_EQUAL(read_iomem(none).why_not, "/proc/iomem is missing");
}

BOOST_AUTO_TEST_CASE(pcie_rates_are_those_of_the_standard) {
  BOOST_CHECK_CLOSE(pcie_rate(2.5, 16), 4.0, 0.01);
  BOOST_CHECK_CLOSE(pcie_rate(8, 16), 15.754, 0.01);
  BOOST_CHECK_CLOSE(pcie_rate(32, 16), 63.015, 0.01);
  BOOST_CHECK_CLOSE(pcie_rate(64, 16), 121.0, 0.01);
  BOOST_CHECK_EQUAL(pcie_gigatransfers(0), 0);
  BOOST_CHECK_EQUAL(pcie_gigatransfers(7), 0);
}

BOOST_AUTO_TEST_CASE(a_pcie_link_is_read_from_sysfs) {
  const gpu known = at_link("32.0 GT/s PCIe", "16");
  BOOST_CHECK_EQUAL(*known.link, "PCIe");
  BOOST_CHECK_CLOSE(*known.link_rate, 63.015, 0.01);
  BOOST_CHECK(known.link_rate.how == certainty::reported);
}

BOOST_AUTO_TEST_CASE(a_pcie_link_that_is_not_told_stays_unknown) {
  for (const char* speed : {"Unknown", "Unknown speed", "", "-8.0 GT/s", "0.0 GT/s", "nan"}) {
    BOOST_CHECK_MESSAGE(!at_link(speed, "16").link_rate, speed);
  }
  for (const char* width : {"0", "63", "", "x16", "99999999999999999999"}) {
    BOOST_CHECK_MESSAGE(!at_link("32.0 GT/s PCIe", width).link_rate, width);
  }
}

BOOST_AUTO_TEST_CASE(an_idle_link_counts_at_its_best_and_is_named) {
  const std::string place = "/sys/bus/pci/devices/0000:00:06.0/current_link_";
  files from = files::of({{place + "speed", "2.5 GT/s PCIe\n"}, {place + "width", "16\n"}});
  answers given;
  given.gpus.push_back(pcie_gpu());
  given.gpus[0].nvml = {{"pcie_max_generation", 5}, {"pcie_max_width", 16}};
  const description known = describe(from, given);
  BOOST_CHECK_CLOSE(*known.gpus[0].link_rate, 63.015, 0.01);
  BOOST_CHECK(known.gpus[0].link_rate.evidence.find("now trained to 2.5 GT/s x16") != std::string::npos);
  BOOST_CHECK(to_text(known).find("The PCIe link of GPU 0 is now trained") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(hmm_lets_system_memory_move_to_the_gpu) {
  files from = files::of({{"/proc/meminfo", "MemTotal: 1048576 kB\n"}});
  answers given;
  given.architecture = "x86_64";
  given.gpus.push_back(pcie_gpu());
  given.gpus[0].cuda["cudaDevAttrPageableMemoryAccess"] = 1;
  given.gpus[0].cuda["cudaMemGetInfo.total"] = 1 << 20;
  const description known = describe(from, given);
  BOOST_CHECK_EQUAL(*known.gpus[0].addressing, "HMM");
  BOOST_CHECK_EQUAL(*known.reaches("system", 0), 1U << 20);
  BOOST_CHECK_EQUAL(*known.reaches("system", 1), 1U << 30);
}

BOOST_AUTO_TEST_CASE(the_driver_is_read_with_its_settings) {
  files from = files::of(
      {{"/proc/driver/nvidia/version",
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n"},
       {"/proc/driver/nvidia/params", "EnableUserNUMAManagement: 0\nCoherentGPUMemoryMode: \"driver\"\n"},
       {"/sys/module/nvidia_uvm/parameters/uvm_disable_hmm", "Y\n"},
       {"/sys/module/nvidia_uvm/parameters/uvm_perf_access_counter_mimc_migration_enable", "0\n"}});
  const driver_settings known = read_driver(from);
  BOOST_CHECK_EQUAL(*known.version, "550.54.15");
  BOOST_CHECK_EQUAL(*known.modules, "proprietary");
  BOOST_CHECK_EQUAL(*known.memory_mode, "driver");
  BOOST_CHECK(!*known.manages_numa);
  BOOST_CHECK(!*known.hmm_allowed);
  BOOST_CHECK(!known.ats_allowed);
  BOOST_CHECK_EQUAL(*known.access_counters, "off");
}

/// Drivers from 615 on choose CDMM where nobody chose, and say so in another parameter only.
BOOST_AUTO_TEST_CASE(cdmm_by_default_is_inferred) {
  files from = files::of(
      {{"/proc/driver/nvidia/params", "EnableUserNUMAManagement: 0\nCoherentGPUMemoryMode: \"\"\n"}});
  answers given;
  given.gpus.push_back(
      {"NVIDIA GH200 144G HBM3e",
       "0009:01:00.0",
       {{"cudaDevAttrPageableMemoryAccess", 1}, {"cudaDevAttrPageableMemoryAccessUsesHostPageTables", 1}},
       {}});
  const description known = describe(from, given);
  BOOST_CHECK_EQUAL(*known.memory_mode, "CDMM");
  BOOST_CHECK(known.memory_mode.how == certainty::inferred);
}

BOOST_AUTO_TEST_CASE(names_of_people_and_machines_are_replaced) {
  BOOST_CHECK_EQUAL(scrubbed("Release Build  (root@build-7.example.com)  "), "Release Build  ((user))  ");
  BOOST_CHECK_EQUAL(scrubbed("id GPU-2175d97d-0fa8-5fb7-b067-2737ee7c9565."), "id GPU-(uuid).");
  BOOST_CHECK_EQUAL(scrubbed("at 0c:42:a1:00:5e:9f now"), "at (mac) now");
  BOOST_CHECK_EQUAL(scrubbed("0009:01:00.0 at 1000-1fff : System RAM"),
                    "0009:01:00.0 at 1000-1fff : System RAM");
}

BOOST_AUTO_TEST_CASE(sizes_are_read_by_people) {
  BOOST_CHECK_EQUAL(size_text(0), "0");
  BOOST_CHECK_EQUAL(size_text(65536), "64 KiB");
  BOOST_CHECK_EQUAL(size_text(std::uint64_t{97280} << 20), "95 GiB");
  BOOST_CHECK_EQUAL(size_text(101'468'602'368), "94.5 GiB");
  BOOST_CHECK_EQUAL(size_text(std::uint64_t{1150} << 30), "1150 GiB");
  BOOST_CHECK_EQUAL(rate_text(447.12), "447 GB/s");
  BOOST_CHECK_EQUAL(rate_text(4814.3), "4.81 TB/s");
}

BOOST_AUTO_TEST_CASE(the_names_of_superchips_tell_their_lpddr) {
  BOOST_CHECK_EQUAL(*detail::lpddr_by_name("NVIDIA GH200 480GB"), 480'000'000'000U);
  BOOST_CHECK(!detail::lpddr_by_name("NVIDIA GH200 144G HBM3e"));
  BOOST_CHECK(!detail::lpddr_by_name("NVIDIA H100 80GB HBM3"));
  BOOST_CHECK(!detail::lpddr_by_name("NVIDIA GH200 99999999999999999999GB"));
}

BOOST_AUTO_TEST_CASE(json_escapes_what_a_name_may_hold) {
  files from = files::of({});
  answers given;
  given.gpus.push_back({"a \"GPU\"\\\n\xff", "", {}, {}});
  const std::string text = to_json(describe(from, given));
  BOOST_CHECK(text.find("\"name\": \"a \\\"GPU\\\"\\\\\\u000a?\"") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
