#pragma once

#include <cmm/cmm.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace tests {

/// The outermost layer with these settings, or null.
template <class Settings>
auto* layer_of(auto& allocator) {
  using found = std::remove_cvref_t<decltype(allocator)>;
  if constexpr (requires { requires std::same_as<typename found::settings_type, Settings>; }) {
    return &allocator;
  } else if constexpr (requires { allocator.upstream(); }) {
    return layer_of<Settings>(allocator.upstream());
  } else {
    return static_cast<void*>(nullptr);
  }
}

template <class Pointer>
inline constexpr bool found = !std::is_void_v<std::remove_pointer_t<Pointer>>;

/// Bytes that live in the fast memory of the outermost spill, or null.
std::optional<std::size_t> fast_bytes_of(auto& allocator) {
  if constexpr (requires { allocator.fast_bytes(); }) {
    return allocator.fast_bytes();
  } else if constexpr (requires { allocator.upstream(); }) {
    return fast_bytes_of(allocator.upstream());
  } else {
    return std::nullopt;
  }
}

/// How a request tells its device: by its number while another device is current, or by making it current.
enum class naming { by_number, by_current };

/// The allocator of any recipe, so that a law is compiled once and runs over all configurations.
class memory {
 public:
  memory() = default;
  memory(const memory&) = delete;
  memory& operator=(const memory&) = delete;
  virtual ~memory() = default;

  /// Where requests go that name no device.
  void serve(int home, naming how) {
    home_ = home;
    how_ = how;
  }
  [[nodiscard]] int home() const { return home_; }

  cmm::block allocate(cmm::request r) {
    if (r.device != cmm::current_device) return take(r);
    if (how_ == naming::by_current) return take_where_current(r);
    r.device = home_;
    return take(r);
  }
  virtual void deallocate(cmm::block b, cmm::stream s) noexcept = 0;
  cmm::block allocate(std::size_t bytes, cmm::stream s) { return allocate({.bytes = bytes, .stream = s}); }

  std::size_t trim(cmm::stream s) { return trim_of(home_, s); }          ///< 0 without a pool
  void forget_captures(cmm::stream s) { forget_captures_of(home_, s); }  ///< nothing without a pool
  /// The same for the device of a stream, whatever device is current.
  virtual std::size_t trim_of(int device, cmm::stream s) = 0;
  virtual void forget_captures_of(int device, cmm::stream s) = 0;
  [[nodiscard]] virtual bool pooled() const = 0;
  [[nodiscard]] virtual std::optional<cmm::usage> counted() const = 0;
  [[nodiscard]] virtual cmm::usage counted_on(int device) const = 0;
  [[nodiscard]] virtual std::optional<std::size_t> budget() const = 0;
  [[nodiscard]] virtual std::size_t budget_used() const = 0;
  [[nodiscard]] virtual std::optional<std::size_t> fast_bytes() const = 0;

 private:
  virtual cmm::block take(cmm::request r) = 0;
  virtual cmm::block take_where_current(cmm::request r) = 0;

  int home_ = cmm::current_device;
  naming how_ = naming::by_number;
};

template <class Api, class Recipe>
class memory_of final : public memory {
 public:
  memory_of(Api api, const Recipe& recipe) : built_{cmm::build(recipe, std::move(api))} {}

  void deallocate(cmm::block b, cmm::stream s) noexcept override { built_.deallocate(b, s); }
  std::size_t trim_of(int device, cmm::stream s) override {
    [[maybe_unused]] const auto here = built_.api().enter(device);
    const auto pool = layer_of<cmm::pool>(built_.upstream());
    if constexpr (found<decltype(pool)>) return pool->trim(s);
    return 0;
  }
  void forget_captures_of(int device, cmm::stream s) override {
    [[maybe_unused]] const auto here = built_.api().enter(device);
    const auto pool = layer_of<cmm::pool>(built_.upstream());
    if constexpr (found<decltype(pool)>) pool->forget_captures(s);
  }
  [[nodiscard]] bool pooled() const override {
    return found<decltype(layer_of<cmm::pool>(built_.upstream()))>;
  }
  [[nodiscard]] std::optional<cmm::usage> counted() const override {
    const auto stats = layer_of<cmm::stats>(built_.upstream());
    if constexpr (found<decltype(stats)>) return stats->all();
    return std::nullopt;
  }
  [[nodiscard]] cmm::usage counted_on(int device) const override {
    const auto stats = layer_of<cmm::stats>(built_.upstream());
    if constexpr (found<decltype(stats)>) return stats->on(device);
    return {};
  }
  [[nodiscard]] std::optional<std::size_t> budget() const override {
    const auto limit = layer_of<cmm::limit>(built_.upstream());
    if constexpr (found<decltype(limit)>) return limit->budget();
    return std::nullopt;
  }
  [[nodiscard]] std::size_t budget_used() const override {
    const auto limit = layer_of<cmm::limit>(built_.upstream());
    if constexpr (found<decltype(limit)>) return limit->used();
    return 0;
  }
  [[nodiscard]] std::optional<std::size_t> fast_bytes() const override {
    return fast_bytes_of(built_.upstream());
  }

 private:
  cmm::block take(cmm::request r) override { return built_.allocate(r); }
  cmm::block take_where_current(cmm::request r) override {
    [[maybe_unused]] const auto here = built_.api().enter(home());
    return built_.allocate(r);
  }

  decltype(cmm::build(std::declval<const Recipe&>(), std::declval<Api>())) built_;
};

/// Counts what an api handed out, for machines that do not count themselves.
struct api_counts {
  std::atomic<std::size_t> blocks = 0, pools = 0, events = 0, waits = 0;
};

/// An api that counts its live blocks, pools and events, and how often it waited.
template <cmm::api Api>
class counting : public Api {
 public:
  counting(Api counted, api_counts& counts) : Api{std::move(counted)}, counts_{&counts} {}

  cmm::status allocate_managed(void*& out, std::size_t bytes) {
    return took(counts_->blocks, Api::allocate_managed(out, bytes));
  }
  cmm::status allocate_device(void*& out, std::size_t bytes) {
    return took(counts_->blocks, Api::allocate_device(out, bytes));
  }
  cmm::status free(void* p) { return gave(counts_->blocks, Api::free(p)); }
  cmm::status allocate_system(void*& out, std::size_t bytes) {
    return took(counts_->blocks, Api::allocate_system(out, bytes));
  }
  cmm::status free_system(void* p, std::size_t bytes) {
    return gave(counts_->blocks, Api::free_system(p, bytes));
  }
  cmm::status create_pool(cmm::pool_handle& out, cmm::pool_properties what) {
    return took(counts_->pools, Api::create_pool(out, what));
  }
  cmm::status destroy_pool(cmm::pool_handle pool) { return gave(counts_->pools, Api::destroy_pool(pool)); }
  cmm::status allocate_from_pool(void*& out, std::size_t bytes, cmm::pool_handle pool, cmm::stream s) {
    return took(counts_->blocks, Api::allocate_from_pool(out, bytes, pool, s));
  }
  cmm::status free_to_pool(void* p, cmm::stream s) { return gave(counts_->blocks, Api::free_to_pool(p, s)); }
  cmm::status reserve(void*& out, std::size_t bytes) {
    return took(counts_->blocks, Api::reserve(out, bytes));
  }
  cmm::status free_reserved(void* p, std::size_t bytes) {
    return gave(counts_->blocks, Api::free_reserved(p, bytes));
  }
  cmm::status create_memory(cmm::memory_handle& out, std::size_t bytes, cmm::location where, bool shareable) {
    return took(counts_->blocks, Api::create_memory(out, bytes, where, shareable));
  }
  cmm::status release_memory(cmm::memory_handle memory) {
    return gave(counts_->blocks, Api::release_memory(memory));
  }
  cmm::status map(void* p, std::size_t bytes, cmm::memory_handle memory) {
    return took(counts_->blocks, Api::map(p, bytes, memory));
  }
  cmm::status unmap(void* p, std::size_t bytes) { return gave(counts_->blocks, Api::unmap(p, bytes)); }
  cmm::status create_event(cmm::event& out) { return took(counts_->events, Api::create_event(out)); }
  cmm::status destroy_event(cmm::event e) { return gave(counts_->events, Api::destroy_event(e)); }
  cmm::status synchronize(cmm::stream s) {
    ++counts_->waits;
    return Api::synchronize(s);
  }
  cmm::status synchronize(cmm::event e) {
    ++counts_->waits;
    return Api::synchronize(e);
  }

 private:
  static cmm::status took(std::atomic<std::size_t>& count, cmm::status result) {
    if (result.ok()) ++count;
    return result;
  }
  static cmm::status gave(std::atomic<std::size_t>& count, cmm::status result) {
    if (result.ok()) --count;
    return result;
  }

  api_counts* counts_;
};

}  // namespace tests
