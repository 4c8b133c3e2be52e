#pragma once

#include <memory>
#include <utility>

#include "../core/built.hpp"

namespace cmm {

class parsed_recipe;

namespace detail {

/// An allocator of any type behind virtual calls.
template <api Api>
class any_node {
 public:
  virtual ~any_node() = default;
  virtual block allocate(const request& r) = 0;
  virtual void deallocate(const block& b, stream s) noexcept = 0;
  [[nodiscard]] virtual std::size_t skipped_hints() const noexcept = 0;
  virtual Api& api() noexcept = 0;
  /// The allocator it wraps, if it is a layer.
  virtual any_node* upstream() noexcept = 0;
};

/// Builds the stack of a recipe read from text.
template <api Api>
std::unique_ptr<any_node<Api>> compose(Api api, const parsed_recipe& recipe);

/// Owns a stack of allocators that was composed at run time; itself an allocator, so layers can wrap it.
///
/// Exhaustion, threads and streams: as the layers inside. Each call is one virtual call.
template <api Api>
class erased {
 public:
  explicit erased(std::unique_ptr<any_node<Api>> stack) noexcept : stack_{std::move(stack)} {}
  erased(Api api, const parsed_recipe& recipe) : erased{compose(std::move(api), recipe)} {}

  block allocate(const request& r) { return stack_->allocate(r); }
  void deallocate(const block& b, stream s) noexcept { stack_->deallocate(b, s); }
  [[nodiscard]] std::size_t skipped_hints() const noexcept { return stack_->skipped_hints(); }
  [[nodiscard]] Api& api() noexcept { return stack_->api(); }
  [[nodiscard]] any_node<Api>& outermost() noexcept { return *stack_; }

 private:
  std::unique_ptr<any_node<Api>> stack_;
};

/// An allocator of a known type as a node.
template <api Api, class Allocator>
class node_of final : public any_node<Api> {
 public:
  template <class... Parts>
  explicit node_of(Parts&&... parts) : held{std::forward<Parts>(parts)...} {}

  block allocate(const request& r) override { return held.allocate(r); }
  void deallocate(const block& b, stream s) noexcept override { held.deallocate(b, s); }
  [[nodiscard]] std::size_t skipped_hints() const noexcept override { return skipped_hints_of(held); }
  Api& api() noexcept override { return held.api(); }
  any_node<Api>* upstream() noexcept override {
    if constexpr (requires { held.upstream(); }) {
      return &held.upstream().outermost();
    } else {
      return nullptr;
    }
  }

  Allocator held;
};

/// A source of any type behind virtual calls.
template <api Api>
class any_range {
 public:
  virtual ~any_range() = default;
  virtual status take(void*& out, const request& r) = 0;
  virtual status give_back(block b, stream s) = 0;
  [[nodiscard]] virtual bool migratable() const noexcept = 0;
  virtual Api& api() noexcept = 0;
};

template <class Source, api Api>
class range_of final : public any_range<Api> {
 public:
  range_of(Api api, Source settings) : source_{std::move(api), std::move(settings)} {}

  status take(void*& out, const request& r) override { return source_.take(out, r); }
  status give_back(block b, stream s) override { return source_.give_back(b, s); }
  [[nodiscard]] bool migratable() const noexcept override {
    if constexpr (requires { source_.migratable(); }) {
      return source_.migratable();
    } else {
      return Source::migratable;
    }
  }
  Api& api() noexcept override { return source_.api(); }

 private:
  typename Source::template on<Api> source_;
};

/// The settings of a source that exists already, so that policies can serve from it or in its place.
template <api Api>
struct ready_source {
  std::unique_ptr<any_range<Api>> range;

  static constexpr bool migratable = true;

  template <cmm::api>
  class on {
   public:
    on(const Api&, ready_source settings) : range_{std::move(settings.range)} {}

    status take(void*& out, const request& r) { return range_->take(out, r); }
    status give_back(block b, stream s) { return range_->give_back(b, s); }
    [[nodiscard]] bool migratable() const noexcept { return range_->migratable(); }
    Api& api() noexcept { return range_->api(); }

   private:
    std::unique_ptr<any_range<Api>> range_;
  };
};

}  // namespace detail
}  // namespace cmm
