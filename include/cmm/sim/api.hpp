#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "calls/device_scope.hpp"
#include "calls/hints.hpp"
#include "calls/mapping.hpp"
#include "calls/pool_calls.hpp"
#include "calls/prefetch.hpp"
#include "calls/stream_calls.hpp"
#include "costs/chunks.hpp"
#include "machine.hpp"

namespace cmm::sim {

/// The api of a simulated machine: `cmm::api` without CUDA. A cheap handle; the machine must outlive it.
class api {
 public:
  explicit api(sim::machine& on) noexcept : machine_{&on} {}

  [[nodiscard]] sim::machine& machine() const noexcept { return *machine_; }

  /// What the null handle means to the program on the machine.
  [[nodiscard]] stream default_stream() const noexcept { return machine_->default_stream(); }

  [[nodiscard]] device_scope enter(int device) { return {*machine_, device}; }

  status allocate_managed(void*& out, std::size_t bytes) {
    return machine_->call("cudaMallocManaged", [&](state& s) {
      return take(s, out, bytes, memory_kind::managed, location::none(), s.machine.calls.managed_pair / 2);
    });
  }
  status allocate_device(void*& out, std::size_t bytes) {
    return machine_->call("cudaMalloc", [&](state& s) {
      const int here = s.device();
      const errc taken = take(s, out, bytes, memory_kind::device, location::device(here), 0);
      if (taken == errc::success) s.clock.spend(s.chunks_of(here).allocate(s.machine.calls, bytes));
      return taken;
    });
  }
  status allocate_system(void*& out, std::size_t bytes) {
    return machine_->call("mmap", [&](state& s) {
      return take(s, out, bytes, memory_kind::system, location::host(), s.machine.calls.system_pair / 2);
    });
  }
  status free(void* p) {
    return machine_->call("cudaFree", [&](state& s) {
      allocation* const block = s.space.find(p);
      if (p != nullptr && (block == nullptr || block->pool != nullptr || !from_cuda(*block))) {
        return s.misuse("cudaFree of memory that cudaMalloc did not give, or that was freed before");
      }
      if (block == nullptr) return errc::success;
      s.clock.spend(block->kind == memory_kind::device
                        ? s.chunks_of(block->where.id).free(s.machine.calls, block->bytes)
                        : managed_free(s.machine, *block));
      s.destroy(*block);
      return errc::success;
    });
  }
  status free_system(void* p, std::size_t bytes) {
    return machine_->call("munmap", [&](state& s) {
      allocation* const block = s.space.find(p);
      if (block == nullptr || block->kind != memory_kind::system || block->bytes != bytes) {
        return s.misuse("munmap of memory that mmap did not give in this size, or that was unmapped before");
      }
      s.clock.spend(s.machine.calls.system_pair / 2);
      s.destroy(*block);
      return errc::success;
    });
  }

  status create_pool(pool_handle& out, const pool_properties& what) {
    return machine_->call("cudaMemPoolCreate", [&](state& s) { return sim::create_pool(s, out, what); });
  }
  status destroy_pool(pool_handle pool) {
    return machine_->call("cudaMemPoolDestroy", [&](state& s) { return sim::destroy_pool(s, pool); });
  }
  status grant_access(pool_handle pool, int device) {
    return machine_->call("cudaMemPoolSetAccess",
                          [&](state& s) { return sim::grant_access(s, pool, device); });
  }
  status allocate_from_pool(void*& out, std::size_t bytes, pool_handle pool, stream on) {
    return machine_->call("cudaMallocFromPoolAsync",
                          [&](state& s) { return sim::allocate_from_pool(s, out, bytes, pool, on); });
  }
  status free_to_pool(void* p, stream on) {
    return machine_->call("cudaFreeAsync", [&](state& s) { return sim::free_to_pool(s, p, on); });
  }

  status advise(void* p, std::size_t bytes, advice what, location where) {
    return machine_->call("cudaMemAdvise", [&](state& s) { return sim::advise(s, p, bytes, what, where); });
  }
  status withdraw(void* p, std::size_t bytes, advice what, location where) {
    return machine_->call("cudaMemAdvise", [&](state& s) { return sim::withdraw(s, p, bytes, what, where); });
  }
  status prefetch_batch(void** data, std::size_t* bytes, std::size_t count, location where, stream on) {
    return machine_->call("cudaMemPrefetchBatchAsync", [&](state& s) {
      return sim::prefetch_batch(s, data, bytes, count, where, on, false);
    });
  }
  status discard_batch(void** data, std::size_t* bytes, std::size_t count, stream on) {
    return machine_->call("cudaMemDiscardBatchAsync",
                          [&](state& s) { return sim::discard(s, data, bytes, count, on); });
  }
  status discard_and_prefetch_batch(void** data, std::size_t* bytes, std::size_t count, location where,
                                    stream on) {
    return machine_->call("cudaMemDiscardAndPrefetchBatchAsync", [&](state& s) {
      return sim::prefetch_batch(s, data, bytes, count, where, on, true);
    });
  }
  status prefetch(void* p, std::size_t bytes, location where, stream on) {
    return machine_->call("cudaMemPrefetchAsync",
                          [&](state& s) { return sim::prefetch(s, p, bytes, where, on); });
  }

  status reserve(void*& out, std::size_t bytes) {
    return machine_->call("cuMemAddressReserve", [&](state& s) { return sim::reserve(s, out, bytes); });
  }
  status free_reserved(void* p, std::size_t bytes) {
    return machine_->call("cuMemAddressFree", [&](state& s) { return sim::free_reserved(s, p, bytes); });
  }
  status create_memory(memory_handle& out, std::size_t bytes, location where, bool shareable) {
    return machine_->call("cuMemCreate",
                          [&](state& s) { return sim::create_memory(s, out, bytes, where, shareable); });
  }
  status release_memory(memory_handle memory) {
    return machine_->call("cuMemRelease", [&](state& s) { return sim::release_memory(s, memory); });
  }
  status map(void* p, std::size_t bytes, memory_handle memory) {
    return machine_->call("cuMemMap", [&](state& s) { return sim::map(s, p, bytes, memory); });
  }
  status unmap(void* p, std::size_t bytes) {
    return machine_->call("cuMemUnmap", [&](state& s) { return sim::unmap(s, p, bytes); });
  }
  status set_access(void* p, std::size_t bytes, const location* places, std::size_t count) {
    return machine_->call("cuMemSetAccess",
                          [&](state& s) { return sim::set_access(s, p, bytes, places, count); });
  }
  status export_memory(memory_handle memory, int& descriptor) {
    return machine_->call("cuMemExportToShareableHandle",
                          [&](state& s) { return sim::export_memory(s, memory, descriptor); });
  }
  status import_memory(memory_handle& out, int descriptor) {
    return machine_->call("cuMemImportFromShareableHandle",
                          [&](state& s) { return sim::import_memory(s, out, descriptor); });
  }
  status granularity(location where, std::size_t& bytes) {
    return machine_->call("cuMemGetAllocationGranularity",
                          [&](state& s) { return sim::granularity(s, where, bytes); });
  }

  status synchronize(stream on) {
    return machine_->call("cudaStreamSynchronize", [&](state& s) { return sim::synchronize(s, on); });
  }
  status synchronize_device() {
    return machine_->call("cudaDeviceSynchronize", [&](state& s) { return sim::synchronize_device(s); });
  }
  status stream_id(stream on, std::uint64_t& id) {
    return machine_->call("cudaStreamGetId", [&](state& s) {
      const stream_state* const found = s.find(on);
      if (found == nullptr) return errc::invalid_value;
      s.clock.overlap(s.machine.calls.ask);
      // As on a real GPU: asking a captured stream ends its capture, asking the legacy one ends them all.
      if (found->capture != 0 || (s.streams.is_legacy(on) && !s.captures.empty())) return s.invalidate_all();
      id = found->id;
      return errc::success;
    });
  }
  status capture_of(stream on, std::uint64_t& id) {
    return machine_->call("cudaStreamGetCaptureInfo", [&](state& s) {
      const stream_state* const found = s.find(on);
      if (found == nullptr) return errc::invalid_value;
      s.clock.overlap(s.machine.calls.ask);
      if (s.streams.is_legacy(on) && !s.captures.empty()) return errc::capture_implicit;
      id = found->capture;
      return errc::success;
    });
  }

  status create_event(event& out) {
    return machine_->call("cudaEventCreateWithFlags", [&](state& s) {
      out = {s.new_handle()};
      s.events[out.native];
      s.clock.spend(s.machine.calls.event);
      return errc::success;
    });
  }
  status destroy_event(event e) {
    return machine_->call("cudaEventDestroy", [&](state& s) {
      if (s.find(e) == nullptr) return errc::invalid_value;
      s.events.erase(e.native);
      s.clock.spend(s.machine.calls.event);
      return errc::success;
    });
  }
  status record(event e, stream on) {
    return machine_->call("cudaEventRecord", [&](state& s) { return sim::record(s, e, on); });
  }
  status wait(stream on, event e) {
    return machine_->call("cudaStreamWaitEvent", [&](state& s) { return sim::wait(s, on, e); });
  }
  status query(event e) {
    return machine_->call("cudaEventQuery", [&](state& s) { return sim::query(s, e); });
  }
  status synchronize(event e) {
    return machine_->call("cudaEventSynchronize", [&](state& s) { return sim::synchronize(s, e); });
  }

  status device_count(int& count) {
    return machine_->call("cudaGetDeviceCount", [&](state& s) {
      count = s.machine.devices;
      return errc::success;
    });
  }
  status attribute(int device, cmm::attribute what, int& value) {
    return machine_->call("cudaDeviceGetAttribute", [&](state& s) {
      if (!s.known_device(device)) return errc::invalid_device;
      value =
          what == cmm::attribute::host_numa_id ? s.machine.host_numa_id(device) : s.machine.capability(what);
      return errc::success;
    });
  }
  status memory_info(location where, std::size_t& free, std::size_t& total) {
    return machine_->call("cudaMemGetInfo", [&](state& s) {
      location known = where;
      if (const errc code = s.resolve(known, 0); code != errc::success) return code;
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
  static bool from_cuda(const allocation& block) {
    return !block.mapped() && (block.kind == memory_kind::managed || block.kind == memory_kind::device);
  }
  static double managed_free(const sim::profile& machine, const allocation& block) {
    double time = machine.calls.managed_pair / 2;
    for (const page& p : block.pages) {
      if (p.on_device != 0) time += chunk_time(machine, p, p.on_device);
    }
    return time;
  }
  static errc take(state& s, void*& out, std::size_t bytes, memory_kind kind, location where,
                   double nanoseconds) {
    if (bytes == 0) return errc::invalid_value;
    const allocation* const block = s.create(bytes, kind, where);
    if (block == nullptr) return errc::out_of_memory;
    out = block->range.base();
    s.clock.spend(nanoseconds);
    return errc::success;
  }

  sim::machine* machine_;
};

}  // namespace cmm::sim
