#pragma once

#include <memory>
#include <string>
#include <utility>

#include "../source/memory_stock.hpp"
#include "../version.hpp"
#include "edge.hpp"

namespace cmm::python {

namespace detail {

template <api Api>
class range_over final : public range {
 public:
  range_over(Api api, const kv::layout& of, const kv::range_plan& how)
      : device_{api.enter(how.how.device).device()}, range_{std::move(api), of, how}, text_{range_.text()} {}

  [[nodiscard]] cmm_kv_range_facts facts() const override {
    return {.data = range_.data(),
            .bytes = range_.bytes(),
            .ready_bytes = range_.ready(),
            .slots = range_.slots(),
            .fast = range_.fast(),
            .ready_slots = range_.ready_slots(),
            .device = device_,
            .skipped_hints = range_.skipped_hints(),
            .staged_first = range_.staged().first,
            .staged = range_.staged().count};
  }
  [[nodiscard]] const char* text() const noexcept override { return text_.c_str(); }
  void wait_for_slots(std::int32_t count) override {
    count == range_.slots() ? range_.wait() : range_.wait_for_slots(count);
  }

 private:
  int device_;
  kv::range<Api> range_;
  std::string text_;
};

template <api Api>
class stock_over final : public stock {
 public:
  stock_over(Api api, location where, std::size_t bytes, std::size_t piece, int device)
      : stock_{std::move(api), where, bytes, piece, device} {}

  [[nodiscard]] std::size_t ready() const override { return stock_.ready(); }
  bool take(std::size_t bytes, location where, memory_handle& out) override {
    return stock_.take(bytes, where, out);
  }

 private:
  memory_stock<Api> stock_;
};

template <page_copier Copier>
class mover_over final : public mover {
 public:
  template <class Make>
  mover_over(Make&& make, const kv::layout& of, const kv::page_places& where, const kv::mover_settings& how)
      : copier_{std::forward<Make>(make)()}, mover_{copier_, where, of.pieces(), how} {}

  void run(const kv::plan& what, stream on, kv::beside with) override { mover_.run(what, on, with); }
  [[nodiscard]] kv::mover_counts counts() const noexcept override { return mover_.counts(); }

 private:
  Copier copier_;
  kv::mover<Copier> mover_;
};

}  // namespace detail

/// A library over a platform, which gives the api, and copiers of it. Making one touches no GPU.
template <class Platform>
class machine final : public edge {
 public:
  explicit machine(Platform platform) : platform_{std::move(platform)}, name_{platform_.name()} {}
  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;

  [[nodiscard]] const cmm_kv_description& description() const noexcept override { return description_; }

  std::unique_ptr<stock> make_stock(location where, std::size_t bytes, std::size_t piece,
                                    int device) override {
    using made = detail::stock_over<decltype(platform_.api())>;
    return std::make_unique<made>(platform_.api(), where, bytes, piece, device);
  }
  std::unique_ptr<range> make_range(const kv::layout& of, const kv::range_plan& how) override {
    using made = detail::range_over<decltype(platform_.api())>;
    return std::make_unique<made>(platform_.api(), of, how);
  }
  std::unique_ptr<mover> make_mover(const kv::layout& of, const kv::page_places& where, int device,
                                    const kv::mover_settings& how) override {
    using made = detail::mover_over<typename Platform::copier>;
    return std::make_unique<made>([&] { return platform_.make_copier(device); }, of, where, how);
  }

 private:
  Platform platform_;
  std::string name_;
  cmm_kv_description description_{.magic = {'c', 'm', 'm', 'k', 'v', 'p', 'g', 's'},
                                  .abi = abi_version,
                                  .cuda_runtime = Platform::runtime,
                                  .version = CMM_VERSION_STRING,
                                  .platform = name_.c_str()};
};

}  // namespace cmm::python
