#pragma once

#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "api.hpp"
#include "units.hpp"

namespace cmm {

/// Bytes of managed memory that may be alive at once, over all allocators that share the budget. Thread-safe.
class managed_budget {
 public:
  explicit managed_budget(std::size_t bytes) noexcept : bytes_{bytes} {}

  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t used() const {
    const std::scoped_lock lock{mutex_};
    return used_;
  }
  [[nodiscard]] std::size_t peak() const {
    const std::scoped_lock lock{mutex_};
    return peak_;
  }

  [[nodiscard]] bool claim(std::size_t bytes) {
    const std::scoped_lock lock{mutex_};
    if (bytes > bytes_ - used_) return false;
    used_ += bytes;
    peak_ = used_ > peak_ ? used_ : peak_;
    return true;
  }
  void release(std::size_t bytes) {
    const std::scoped_lock lock{mutex_};
    used_ -= bytes;
  }

 private:
  template <api Api>
  friend class capped;

  std::size_t bytes_;
  mutable std::mutex mutex_;
  std::size_t used_ = 0;
  std::size_t peak_ = 0;
  std::unordered_map<void*, std::size_t> owners_;
  std::unordered_set<void*> pools_;
};

/// An api that answers `out_of_memory` to managed memory beyond a budget, because oversubscribing managed
/// memory can hang a GPU that others share. A driver's pool is counted by the blocks it has handed out.
template <api Api>
class capped : public Api {
 public:
  capped(Api guarded, managed_budget& budget) : Api{std::move(guarded)}, budget_{&budget} {}

  status allocate_managed(void*& out, std::size_t bytes) {
    return claimed(out, bytes, [&] { return Api::allocate_managed(out, bytes); });
  }
  status free(void* data) {
    return released(data, [&] { return Api::free(data); });
  }
  status create_pool(pool_handle& out, pool_properties properties) {
    const status made = Api::create_pool(out, properties);
    if (made.ok() && properties.what == pool_properties::kind::managed) {
      const std::scoped_lock lock{budget_->mutex_};
      budget_->pools_.insert(out.native);
    }
    return made;
  }
  status destroy_pool(pool_handle pool) {
    const status gone = Api::destroy_pool(pool);
    const std::scoped_lock lock{budget_->mutex_};
    if (gone.ok()) budget_->pools_.erase(pool.native);
    return gone;
  }
  status allocate_from_pool(void*& out, std::size_t bytes, pool_handle pool, stream s) {
    const auto take = [&] { return Api::allocate_from_pool(out, bytes, pool, s); };
    return is_managed(pool) ? claimed(out, bytes, take) : take();
  }
  status free_to_pool(void* data, stream s) {
    return released(data, [&] { return Api::free_to_pool(data, s); });
  }

 private:
  status claimed(void*& out, std::size_t bytes, auto&& take) {
    if (!budget_->claim(bytes)) return {errc::out_of_memory, "the managed-memory budget"};
    const status taken = take();
    if (!taken.ok()) {
      budget_->release(bytes);
      return taken;
    }
    const std::scoped_lock lock{budget_->mutex_};
    budget_->owners_[out] = bytes;
    return taken;
  }
  /// Forgets a block before it is freed: at once afterwards another thread may own its address.
  status released(void* data, auto&& free) {
    std::size_t bytes = 0;
    {
      const std::scoped_lock lock{budget_->mutex_};
      const auto found = budget_->owners_.find(data);
      if (found != budget_->owners_.end()) {
        bytes = found->second;
        budget_->owners_.erase(found);
      }
    }
    const status freed = free();
    const std::scoped_lock lock{budget_->mutex_};
    if (freed.ok()) {
      budget_->used_ -= bytes;
    } else if (bytes != 0) {
      budget_->owners_[data] = bytes;
    }
    return freed;
  }
  [[nodiscard]] bool is_managed(pool_handle pool) const {
    const std::scoped_lock lock{budget_->mutex_};
    return budget_->pools_.contains(pool.native);
  }

  managed_budget* budget_;
};

}  // namespace cmm
