#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "../core/error.hpp"
#include "../core/page_waits.hpp"
#include "../core/residence.hpp"
#include "page_probe.hpp"

namespace cmm::cuda {
namespace detail {

using cmm::detail::check;
using cmm::detail::page_wait;
using cmm::detail::settled_waits;

/// The GPUs whose memory is a NUMA node of the system, by node.
inline std::map<int, int> gpu_nodes() {
  int count = 0;
  check(answer(cudaGetDeviceCount(&count), "cudaGetDeviceCount"), "asking for residency");
  std::map<int, int> nodes;
  for (int device = 0; device < count; ++device) {
    int node = -1;
    check(answer(cudaDeviceGetAttribute(&node, cudaDevAttrNumaId, device), "cudaDeviceGetAttribute"),
          "asking for residency");
    if (node >= 0) nodes[node] = device;
  }
  return nodes;
}

/// The node of each page that a CPU has mapped, negative for the others. Moves nothing: it names no nodes.
inline std::vector<int> nodes_of(const std::vector<std::uint64_t>& pages) {
  std::vector<int> nodes(pages.size(), -1);
  std::vector<void*> asked(pages.size());
  std::transform(pages.begin(), pages.end(), asked.begin(),
                 [](std::uint64_t page) { return reinterpret_cast<void*>(page); });
  if (::syscall(SYS_move_pages, 0, asked.size(), asked.data(), nullptr, nodes.data(), 0) < 0) {
    throw bad_request{"the kernel does not tell where pages are (move_pages, error " + std::to_string(errno) +
                      "); in a container, allow CAP_SYS_NICE or a seccomp profile with move_pages"};
  }
  return nodes;
}

/// Pages that no CPU has mapped are on the GPU, on the host and read over the link, or nowhere. No call of
/// CUDA tells which (seen with driver 580), but how long the GPU waits for them does. The pages of 64 KiB,
/// which the GPU faults for together, are asked by one of them.
inline void add_by_waiting(std::vector<residence>& sums, const std::vector<std::uint64_t>& pages,
                           int device) {
  constexpr unsigned granule_bits = 16;
  std::vector<std::uint64_t> asked;
  std::vector<std::size_t> together;  // how many pages each of them speaks for
  for (const std::uint64_t page : pages) {
    if (asked.empty() || asked.back() >> granule_bits != page >> granule_bits) {
      asked.push_back(page);
      together.push_back(0);
    }
    ++together.back();
  }
  if (asked.empty()) return;
  page_probe probe;
  const std::uint32_t own = probe.own_memory_wait();
  const std::vector<page_wait> waits =
      settled_waits(asked, own, [&](const auto& words) { return probe.wait_for(words); });
  for (std::size_t i = 0; i < waits.size(); ++i) {
    const location at = waits[i].faulted()     ? location::none()
                        : waits[i].remote(own) ? location::host()
                                               : location::device(device);
    add(sums, at, together[i]);
  }
}

}  // namespace detail

/// Where the bytes of a range live, as the kernel's page tables and the GPU see it: what a CPU has mapped is
/// on the NUMA node that the kernel names; the rest is on the GPU, on the host (mapped by the GPU alone) or
/// nowhere (never touched, or discarded), told apart by how long the GPU waits for it.
///
/// Waits for all work of the device. At most 262,144 pages are asked, evenly spaced. Asking populates a page
/// that was nowhere, and brings an evicted page back. Memory that cannot migrate is where it was taken.
/// Throws `bad_request` for memory that CUDA does not know, `cuda_error` where CUDA fails.
inline std::vector<residence> residency(const void* data, std::size_t bytes, int device) {
  if (bytes == 0) return {};
  cudaPointerAttributes seen{};
  detail::check(answer(cudaPointerGetAttributes(&seen, data), "cudaPointerGetAttributes"),
                "asking for residency");
  if (seen.type == cudaMemoryTypeDevice) return {{location::device(seen.device), bytes}};

  constexpr std::size_t most_pages = std::size_t{1} << 18;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(data) / page * page;
  const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(data) + bytes;
  const std::size_t all = (end - begin + page - 1) / page;
  const std::size_t step = (all + most_pages - 1) / most_pages;
  std::vector<std::uint64_t> pages;
  for (std::size_t i = 0; i < all; i += step) pages.push_back(begin + i * page);

  detail::check(answer(cudaDeviceSynchronize(), "cudaDeviceSynchronize"), "asking for residency");
  const std::vector<int> nodes = detail::nodes_of(pages);
  const std::map<int, int> gpus = detail::gpu_nodes();
  std::vector<residence> sums;
  std::vector<std::uint64_t> unmapped;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    if (nodes[i] < 0) {
      unmapped.push_back(pages[i]);
    } else if (const auto gpu = gpus.find(nodes[i]); gpu != gpus.end()) {
      add(sums, location::device(gpu->second), 1);
    } else {
      add(sums, location::host_numa(nodes[i]), 1);
    }
  }
  if (seen.type == cudaMemoryTypeManaged) {
    detail::add_by_waiting(sums, unmapped, device);
  } else {
    add(sums, location::none(), unmapped.size());
  }

  // Pages become bytes of the range, which may begin and end within one.
  std::size_t left = bytes;
  for (residence& each : sums) {
    const auto share = static_cast<double>(each.bytes) / static_cast<double>(pages.size());
    each.bytes = &each == &sums.back()
                     ? left
                     : std::min(left, static_cast<std::size_t>(share * static_cast<double>(bytes)));
    left -= each.bytes;
  }
  return sums;
}

}  // namespace cmm::cuda
