#pragma once

#include <cmm/core/null_api.hpp>

/// An api whose calls the optimizer cannot see through: each is a jump into another translation unit that
/// answers at once. Calls that neither side of the comparison makes are inherited.
struct opaque_api : cmm::null_api {
  /// Enters a device by one call and leaves it by another only where the device had to be changed.
  class scope {
   public:
    explicit scope(int device) { enter(device); }
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;
    ~scope() {
      if (changed_) [[unlikely]]
        leave();
    }

    [[nodiscard]] cmm::status result() const noexcept { return result_; }
    [[nodiscard]] int device() const noexcept { return device_; }

   private:
    void enter(int device) noexcept;
    void leave() noexcept;

    cmm::status result_{};
    int device_ = 0;
    bool changed_ = false;
  };

  static scope enter(int device) { return scope{device}; }

  static cmm::status allocate_managed(void*& out, std::size_t bytes) noexcept;
  static cmm::status free(void* p) noexcept;
  static cmm::status advise(void* p, std::size_t bytes, cmm::advice what, cmm::location where) noexcept;
  static cmm::status prefetch(void* p, std::size_t bytes, cmm::location where, cmm::stream s) noexcept;
  using null_api::synchronize;
  static cmm::status synchronize(cmm::stream s) noexcept;
  static cmm::status capture_of(cmm::stream s, std::uint64_t& id) noexcept;
  static cmm::status attribute(int device, cmm::attribute what, int& value) noexcept;
};

static_assert(cmm::api<opaque_api>);
