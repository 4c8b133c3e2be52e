#pragma once

#include <cstring>
#include <map>
#include <vector>

#include "api.hpp"

namespace cmm::sim {

/// Moves pages of a simulated machine: `cmm::page_copier` without CUDA. Where its memory is real the bytes
/// move when the call is made.
class page_copier {
 public:
  explicit page_copier(sim::machine& on, int device = 0) : machine_{&on}, device_{device} {}

  [[nodiscard]] sim::api api() const { return sim::api{*machine_}; }
  [[nodiscard]] int device() const noexcept { return device_; }
  status device_of(stream on, int& device) const {
    return machine_->call_in(on, "cudaStreamGetDevice", sim::device_of, device);
  }

  status allocate_pinned(void*& out, std::size_t bytes) { return machine_->allocate_pinned(out, bytes); }
  status free_pinned(void* p) { return machine_->free_pinned(p); }
  /// Where memory is not real, what was written last to an address is kept here.
  status write_now(void* to, const void* from, std::size_t bytes) {
    const status copied = machine_->copy(to, from, bytes);
    if (!copied.ok()) return copied;
    if (real()) {
      std::memcpy(to, from, bytes);
    } else {
      const auto* const words = static_cast<const char*>(from);
      written_[to].assign(words, words + bytes);
    }
    return copied;
  }

  [[nodiscard]] static bool moves_by_ring() noexcept { return true; }
  status move(const page_moves& what, page_kernel how, stream on) {
    page_moves seen = what;
    if (const auto found = written_.find(what.pieces); found != written_.end()) {
      seen.pieces = reinterpret_cast<const moved_piece*>(found->second.data());
    }
    return machine_->call_in(on, "cudaLaunchKernel", move_pages, seen, how);
  }
  /// Nothing is waited for: a kernel has read its pairs when `move` returns.
  static status pause() noexcept { return {}; }
  status copy(const page_copies& what, stream on) {
    std::vector<copy_use> copies;
    copies.reserve(what.to.size());
    for (std::size_t i = 0; i < what.to.size(); ++i)
      copies.push_back({what.to[i], what.from[i], what.bytes[i]});
    const status copied = machine_->copy_batch(copies, on);
    if (!copied.ok()) return copied;
    machine_->inspect([&](state& s) { note_movers(s, *s.find(on), {0, s.machine.movers.engine_slows, 0}); });
    if (real()) {
      for (const copy_use& each : copies) std::memcpy(each.to, each.from, each.bytes);
    }
    return copied;
  }

 private:
  [[nodiscard]] bool real() const {
    return machine_->inspect([](const state& s) { return s.space.how() == backing::real; });
  }

  sim::machine* machine_;
  int device_;
  std::map<const void*, std::vector<char>> written_;
};

static_assert(cmm::page_copier<page_copier>);

}  // namespace cmm::sim
