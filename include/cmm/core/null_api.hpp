#pragma once

#include "api.hpp"

namespace cmm {

/// An api on which nothing happens: every call succeeds and no memory comes of it.
///
/// It is the archetype the concepts are checked against, and what the zero-cost comparison derives from.
struct null_api {
  struct scope {
    int ordinal = 0;
    static constexpr status result() noexcept { return {}; }
    [[nodiscard]] constexpr int device() const noexcept { return ordinal; }
  };

  static scope enter(int device) noexcept { return {device == current_device ? 0 : device}; }

  static status allocate_managed(void*& out, std::size_t) noexcept { return nothing(out); }
  static status allocate_device(void*& out, std::size_t) noexcept { return nothing(out); }
  static status free(void*) noexcept { return {}; }
  static status allocate_system(void*& out, std::size_t) noexcept { return nothing(out); }
  static status free_system(void*, std::size_t) noexcept { return {}; }

  static status create_pool(pool_handle&, pool_properties) noexcept { return {}; }
  static status destroy_pool(pool_handle) noexcept { return {}; }
  static status grant_access(pool_handle, int) noexcept { return {}; }
  static status allocate_from_pool(void*& out, std::size_t, pool_handle, stream) noexcept {
    return nothing(out);
  }
  static status free_to_pool(void*, stream) noexcept { return {}; }

  static status advise(void*, std::size_t, advice, location) noexcept { return {}; }
  static status withdraw(void*, std::size_t, advice, location) noexcept { return {}; }
  static status prefetch(void*, std::size_t, location, stream) noexcept { return {}; }
  static status prefetch_batch(void**, std::size_t*, std::size_t, location, stream) noexcept { return {}; }
  static status discard_batch(void**, std::size_t*, std::size_t, stream) noexcept { return {}; }
  static status discard_and_prefetch_batch(void**, std::size_t*, std::size_t, location, stream) noexcept {
    return {};
  }

  static status reserve(void*& out, std::size_t) noexcept { return nothing(out); }
  static status free_reserved(void*, std::size_t) noexcept { return {}; }
  static status create_memory(memory_handle& out, std::size_t, location, bool) noexcept {
    out = {};
    return {errc::out_of_memory, "null_api"};
  }
  static status release_memory(memory_handle) noexcept { return {}; }
  static status map(void*, std::size_t, memory_handle) noexcept { return {}; }
  static status unmap(void*, std::size_t) noexcept { return {}; }
  static status set_access(void*, std::size_t, const location*, std::size_t) noexcept { return {}; }
  static status export_memory(memory_handle, int& descriptor) noexcept {
    descriptor = -1;
    return {errc::not_supported, "null_api"};
  }
  static status import_memory(memory_handle& out, int) noexcept {
    out = {};
    return {errc::not_supported, "null_api"};
  }
  static status granularity(location, std::size_t& bytes) noexcept {
    bytes = std::size_t{2} << 20;
    return {};
  }

  static status synchronize(stream) noexcept { return {}; }
  static status synchronize_device() noexcept { return {}; }
  static status stream_id(stream s, std::uint64_t& id) noexcept {
    id = reinterpret_cast<std::uintptr_t>(s.native());
    return {};
  }
  static status capture_of(stream, std::uint64_t& id) noexcept {
    id = 0;
    return {};
  }

  static status create_event(event&) noexcept { return {}; }
  static status destroy_event(event) noexcept { return {}; }
  static status record(event, stream) noexcept { return {}; }
  static status wait(stream, event) noexcept { return {}; }
  static status query(event) noexcept { return {}; }
  static status synchronize(event) noexcept { return {}; }

  static status device_count(int& count) noexcept {
    count = 1;
    return {};
  }
  static status attribute(int, cmm::attribute, int& value) noexcept {
    value = 0;
    return {};
  }
  static status memory_info(location, std::size_t& free, std::size_t& total) noexcept {
    free = total = 0;
    return {};
  }

  static void push_range(const char*) noexcept {}
  static void pop_range() noexcept {}

 private:
  static status nothing(void*& out) noexcept {
    out = nullptr;
    return {errc::out_of_memory, "null_api"};
  }
};

static_assert(api<null_api>);

}  // namespace cmm
