#pragma once

#include "hopper.hpp"

namespace cmm::sim {

namespace detail {

inline constexpr const char* dnhkng = "dnhkng, report on 2 x GH200";
inline constexpr const char* schieffer = "Schieffer et al., ICPP 2024";
inline constexpr const char* rrze = "RRZE gpu-benches";
inline constexpr const char* gh200_sheet = "NVIDIA GH200 data sheet";
inline constexpr const char* cuda_guide = "CUDA programming guide";
inline constexpr const char* copier = "TensorRT-LLM, its copier of KV blocks on a GH200";

/// A cost of the driver's faults on the H200, made smaller until pages come at the 18-29 GB/s of GH200.
constexpr figure scaled(double h200) {
  return {0.6 * h200, "assumed, H200 cost scaled to the 18-29 GB/s of dnhkng, report on 2 x GH200"};
}

}  // namespace detail

/// GH200 with 96 GB of HBM3 and 480 GB of LPDDR5X; the GPU reads all of it over NVLink-C2C.
///
/// It reproduces the published bandwidths and latencies of this part. Of what is published it leaves out: the
/// 16 ns of the L1 cache, which the pointer chase reads past; the 800-1000 ns of a CPU load from HBM, since
/// CPU loops cost bytes at a rate; the 400-486 GB/s of the 120 GB part's LPDDR5X; and the 10 GB/s of KV
/// transfers in stock vLLM, which are its software.
inline constexpr profile gh200_480 = [] {
  using namespace detail;
  constexpr figure lpddr{384, "assumed, the peak of the LPDDR, which reads or writes"};
  constexpr figure remote_socket{133, "assumed, as the slowest of the remote socket"};
  constexpr figure moved{43, copier};
  constexpr figure ring{43, "assumed, as threads that load and store"};
  constexpr figure can{1, cuda_guide};
  constexpr figure cannot{0, "assumed"};
  profile p = hopper_machine;
  p.name = "gh200-480";
  p.hbm = {.capacity = {97280 * mib, "size of the HBM NUMA node of a GH200"},
           .peak = {4000, gh200_sheet},
           .read = {3600, schieffer},
           .write = {3600, schieffer},
           .latency = {345, rrze}};
  p.host = {.capacity = {480e9, gh200_sheet},
            .peak = {384, "Chips and Cheese, on the GH200"},
            .read = {330, dnhkng},
            .write = {307, dnhkng},
            .latency = {110, "assumed"}};
  p.cpu.access = {110, "assumed"};
  p.gpu.multiprocessors = {132, gh200_sheet};
  p.gpu.cache_latency = {142, rrze};
  p.gpu.bf16 = {989.4e3, gh200_sheet};
  p.gpu.fp8 = {1978.9e3, gh200_sheet};
  p.gpu.fp32 = {66.9e3, gh200_sheet};
  p.link = {.peak = {450, gh200_sheet},
            .h2d = {377, dnhkng},
            .d2h = {297, dnhkng},
            .both = lpddr,
            .remote_read = {335, dnhkng},
            .remote_write = {355, copier},
            .remote_both = lpddr,
            .remote_latency = {725, "assumed, 600-850 ns"},
            .far = {177, "dnhkng, report on 2 x GH200: the middle of 133-221"},
            .cpu_read = {168, "HPI HCDS 2025, an upper bound"},
            .peer = remote_socket,
            .peer_read = remote_socket,
            .peer_write = remote_socket,
            .peer_both = {266, "assumed, each way by itself"},
            .peer_peak = {221, "assumed, as the fastest of the remote socket"}};
  p.copies.inlined = {p.copies.inlined, like_h200};
  p.copies.engine = {6.5e3, "SuperInfer: under 10 GB/s in pieces of 64 KB over C2C"};
  p.movers.up = p.movers.down = moved;
  p.movers.swap = {21, "assumed, as much both ways as one way"};
  p.movers.ring_up = p.movers.ring_down = ring;
  p.movers.ring_swap = {21, "assumed, as threads that load and store"};
  p.movers.piece = {40, "assumed, small enough for 97 % of the link by eight thread blocks"};
  p.faults = {.batch = scaled(p.faults.batch),
              .service = scaled(p.faults.service),
              .service_migration = scaled(p.faults.service_migration),
              .granule = scaled(p.faults.granule),
              .cpu_fault = scaled(p.faults.cpu_fault),
              .cpu_zero = {10, "assumed"},
              .cpu_migrate = {100, "assumed"}};
  p.capabilities = {can, can, cannot, can, can, cannot, can, can, can};
  return p;
}();

/// The same in EGM mode on bare metal: Linux sees 8 GiB of LPDDR; the carve-out is for virtual machines.
inline constexpr profile gh200_480_egm = [] {
  profile p = gh200_480;
  p.name = "gh200-480-egm";
  p.host.capacity = {8 * detail::gib, "NUMA node 0 of a GH200 in EGM mode"};
  p.capabilities[static_cast<std::size_t>(attribute::egm)] = {1, detail::cuda_guide};
  return p;
}();

/// Two of them in one node, each with its own LPDDR.
inline constexpr profile gh200_480_x2 = [] {
  profile p = gh200_480;
  p.name = "gh200-480-x2";
  p.devices = p.numa_nodes = 2;
  p.host.capacity = {2 * 480e9, detail::gh200_sheet};
  return p;
}();

/// GH200 with 144 GB of HBM3e.
inline constexpr profile gh200_144 = [] {
  profile p = gh200_480;
  p.name = "gh200-144";
  p.hbm.capacity = {144e9, detail::gh200_sheet};
  p.hbm.peak = {4900, detail::gh200_sheet};
  p.hbm.read = p.hbm.write = {4400, "assumed, 90 % of the peak"};
  return p;
}();

/// GB10 (DGX Spark): 128 GB of LPDDR5X that CPU and GPU share; nothing migrates.
inline constexpr profile gb10 = [] {
  profile p = gh200_480;
  constexpr const char* sheet = "NVIDIA DGX Spark data sheet";
  constexpr figure peak{273, sheet};
  constexpr figure speed{245, "assumed, 90 % of the peak"};
  constexpr figure latency{350, "assumed"};
  constexpr figure same{0, "one memory: there is no link to another"};
  p.name = "gb10";
  p.unified = true;
  p.hbm = p.host = {{128e9, sheet}, peak, speed, speed, latency};
  p.link = {peak,  speed, speed, speed, speed, speed, speed, latency,
            speed, speed, same,  same,  same,  same,  same};
  p.prefetch.block = {8.6e3, "assumed, 2 MiB cleared at the speed at which its memory is written"};
  p.gpu.multiprocessors = {48, sheet};
  p.gpu.cache = {24 * detail::mib, "assumed"};
  p.gpu.bf16 = {125e3, "assumed, an eighth of the petaFLOP of sparse fp4 on the NVIDIA DGX Spark data sheet"};
  p.gpu.fp8 = {250e3, "assumed, a quarter of the petaFLOP of sparse fp4 on the NVIDIA DGX Spark data sheet"};
  p.gpu.fp32 = {31e3, "assumed, 6144 cores at 2.5 GHz"};
  return p;
}();

}  // namespace cmm::sim
