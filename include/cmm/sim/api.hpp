#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../core/block.hpp"
#include "calls/mapping.hpp"
#include "calls/pools.hpp"
#include "machine.hpp"

namespace cmm::sim {

/// Sends the thread's calls to a device until its end; `current_device` leaves the thread's own.
class device_scope {
 public:
  device_scope(machine& on, int device) : machine_{on} {
    result_ = machine_.call("cudaGetDevice", [&](state& s) {
      device_ = before_ = s.device();
      return s.done_beside(s.machine.calls.ask);
    });
    if (!result_.ok() || device == current_device || device == before_) return;
    result_ = machine_.call("cudaSetDevice", [&](state& s) {
      if (!s.known_device(device)) return errc::invalid_device;
      s.device() = device_ = device;
      return errc::success;
    });
  }
  device_scope(const device_scope&) = delete;
  device_scope& operator=(const device_scope&) = delete;
  ~device_scope() {
    if (device_ != before_) machine_.inspect([this](state& s) { s.device() = before_; });
  }

  [[nodiscard]] status result() const noexcept { return result_; }
  [[nodiscard]] int device() const noexcept { return device_; }

 private:
  machine& machine_;
  status result_{};
  int before_ = 0;
  int device_ = 0;
};

/// The api of a simulated machine: `cmm::api` without CUDA. A cheap handle; the machine must outlive it.
class api {
 public:
  explicit api(sim::machine& on) noexcept : machine_{&on} {}

  [[nodiscard]] sim::machine& machine() const noexcept { return *machine_; }

  /// What the null handle means to the program on the machine.
  [[nodiscard]] stream default_stream() const noexcept { return machine_->default_stream(); }

  [[nodiscard]] device_scope enter(int device) { return {*machine_, device}; }

  status allocate_managed(void*& out, std::size_t bytes) {
    return call("cudaMallocManaged", sim::allocate_managed, out, bytes);
  }
  status allocate_device(void*& out, std::size_t bytes) {
    return call("cudaMalloc", sim::allocate_device, out, bytes);
  }
  status allocate_system(void*& out, std::size_t bytes) {
    return call("mmap", sim::allocate_system, out, bytes);
  }
  status free(void* p) { return call("cudaFree", free_block, p); }
  status free_system(void* p, std::size_t bytes) { return call("munmap", sim::free_system, p, bytes); }

  status create_pool(pool_handle& out, const pool_properties& what) {
    return call("cudaMemPoolCreate", sim::create_pool, out, what);
  }
  status destroy_pool(pool_handle pool) { return call("cudaMemPoolDestroy", sim::destroy_pool, pool); }
  status grant_access(pool_handle pool, int device) {
    return call("cudaMemPoolSetAccess", sim::grant_access, pool, device);
  }
  status allocate_from_pool(void*& out, std::size_t bytes, pool_handle pool, stream on) {
    return call_in(on, "cudaMallocFromPoolAsync", sim::allocate_from_pool, out, bytes, pool);
  }
  status free_to_pool(void* p, stream on) { return call_in(on, "cudaFreeAsync", sim::free_to_pool, p); }

  status advise(void* p, std::size_t bytes, advice what, location where) {
    return call("cudaMemAdvise", sim::advise, p, bytes, what, where, true);
  }
  status withdraw(void* p, std::size_t bytes, advice what, location where) {
    return call("cudaMemAdvise", sim::advise, p, bytes, what, where, false);
  }
  status prefetch(void* p, std::size_t bytes, location where, stream on) {
    const memory_use range{p, bytes};
    return call_in(on, "cudaMemPrefetchAsync", sim::prefetch, std::span{&range, 1}, where, false);
  }
  status prefetch_batch(void** data, std::size_t* bytes, std::size_t count, location where, stream on) {
    return call_in(on, "cudaMemPrefetchBatchAsync", sim::prefetch, ranges(data, bytes, count), where, true);
  }
  status discard_batch(void** data, std::size_t* bytes, std::size_t count, stream on) {
    return call_in(on, "cudaMemDiscardBatchAsync", discard, ranges(data, bytes, count));
  }
  status discard_and_prefetch_batch(void** data, std::size_t* bytes, std::size_t count, location where,
                                    stream on) {
    return call_in(on, "cudaMemDiscardAndPrefetchBatchAsync", discard_and_prefetch,
                   ranges(data, bytes, count), where);
  }

  status reserve(void*& out, std::size_t bytes) {
    return call("cuMemAddressReserve", sim::reserve, out, bytes);
  }
  status free_reserved(void* p, std::size_t bytes) {
    return call("cuMemAddressFree", sim::free_reserved, p, bytes);
  }
  status create_memory(memory_handle& out, std::size_t bytes, location where, bool shareable) {
    return call("cuMemCreate", sim::create_memory, out, bytes, where, shareable);
  }
  status release_memory(memory_handle memory) { return call("cuMemRelease", sim::release_memory, memory); }
  status map(void* p, std::size_t bytes, memory_handle memory) {
    return call("cuMemMap", sim::map, p, bytes, memory);
  }
  status unmap(void* p, std::size_t bytes) { return call("cuMemUnmap", sim::unmap, p, bytes); }
  status set_access(void* p, std::size_t bytes, const location* places, std::size_t count) {
    return call("cuMemSetAccess", sim::set_access, p, bytes, places, count);
  }
  status export_memory(memory_handle memory, int& descriptor) {
    return call("cuMemExportToShareableHandle", sim::export_memory, memory, descriptor);
  }
  status import_memory(memory_handle& out, int descriptor) {
    return call("cuMemImportFromShareableHandle", sim::import_memory, out, descriptor);
  }
  status granularity(location where, std::size_t& bytes) {
    return call("cuMemGetAllocationGranularity", sim::granularity, where, bytes);
  }

  status synchronize(stream on) { return call_in(on, "cudaStreamSynchronize", synchronize_stream); }
  status synchronize_device() { return call("cudaDeviceSynchronize", sim::synchronize_device); }
  status stream_id(stream on, std::uint64_t& id) {
    return call_in(on, "cudaStreamGetId", sim::stream_id, id);
  }
  status capture_of(stream on, std::uint64_t& id) {
    return call_in(on, "cudaStreamGetCaptureInfo", sim::capture_of, id);
  }

  status create_event(event& out) { return call("cudaEventCreateWithFlags", sim::create_event, out); }
  status destroy_event(event e) { return call("cudaEventDestroy", sim::destroy_event, e); }
  status record(event e, stream on) { return call_in(on, "cudaEventRecord", sim::record, e); }
  status wait(stream on, event e) { return call_in(on, "cudaStreamWaitEvent", sim::wait, e); }
  status query(event e) { return call("cudaEventQuery", ask_event, e, false); }
  status synchronize(event e) { return call("cudaEventSynchronize", ask_event, e, true); }

  status device_count(int& count) {
    return call("cudaGetDeviceCount", [&](state& s) {
      count = s.machine.devices;
      return errc::success;
    });
  }
  status attribute(int device, cmm::attribute what, int& value) {
    return call("cudaDeviceGetAttribute", [&](state& s) {
      if (!s.known_device(device)) return errc::invalid_device;
      value =
          what == cmm::attribute::host_numa_id ? s.machine.host_numa_id(device) : s.machine.capability(what);
      return errc::success;
    });
  }
  status memory_info(location where, std::size_t& free, std::size_t& total) {
    return call("cudaMemGetInfo", [&](state& s) {
      if (const errc code = s.check(where); code != errc::success) return code;
      total = s.memory.capacity(where);
      free = total - s.memory.used(where);
      return errc::success;
    });
  }

  void push_range(const char* name) {
    machine_->inspect([&](state& s) {
      s.clock.overlap(s.machine.calls.ask);
      s.ranges.emplace_back(name);
      ++s.open_ranges;
    });
  }
  void pop_range() {
    machine_->inspect([](state& s) {
      s.clock.overlap(s.machine.calls.ask);
      --s.open_ranges;
    });
  }

 private:
  status call(const char* name, auto body, auto&&... arguments) {
    return machine_->call(name, body, arguments...);
  }
  status call_in(stream on, const char* name, auto body, auto&&... arguments) {
    return machine_->call_in(on, name, body, arguments...);
  }
  static std::vector<memory_use> ranges(void* const* data, const std::size_t* bytes, std::size_t count) {
    std::vector<memory_use> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back({data[i], bytes[i]});
    return all;
  }

  sim::machine* machine_;
};

}  // namespace cmm::sim
