#pragma once

#include <atomic>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "../core/error.hpp"
#include "../core/say.hpp"
#include "edge.hpp"

/// The exported functions, for the one source file of a library.

namespace cmm::torch::detail {

/// The last failure of this thread.
inline std::string& last_error() {
  thread_local std::string text;
  return text;
}

using thrower = void (*)(const char* message);
inline std::atomic<thrower>& on_out_of_memory() {
  static std::atomic<thrower> handler = nullptr;
  return handler;
}

/// Runs a body for a caller that takes 0 or 1.
inline int answer(auto&& body) noexcept {
  try {
    body();
    return 0;
  } catch (const std::exception& failed) {
    try {
      last_error() = failed.what();
    } catch (const std::bad_alloc&) {
      last_error().clear();
    }
    return 1;
  }
}

inline location location_of(cmm_torch_location given) {
  using enum location::kind;
  const bool known = given.kind >= 0 && given.kind <= static_cast<int>(host_numa);
  if (!known || given.id < location::relative) {
    throw bad_request{"kind " + std::to_string(given.kind) + " with number " + std::to_string(given.id) +
                      " is no location; see cmm_torch_location"};
  }
  return {static_cast<location::kind>(given.kind), given.id};
}

inline advice advice_of(int given) {
  if (given < 0 || given > static_cast<int>(advice::read_mostly)) {
    throw bad_request{std::to_string(given) + " is no advice; it goes from 0 to 2"};
  }
  return static_cast<advice>(given);
}

}  // namespace cmm::torch::detail

// NOLINTBEGIN(misc-definitions-in-headers): a library has one source file.
extern "C" {

void* cmm_torch_allocate(std::size_t bytes, int device, CUstream_st* stream) {
  auto& library = cmm::torch::library();
  void* const data = library.allocate(bytes, device, stream);
  if (data != nullptr || bytes == 0) return data;
  const std::string why = library.exhausted(bytes, device);
  if (const auto handler = cmm::torch::detail::on_out_of_memory().load()) handler(why.c_str());
  throw cmm::torch::out_of_memory{why};
}
void* cmm_torch_allocate_segment(std::size_t bytes, int device, CUstream_st* stream) {
  return cmm::torch::library().allocate(bytes, device, stream);
}
void cmm_torch_free(void* data, std::size_t bytes, int device, CUstream_st* stream) noexcept {
  cmm::torch::library().free(data, bytes, device, stream);
}
void cmm_torch_init(int) { cmm::torch::library(); }
void cmm_torch_empty_cache() { cmm::torch::library().empty_cache(); }
void cmm_torch_set_memory_fraction(double fraction, int device) {
  cmm::torch::library().set_memory_fraction(fraction, device);
}
void* cmm_torch_base_allocation(void*, std::size_t*) {
  throw cmm::bad_request{
      "memory of cmm cannot be shared with another process by CUDA IPC; share a copy in host memory"};
}
void cmm_torch_record_stream(void* data, CUstream_st* stream) {
  cmm::torch::library().record_stream(data, stream);
}
void cmm_torch_begin_allocate_to_pool(int device, cmm_torch_mempool_id pool,
                                      std::function<bool(CUstream_st*)> filter) {
  cmm::torch::library().begin_pool(device, pool, std::move(filter));
}
void cmm_torch_end_allocate_to_pool(int device, cmm_torch_mempool_id pool) {
  cmm::torch::library().end_pool(device, pool);
}
void cmm_torch_release_pool(int device, cmm_torch_mempool_id pool) {
  cmm::torch::library().release_pool(device, pool);
}

const cmm_torch_description* cmm_torch_describe() noexcept {
  const cmm_torch_description* found = nullptr;
  return cmm::torch::detail::answer([&] { found = &cmm::torch::library().description(); }) == 0 ? found
                                                                                                : nullptr;
}
const char* cmm_torch_last_error() noexcept { return cmm::torch::detail::last_error().c_str(); }
int cmm_torch_usage_of(int device, cmm_torch_usage* out) noexcept {
  return cmm::torch::detail::answer([&] { *out = cmm::torch::library().usage(device); });
}
int cmm_torch_reset_peaks() noexcept {
  return cmm::torch::detail::answer([] { cmm::torch::library().reset_peaks(); });
}
int cmm_torch_residency(const void* data, std::size_t bytes, int device, cmm_torch_place* places,
                        std::size_t capacity, std::size_t* count) noexcept {
  return cmm::torch::detail::answer([&] {
    const auto found = cmm::torch::library().residency(data, bytes, device);
    if (found.size() > capacity) {
      throw cmm::bad_request{"the range is at " + std::to_string(found.size()) +
                             " locations, and there is room to name " + std::to_string(capacity)};
    }
    *count = 0;
    for (const cmm::residence& each : found) {
      places[(*count)++] = {{static_cast<int>(each.where.what), each.where.id}, each.bytes};
    }
  });
}
int cmm_torch_prefetch(void* data, std::size_t bytes, cmm_torch_location where, int device,
                       CUstream_st* stream) noexcept {
  return cmm::torch::detail::answer([&] {
    cmm::torch::library().prefetch({&data, &bytes, 1}, cmm::torch::detail::location_of(where), device,
                                   stream);
  });
}
int cmm_torch_prefetch_batch(void* const* data, const std::size_t* bytes, std::size_t count,
                             cmm_torch_location where, int device, CUstream_st* stream) noexcept {
  return cmm::torch::detail::answer([&] {
    cmm::torch::library().prefetch({data, bytes, count}, cmm::torch::detail::location_of(where), device,
                                   stream);
  });
}
int cmm_torch_discard_batch(void* const* data, const std::size_t* bytes, std::size_t count,
                            cmm_torch_location where, int device, CUstream_st* stream) noexcept {
  return cmm::torch::detail::answer([&] {
    cmm::torch::library().discard({data, bytes, count}, cmm::torch::detail::location_of(where), device,
                                  stream);
  });
}
int cmm_torch_advise(void* data, std::size_t bytes, int what, int set, cmm_torch_location where,
                     int device) noexcept {
  return cmm::torch::detail::answer([&] {
    cmm::torch::library().advise(data, bytes, cmm::torch::detail::advice_of(what), set != 0,
                                 cmm::torch::detail::location_of(where), device);
  });
}
int cmm_torch_discard(void* data, std::size_t bytes, int device, CUstream_st* stream) noexcept {
  return cmm::torch::detail::answer([&] {
    cmm::torch::library().discard({&data, &bytes, 1}, cmm::location::none(), device, stream);
  });
}
void cmm_torch_on_out_of_memory(void (*thrower)(const char* message)) noexcept {
  cmm::torch::detail::on_out_of_memory() = thrower;
}

}  // extern "C"
// NOLINTEND(misc-definitions-in-headers)

namespace cmm::torch::detail {

/// At the end of the process, or when the library is unloaded.
[[gnu::destructor]] static void save_trace_at_end() {
  if (std::getenv("CMM_TRACE") == nullptr) return;
  if (answer([] { library().save_trace(); }) != 0) cmm::detail::say(last_error());
}

}  // namespace cmm::torch::detail

/// Makes the one allocator of a library, of a recipe over a platform: `CMM_TORCH_ALLOCATOR_ON(
/// cmm::torch::on_sim{"gh200-480"}, managed{} | pool{})`. For the one source file of the library.
#define CMM_TORCH_ALLOCATOR_ON(platform, ...)                                               \
  cmm::torch::edge& cmm::torch::library() {                                                 \
    static auto& only = *[] { return new cmm::torch::adapter{platform, (__VA_ARGS__)}; }(); \
    return only;                                                                            \
  }                                                                                         \
  static_assert(true, "a semicolon follows")
