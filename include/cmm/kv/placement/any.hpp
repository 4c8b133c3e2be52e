#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "../placing.hpp"

namespace cmm::kv {

/// Policies that are known at run time only, as a list of which the first decides first. A step costs one
/// call more for each.
class any_placement {
 public:
  any_placement() = default;

  template <placement_policy Policy>
  void add(Policy policy) {
    policies_.push_back(std::make_unique<held<Policy>>(std::move(policy)));
  }

  void prepare(std::int32_t pages, std::int32_t fast) {
    for (const auto& each : policies_) each->prepare(pages, fast);
  }
  void place(placing& step) {
    for (const auto& each : policies_) each->place(step);
  }

 private:
  struct any {
    virtual ~any() = default;
    virtual void prepare(std::int32_t pages, std::int32_t fast) = 0;
    virtual void place(placing& step) = 0;
  };

  template <placement_policy Policy>
  struct held final : any {
    explicit held(Policy given) : policy{std::move(given)} {}
    void prepare(std::int32_t pages, std::int32_t fast) override {
      if constexpr (requires { policy.prepare(pages, fast); }) policy.prepare(pages, fast);
    }
    void place(placing& step) override { policy.place(step); }
    Policy policy;
  };

  std::vector<std::unique_ptr<any>> policies_;
};

static_assert(placement_policy<any_placement>);

}  // namespace cmm::kv
