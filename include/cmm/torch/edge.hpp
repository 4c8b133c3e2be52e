#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "../core/api.hpp"
#include "../core/residence.hpp"
#include "abi.hpp"

namespace cmm::torch {

/// Memory ran out, told to PyTorch by an exception that no handler has made its own.
struct out_of_memory : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Parts of tensors, all on one device.
struct ranges {
  void* const* data = nullptr;
  const std::size_t* bytes = nullptr;
  std::size_t count = 0;
};

/// What the exported functions call: an allocator of any recipe over any api. Failures throw, with a sentence
/// for the user.
class edge {
 public:
  virtual ~edge() = default;

  [[nodiscard]] virtual const cmm_torch_description& description() const noexcept = 0;

  /// Null for 0 bytes and where memory ran out.
  virtual void* allocate(std::size_t bytes, int device, CUstream_st* stream) = 0;
  virtual void free(void* data, std::size_t bytes, int device, CUstream_st* stream) noexcept = 0;
  virtual void record_stream(void* data, CUstream_st* stream) = 0;
  /// Why a request could not be served, and what can be done.
  virtual std::string exhausted(std::size_t bytes, int device) = 0;

  virtual void empty_cache() = 0;
  virtual void set_memory_fraction(double fraction, int device) = 0;
  virtual void begin_pool(int device, cmm_torch_mempool_id pool,
                          std::function<bool(CUstream_st*)> filter) = 0;
  virtual void end_pool(int device, cmm_torch_mempool_id pool) = 0;
  virtual void release_pool(int device, cmm_torch_mempool_id pool) noexcept = 0;

  virtual cmm_torch_usage usage(int device) = 0;
  virtual void reset_peaks() = 0;
  virtual std::vector<residence> residency(const void* data, std::size_t bytes, int device) = 0;
  /// What follows is under the contract for hints: what this machine or a capture cannot take is skipped and
  /// counted, or an error where the recipe is strict.
  virtual void advise(void* data, std::size_t bytes, advice what, bool set, location where, int device) = 0;
  /// One range, or many in one call of the driver.
  virtual void prefetch(const ranges& of, location where, int device, CUstream_st* stream) = 0;
  /// With a location, the ranges then move there without what they held.
  virtual void discard(const ranges& of, location where, int device, CUstream_st* stream) = 0;

  /// Writes the trace that CMM_TRACE asked for, if any.
  virtual void save_trace() = 0;
};

/// The one allocator of a library; `CMM_TORCH_ALLOCATOR` defines it.
edge& library();

}  // namespace cmm::torch
