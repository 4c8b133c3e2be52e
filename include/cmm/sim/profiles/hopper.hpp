#pragma once

#include <string_view>

#include "profile.hpp"

namespace cmm::sim {

namespace detail {

inline constexpr double mib = 1024.0 * 1024.0;
inline constexpr double gib = 1024.0 * mib;
inline constexpr const char* h200_attributes = "attributes of an H200, driver 580";
inline constexpr const char* h200_sheet = "NVIDIA H200 data sheet";
inline constexpr const char* hopper = "NVIDIA Hopper tuning guide";
inline constexpr const char* rrze_gh200 = "RRZE gpu-benches, on the GH200";

inline constexpr const char* moved_by_h200 = "measured on an H200: large pages, one thread block";

inline constexpr figure offers{1, h200_attributes};
inline constexpr figure lacks{0, h200_attributes};
inline constexpr figure likely{1, "assumed, as an H100 with driver 580 offers"};

inline constexpr calibrated h200_calibration[] = {
    {"calls.managed_pair", "allocate/allocator:managed+advise_only/bytes:16MiB"},
    {"calls.device_pair", "allocate/allocator:cudaMalloc/bytes:2MiB"},
    {"calls.pool_pair", "allocate/allocator:driver_managed_pool/bytes:16MiB"},
    {"calls.event", "allocate/allocator:device+pool/bytes:16MiB"},
    {"prefetch.queued", "kv_access/access:prefetch/block:256KiB/host:50pct/bytes:256MiB"},
    {"prefetch.block", "page_fault/what:populate/by:one_cudaMemPrefetchAsync/bytes:2GiB"},
    {"prefetch.range_migration", "kv_access/access:batched_prefetch/block:64KiB/host:25pct/bytes:256MiB"},
    {"faults.batch", "page_fault/what:one_fault_fresh"},
    {"faults.service", "page_fault/what:gpu_touches_fresh/stride:2MiB/bytes:1GiB"},
    {"faults.service_migration", "page_fault/what:gpu_reads_cpu_pages/stride:2MiB/bytes:1GiB"},
    {"faults.cpu_fault", "page_fault/what:cpu_writes_gpu_pages/stride:2MiB/bytes:1GiB"},
    {"faults.cpu_migrate", "page_fault/what:to_cpu_by_prefetch/bytes:1GiB"},
};

}  // namespace detail

/// One H200 on PCIe 5 x16, HMM off, 16 vCPU of a Xeon host.
inline constexpr profile h200_pcie{
    .name = "h200-pcie",
    .hbm = {.capacity = {141e9, detail::h200_sheet},
            .peak = {4800, detail::h200_sheet},
            .read = {4320, "assumed, 90 % of the peak"},
            .write = {4320, "assumed, 90 % of the peak"},
            .latency = {345, detail::rrze_gh200}},
    .host = {.capacity = {128 * detail::gib, "assumed"},
             .peak = {200, "assumed"},
             .read = {100, "assumed"},
             .write = {80, "assumed"},
             .latency = {100, "assumed"}},
    .cpu = {.read = {8, "assumed, a word in a nanosecond"},
            .write = {8, "assumed, a word in a nanosecond"},
            .access = {300, "assumed, three misses of 100 ns: two walk the page tables of a guest"}},
    .gpu = {.multiprocessors = {132, detail::h200_sheet},
            .in_flight = {128.0 * 1024, "2048 threads of four times 16 bytes, as the kernels of cmm_bench"},
            .threads = {2048, detail::hopper},
            .launch = {3.4e3, after_h200, "a kernel of a few thread blocks, its start and end included"},
            .cache = {60 * detail::mib, detail::h200_attributes},
            .cache_latency = {142, detail::rrze_gh200},
            .bf16 = {989.4e3, detail::h200_sheet},
            .fp8 = {1978.9e3, detail::h200_sheet},
            .fp32 = {66.9e3, detail::h200_sheet},
            .product_share = {0.8, after_h200, "the clock falls under a full load"},
            .fp8_share = {0.87, after_h200, "and falls further where more is done at once"}},
    .link = {.peak = {63, "PCIe 5.0 x16, after 128b/130b coding"},
             .h2d = {55.4, after_h200, "88 % of PCIe 5.0 x16, after packet headers"},
             .d2h = {55.4, after_h200, "88 % of PCIe 5.0 x16, after packet headers"},
             .both = {97, after_h200, "77 % of both ways of PCIe 5.0 x16"},
             .remote_read = {51, after_h200, "81 % of PCIe 5.0 x16: requests of 128 bytes"},
             .remote_write = {51, after_h200, "81 % of PCIe 5.0 x16: requests of 128 bytes"},
             .remote_both = {84, after_h200, "67 % of both ways of PCIe 5.0 x16"},
             .remote_latency = {1200, "assumed, a round trip over PCIe"},
             .far = {51, "assumed, one socket"},
             .cpu_read = {0, "PCIe: the CPU does not map HBM"},
             .peer = {50, "assumed, over PCIe"},
             .peer_read = {45, "assumed, over PCIe"},
             .peer_write = {45, "assumed, over PCIe"},
             .peer_both = {90, "assumed, over PCIe"},
             .peer_peak = {63, "PCIe 5.0 x16, after 128b/130b coding"}},
    .copies = {.call = {2e3, "assumed"},
               .batched = {0.5e3, "assumed"},
               .inlined = {3.1e3, after_h200, "16 KiB that the CPU writes over PCIe, word by word"},
               .engine = {2.9e3, after_h200, "a command is read and a copy started and ended"},
               .engine_batched = {450, after_h200, "one copy after another, without a new start"},
               .staged = {10, "assumed, one CPU thread copies"}},
    .movers = {.up = {47, detail::moved_by_h200},
               .down = {45, detail::moved_by_h200},
               .swap = {23, detail::moved_by_h200},
               .ring_up = {48, detail::moved_by_h200},
               .ring_down = {44, detail::moved_by_h200},
               .ring_swap = {22, detail::moved_by_h200},
               .piece = {150, after_h200, "pages of 16 KiB, one thread block"},
               .beside = {0.5, after_h200, "a product takes its part of the memory's answers"},
               .slows = {0.06, after_h200, "by 3 to 9 % for each thread block"},
               .slows_large = {0.07, after_h200, "tiles wait for the multiprocessor that is missing"},
               .saturated = {0.8, after_h200, "by 50 to 150 % more, as queues of the link fill up"},
               .engine_slows = {0.02, after_h200, "by 0.5 to 5 %"}},
    .calls = {.managed_pair = {13.4e3, from_a_row},
              .device_pair = {55.6e3, from_a_row},
              .device_pair_per_byte = {0.3e-3, after_h200,
                                       "0.6 us for each 2 MiB that is mapped and unmapped"},
              .small_device_pair = {6e3, "assumed"},
              .system_pair = {4e3, "assumed"},
              .pinned_per_byte = {0.4, "assumed, pages are cleared and pinned at 2.5 GB/s"},
              .host_memory_per_byte = {0.21, "assumed, as cmm measured on an H100: 4.3-5.3 GB/s"},
              .map_per_byte = {0.0065, "assumed, as cmm measured on an H100: 80 GiB in 0.56 s"},
              .unmap_per_byte = {0.0146, "assumed, as cmm measured on an H100: 80 GiB in 1.25 s"},
              .pool_create = {20e3, "assumed"},
              .pool_pair = {1.29e3, from_a_row},
              .device_pool_share = {0.6, after_h200,
                                    "the same list of blocks, without managed memory's bookkeeping"},
              .advise = {2e3, after_h200, "one system call that changes a range"},
              .event = {200, from_a_row},
              .ask = {60, after_h200, "a call that reads memory of the process"},
              .launch = {2.5e3, after_h200, "a command is written and a doorbell rung over PCIe"},
              .product = {8e3, after_h200, "the library chooses a kernel, then launches it"},
              .wait = {3e3, "assumed"}},
    .faults = {.batch = {20.9e3, from_a_row},
               .service = {8.42e3, from_a_row},
               .service_migration = {19.4e3, from_a_row},
               .granule = {1e3, after_h200, "a command that clears 64 KiB and its page table entries"},
               .cpu_fault = {22.1e3, from_a_row},
               .cpu_zero = {8, after_h200, "as fast as one thread writes"},
               .cpu_migrate = {11.3, from_a_row}},
    .prefetch = {.call = {6e3, after_h200,
                          "a system call that takes the lock of the driver and looks up a range"},
                 .queued = {20.2e3, from_a_row},
                 .block = {7.71e3, from_a_row},
                 .range_migration = {33.1e3, from_a_row},
                 .handoff = {0.15, after_h200, "a lock that changes hands"},
                 .blocked = {0.7, after_h200, "the call returns when the last copies are under way"}},
    .capabilities = {detail::offers, detail::lacks, detail::lacks, detail::offers, detail::offers,
                     detail::lacks, detail::likely, detail::likely, detail::likely},
    .calibration = detail::h200_calibration,
};

namespace detail {

inline constexpr const char* like_h200 = "assumed, as on the H200";

/// What another machine has in common with the H200, driver, calls and GPU, until it says otherwise: what was
/// measured there is assumed, and what was assumed there is so for the same reason.
inline constexpr profile hopper_machine = [] {
  profile p = h200_pcie;
  profile::each(p, [](const char*, const char*, figure& one, const char*) {
    const std::string_view source = one.source;
    if (source == from_a_row || source == moved_by_h200 || source == h200_attributes)
      one = {one.value, like_h200};
  });
  p.calibration = {};
  return p;
}();

}  // namespace detail

/// Two H100 SXM of one node, joined by NVLink 4; host and driver as on the H200.
inline constexpr profile h100_x2 = [] {
  constexpr const char* sheet = "NVIDIA H100 data sheet";
  constexpr const char* linked = "assumed, as copies between two H100 over NVLink reach";
  profile p = detail::hopper_machine;
  p.name = "h100-x2";
  p.devices = 2;
  p.hbm.capacity = {80e9, sheet};
  p.hbm.peak = {3350, sheet};
  p.hbm.read = p.hbm.write = {3015, "assumed, 90 % of the peak"};
  p.gpu.cache = {50 * detail::mib, detail::hopper};
  p.link.peer = {395, linked};
  p.link.peer_read = {369, "assumed, as kernels write over NVLink"};
  p.link.peer_write = {369, linked};
  p.link.peer_both = {781, linked};
  p.link.peer_peak = {450, "NVIDIA H100 data sheet: 900 GB/s of NVLink both ways together"};
  return p;
}();

}  // namespace cmm::sim
