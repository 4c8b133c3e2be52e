#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "../core/live_hints.hpp"
#include "../core/process.hpp"
#include "../core/recipe.hpp"
#include "../source/tiered_range.hpp"

namespace cmm::kv::detail {

/// What a range of pages lies in.
class range_memory {
 public:
  virtual ~range_memory() = default;
  [[nodiscard]] virtual std::byte* data() const noexcept = 0;
  [[nodiscard]] virtual std::size_t bytes() const noexcept = 0;
  [[nodiscard]] virtual std::size_t ready() const noexcept = 0;
  virtual void wait_for(std::size_t bytes) = 0;
  [[nodiscard]] virtual std::vector<shared_memory> share() = 0;
  /// Advice and prefetches that the machine could not take.
  [[nodiscard]] virtual std::size_t skipped_hints() const noexcept = 0;
  [[nodiscard]] virtual std::string text() const = 0;
};

/// Memory handles, mapped.
template <api Api>
class mapped_memory final : public range_memory {
 public:
  mapped_memory(Api api, std::vector<memory_area> areas, const range_settings& how)
      : range_{std::move(api), std::move(areas), how} {}

  [[nodiscard]] std::byte* data() const noexcept override { return range_.data(); }
  [[nodiscard]] std::size_t bytes() const noexcept override { return range_.bytes(); }
  [[nodiscard]] std::size_t ready() const noexcept override { return range_.ready(); }
  void wait_for(std::size_t bytes) override { range_.wait_for(bytes); }
  [[nodiscard]] std::vector<shared_memory> share() override { return range_.share(); }
  [[nodiscard]] std::size_t skipped_hints() const noexcept override { return 0; }
  [[nodiscard]] std::string text() const override { return "mapped memory"; }

 private:
  tiered_range<Api> range_;
};

/// Whether all that an allocator hands out can migrate; a `spill` places its blocks itself.
bool migrates(const auto& allocator) noexcept {
  constexpr bool places = requires { allocator.fast_bytes(); };
  if constexpr (!places && requires { allocator.migratable(); }) {
    return allocator.migratable();
  } else if constexpr (!places && requires { allocator.upstream(); }) {
    return migrates(allocator.upstream());
  } else {
    return false;
  }
}

/// One block of a recipe. Where it can migrate, each area of it prefers its memory and stays mapped for the
/// GPU, and what belongs into HBM is brought there.
template <api Api, class Recipe>
class recipe_memory final : public range_memory {
 public:
  recipe_memory(Api api, const Recipe& recipe, const std::vector<memory_area>& areas,
                const range_settings& how)
      : text_{to_text(recipe)}, memory_{build(recipe, std::move(api))}, hints_{memory_} {
    std::size_t bytes = 0;
    for (const memory_area& each : areas) bytes += each.bytes;
    block_ = memory_.allocate({.bytes = bytes, .device = how.device});
    if (!block_) {
      const status full{errc::out_of_memory, "allocate"};
      throw range_full{full, "taking " + size_in_full(bytes) + " from " + text_, location::none(), 0};
    }
    if (!migrates(memory_.upstream())) return;
    try {
      for (const memory_area& each : areas) place(each);
    } catch (...) {
      memory_.deallocate(block_, stream::legacy());
      throw;
    }
  }
  recipe_memory(const recipe_memory&) = delete;
  recipe_memory& operator=(const recipe_memory&) = delete;
  ~recipe_memory() override {
    if (!mark_.forked()) memory_.deallocate(block_, stream::legacy());
  }

  [[nodiscard]] std::byte* data() const noexcept override { return static_cast<std::byte*>(block_.data); }
  [[nodiscard]] std::size_t bytes() const noexcept override { return block_.bytes; }
  [[nodiscard]] std::size_t ready() const noexcept override { return block_.bytes; }
  void wait_for(std::size_t bytes) override {
    if (mark_.forked()) throw bad_request{cmm::detail::range_of_the_parent};
    if (bytes > block_.bytes) cmm::detail::refuse_wait(bytes, block_.bytes);
  }
  [[nodiscard]] std::vector<shared_memory> share() override {
    throw bad_request{"a KV range of the recipe " + text_ +
                      " was to be shared, and only memory handles can be; make it on a machine and a driver "
                      "that have them"};
  }
  [[nodiscard]] std::size_t skipped_hints() const noexcept override {
    return hints_.skipped_hints() + memory_.skipped_hints();
  }
  [[nodiscard]] std::string text() const override { return text_; }

 private:
  void place(const memory_area& area) {
    const block part{data() + area.offset, area.bytes, block_.device};
    hints_.advise(part, advice::preferred_location, area.where);
    hints_.advise(part, advice::accessed_by, location::device());
    if (area.where.what == location::kind::device) hints_.prefetch(part, area.where, stream::legacy());
  }

  using allocator = decltype(build(std::declval<const Recipe&>(), std::declval<Api>()));

  std::string text_;
  allocator memory_;
  live_hints<Api> hints_;
  block block_{};
  cmm::detail::process_mark mark_;
};

}  // namespace cmm::kv::detail
