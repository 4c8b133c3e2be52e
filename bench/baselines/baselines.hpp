#pragma once

#include <cmm/cmm.hpp>

namespace cmm::bench {

/// What engines call today, without the library: one `allocate` and one `deallocate` each, as raw api calls.
namespace baseline {

template <api Api>
struct cuda_malloc {
  static constexpr const char* name = "cudaMalloc";
  static constexpr bool managed = false;
  Api api;

  block allocate(std::size_t bytes, stream) {
    block b{nullptr, bytes, 0};
    detail::check(api.allocate_device(b.data, bytes));
    return b;
  }
  void deallocate(block b, stream) { detail::check(api.free(b.data)); }
};

template <api Api>
struct cuda_malloc_managed {
  static constexpr const char* name = "cudaMallocManaged";
  static constexpr bool managed = true;
  Api api;

  block allocate(std::size_t bytes, stream) {
    block b{nullptr, bytes, 0};
    detail::check(api.allocate_managed(b.data, bytes));
    return b;
  }
  void deallocate(block b, stream) { detail::check(api.free(b.data)); }
};

/// A pool of the driver, of device memory or of managed memory on the device.
template <api Api, pool_properties::kind Kind>
class driver_pool {
 public:
  static constexpr const char* name =
      Kind == pool_properties::kind::managed ? "driver_managed_pool" : "cudaMallocAsync";
  static constexpr bool managed = Kind == pool_properties::kind::managed;

  explicit driver_pool(Api api) : api_{std::move(api)} {
    detail::check(api_.create_pool(pool_, {Kind, location::device(0)}));
  }
  ~driver_pool() {
    const status gone = api_.destroy_pool(pool_);
    if (!gone.ok()) detail::say(std::string{gone.call} + " failed at the end of a baseline");
  }
  driver_pool(const driver_pool&) = delete;
  driver_pool& operator=(const driver_pool&) = delete;

  block allocate(std::size_t bytes, stream s) {
    block b{nullptr, bytes, 0};
    detail::check(api_.allocate_from_pool(b.data, bytes, pool_, s));
    return b;
  }
  void deallocate(block b, stream s) { detail::check(api_.free_to_pool(b.data, s)); }

 private:
  Api api_;
  pool_handle pool_{};
};

/// The PyTorch allocator that GH200 users run today: advice for GPU and CPU, a prefetch on the legacy default
/// stream for blocks under 2 GiB, and a free that waits for its stream.
template <api Api>
struct predecessor {
  static constexpr const char* name = "predecessor";
  static constexpr bool managed = true;
  Api api;

  block allocate(std::size_t bytes, stream) {
    block b{nullptr, bytes, 0};
    detail::check(api.allocate_managed(b.data, bytes));
    // Its errors are dropped, as they are there; where the machine takes no advice, memory is all there is.
    static_cast<void>(api.advise(b.data, bytes, advice::preferred_location, location::device(0)));
    static_cast<void>(api.advise(b.data, bytes, advice::accessed_by, location::host()));
    if (bytes < 2_GiB) static_cast<void>(api.prefetch(b.data, bytes, location::device(0), stream{}));
    return b;
  }
  void deallocate(block b, stream s) {
    detail::check(api.synchronize(s));
    detail::check(api.free(b.data));
  }
};

/// What the predecessor does to a fresh block, as a policy: its prefetch is in the legacy default stream.
struct predecessor_policy {
  static constexpr bool hints = true;
  void place(auto& to, block b, stream) const {
    to.advise(b, advice::preferred_location, location::device());
    to.advise(b, advice::accessed_by, location::host());
    if (b.bytes < 2_GiB) to.prefetch(b, location::device(), stream{});
  }
};

}  // namespace baseline
}  // namespace cmm::bench
