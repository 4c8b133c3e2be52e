#pragma once

#include <string>
#include <string_view>

#include "../core/error.hpp"
#include "profile.hpp"

namespace cmm::sim {

namespace detail {

inline constexpr double mib = 1024.0 * 1024.0;
inline constexpr double gib = 1024.0 * mib;
inline constexpr const char* h200 = "measured by cmm on an H200, 2026-11";
inline constexpr const char* from_h200 = "fitted to figures measured by cmm on an H200, 2026-11";
inline constexpr const char* like_h200 = "assumed, as on the H200";
inline constexpr const char* dnhkng = "dnhkng, report on 2 x GH200";
inline constexpr const char* schieffer = "Schieffer et al., ICPP 2024";
inline constexpr const char* rrze = "RRZE gpu-benches";
inline constexpr const char* scaled =
    "assumed, H200 fault cost scaled to the 18-29 GB/s of dnhkng, report on 2 x GH200";
inline constexpr const char* driver_docs = "CUDA programming guide";

/// Calls cost host and driver time, much the same on every machine.
constexpr call_costs calls_of(const char* source) {
  return {.managed_alloc = {{16e3, source}, {5e3 / gib, source}},
          .managed_free = {{15e3, source}, {2e3 / gib, source}},
          .device_alloc = {{3.4e3, source}, {102.6e3 / gib, source}},
          .device_free = {{2.5e3, source}, {332.5e3 / gib, source}},
          .system_alloc = {{2e3, "assumed"}, {}},
          .system_free = {{2e3, "assumed"}, {20e3 / gib, "assumed"}},
          .pool_create = {20e3, "assumed"},
          .pool_alloc = {0.65e3, source},
          .pool_free = {0.65e3, source},
          .advise = {1e3, "assumed"},
          .event = {0.5e3, "assumed"},
          .query = {0.2e3, "assumed"}};
}

}  // namespace detail

/// One H200 on PCIe 5 x16, HMM off, 16 vCPU of a Xeon host.
inline constexpr profile h200_pcie{
    .name = "h200-pcie",
    .hbm = {.capacity = {141e9, "NVIDIA H200 data sheet"},
            .read = {4100, detail::h200},
            .write = {3900, detail::h200},
            .latency = {345, "assumed, as RRZE gpu-benches on the GH200"}},
    .host = {.capacity = {128 * detail::gib, "assumed"},
             .read = {60, "assumed"},
             .write = {40, "assumed"},
             .latency = {100, "assumed"}},
    .link = {.h2d = {55.4, detail::h200},
             .d2h = {55.3, detail::h200},
             .remote_read = {51.3, detail::h200},
             .remote_write = {52.5, detail::h200},
             .remote_latency = {1186, detail::h200},
             .cpu_read = {0, "PCIe: the CPU does not map HBM"}},
    .calls = detail::calls_of(detail::h200),
    .faults = {.wake_up = {39e3, detail::from_h200},
               .service_fresh = {9.2e3, detail::from_h200},
               .service_migration = {14.5e3, detail::from_h200},
               .strided = {{{{4096, {720, detail::h200}},
                             {65536, {5600, detail::h200}},
                             {2 * detail::mib, {19700, detail::h200}}}}},
               .cpu_first_touch = {4, "assumed"},
               .cpu_migration = {2.75, detail::from_h200},
               .eviction = {13.7, "assumed, as prefetch to the CPU"}},
    .prefetch = {.populate = {{{{2 * detail::mib, {64, detail::h200}},
                                {32 * detail::mib, {177, detail::h200}},
                                {256 * detail::mib, {204, detail::h200}},
                                {2 * detail::gib, {276, detail::h200}}}}},
                 .populate_cap = {312, detail::h200},
                 .to_device = {{{{2 * detail::mib, {17.6, detail::h200}},
                                 {2 * detail::gib, {50, detail::h200}}}}},
                 .to_device_lock = {21e3, detail::from_h200},
                 .to_host = {13.7, detail::h200},
                 .blocked_share = {{{{2 * detail::mib, {1, detail::h200}},
                                     {2 * detail::gib, {0.72, detail::h200}}}}}},
    .capabilities = {{{1, detail::h200},
                      {0, detail::h200},
                      {0, detail::h200},
                      {1, detail::h200},
                      {1, detail::h200},
                      {0, detail::h200}}},
};

/// GH200 with 96 GB of HBM3 and 480 GB of LPDDR5X; the GPU reads all of it over NVLink-C2C.
inline constexpr profile gh200_480{
    .name = "gh200-480",
    .hbm = {.capacity = {97280 * detail::mib, "size of the HBM NUMA node of a GH200"},
            .read = {3600, detail::schieffer},
            .write = {3600, detail::schieffer},
            .latency = {345, detail::rrze}},
    .host = {.capacity = {480e9, "NVIDIA GH200 data sheet"},
             .read = {330, detail::dnhkng},
             .write = {307, detail::dnhkng},
             .latency = {110, "assumed"}},
    .link = {.h2d = {377, detail::dnhkng},
             .d2h = {297, detail::dnhkng},
             .remote_read = {335, detail::dnhkng},
             .remote_write = {297, "assumed, as D2H"},
             .remote_latency = {725, "assumed, 600-850 ns"},
             .cpu_read = {168, "HPI HCDS 2025, an upper bound"}},
    .calls = detail::calls_of(detail::like_h200),
    .faults = {.wake_up = {39e3, detail::like_h200},
               .service_fresh = {4e3, detail::scaled},
               .service_migration = {6.3e3, detail::scaled},
               .strided = {{{{4096, {310, detail::scaled}},
                             {65536, {2400, detail::scaled}},
                             {2 * detail::mib, {8500, detail::scaled}}}}},
               .cpu_first_touch = {10, "assumed"},
               .cpu_migration = {18, detail::dnhkng},
               .eviction = {100, "assumed"}},
    .prefetch = {.populate = {{{{2 * detail::mib, {64, detail::like_h200}},
                                {32 * detail::mib, {177, detail::like_h200}},
                                {256 * detail::mib, {204, detail::like_h200}},
                                {2 * detail::gib, {276, detail::like_h200}}}}},
                 .populate_cap = {312, detail::like_h200},
                 .to_device = {{{{2 * detail::mib, {60, "assumed"}}, {2 * detail::gib, {340, "assumed"}}}}},
                 .to_device_lock = {21e3, detail::like_h200},
                 .to_host = {100, "assumed"},
                 .blocked_share = {{{{2 * detail::mib, {1, detail::like_h200}},
                                     {2 * detail::gib, {0.72, detail::like_h200}}}}}},
    .capabilities = {{{1, detail::driver_docs},
                      {1, detail::driver_docs},
                      {0, "assumed"},
                      {1, detail::driver_docs},
                      {1, detail::driver_docs},
                      {0, "assumed"}}},
};

/// The same in EGM mode on bare metal: Linux sees 8 GiB of LPDDR; the carve-out is for virtual machines.
inline constexpr profile gh200_480_egm = [] {
  profile p = gh200_480;
  p.name = "gh200-480-egm";
  p.host.capacity = {8 * detail::gib, "NUMA node 0 of a GH200 in EGM mode"};
  p.capabilities[static_cast<std::size_t>(attribute::egm)] = {1, "CUDA programming guide"};
  return p;
}();

/// GH200 with 144 GB of HBM3e.
inline constexpr profile gh200_144 = [] {
  profile p = gh200_480;
  p.name = "gh200-144";
  p.hbm.capacity = {144e9, "NVIDIA GH200 data sheet"};
  p.hbm.read = p.hbm.write = {4400, "assumed, 90 % of the 4.9 TB/s of the NVIDIA GH200 data sheet"};
  return p;
}();

/// GB10 (DGX Spark): 128 GB of LPDDR5X that CPU and GPU share; nothing migrates.
inline constexpr profile gb10 = [] {
  profile p = gh200_480;
  constexpr figure speed{245, "assumed, 90 % of the 273 GB/s of the NVIDIA DGX Spark data sheet"};
  p.name = "gb10";
  p.unified = true;
  p.hbm = p.host = {{128e9, "NVIDIA DGX Spark data sheet"}, speed, speed, {350, "assumed"}};
  p.link = {speed, speed, speed, speed, {350, "assumed"}, speed};
  return p;
}();

/// The profile of this name. Throws `bad_text` that names the text and lists the profiles there are.
inline const profile& find_profile(std::string_view name) {
  std::string known;
  for (const profile* each : {&h200_pcie, &gh200_480, &gh200_480_egm, &gh200_144, &gb10}) {
    if (name == each->name) return *each;
    known += (known.empty() ? "" : ", ") + std::string{each->name};
  }
  throw bad_text{"there is no simulated machine \"" + std::string{name} + "\"; the known ones are " + known};
}

}  // namespace cmm::sim
