#pragma once

#include <memory>
#include <string>

#include "../core/stream.hpp"
#include "../kv/layout.hpp"
#include "../kv/mover.hpp"
#include "../kv/mover_rows.hpp"
#include "../kv/plan.hpp"
#include "../kv/range.hpp"
#include "abi.hpp"

namespace cmm::python {

/// `kv::range` over any api.
class range {
 public:
  virtual ~range() = default;
  [[nodiscard]] virtual cmm_kv_range_facts facts() const = 0;
  [[nodiscard]] virtual const char* text() const noexcept = 0;
  virtual void wait_for_slots(std::int32_t count) = 0;
};

/// `memory_stock` over any api.
class stock {
 public:
  virtual ~stock() = default;
  [[nodiscard]] virtual std::size_t ready() const = 0;
  virtual bool take(std::size_t bytes, location where, memory_handle& out) = 0;
};

/// `kv::mover` over any copier.
class mover {
 public:
  virtual ~mover() = default;
  virtual void run(const kv::plan& what, stream on, kv::beside with) = 0;
  [[nodiscard]] virtual kv::mover_counts counts() const noexcept = 0;
};

/// The machine of a library: what the exported functions make memory and movers on.
class edge {
 public:
  virtual ~edge() = default;
  [[nodiscard]] virtual const cmm_kv_description& description() const noexcept = 0;
  /// In pieces of `piece` bytes, on the current device where `device` is `current_device`.
  virtual std::unique_ptr<stock> make_stock(location where, std::size_t bytes, std::size_t piece,
                                            int device) = 0;
  virtual std::unique_ptr<range> make_range(const kv::layout& of, const kv::range_plan& how) = 0;
  /// On the current device where `device` is `current_device`.
  virtual std::unique_ptr<mover> make_mover(const kv::layout& of, const kv::page_places& where, int device,
                                            const kv::mover_settings& how) = 0;
};

/// The one machine of a library, which its source file names. It lives to the end of the process.
edge& library();

}  // namespace cmm::python
