#pragma once

#include <cmm/kv/plan.hpp>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace tests {

/// Two memories of slots, each of which holds something in place of a page. The first `fast` are HBM.
template <class Content>
class kv_memory_of {
 public:
  kv_memory_of(std::int32_t slots, std::int32_t fast)
      : contents_(static_cast<std::size_t>(slots)), fast_{fast} {}

  Content& operator[](std::int32_t slot) { return contents_[static_cast<std::size_t>(slot)]; }

  /// Runs a plan in any order, as its slots are disjoint; the complaint about it, or nothing.
  std::string run(const cmm::kv::plan& plan) {
    std::set<std::int32_t> seen;
    std::string complaint;
    const auto pairs = [&](auto list, bool up, bool down) {
      for (const auto& [fast, beyond] : list) {
        if (fast < 0 || fast >= fast_) complaint = "the fast slot " + std::to_string(fast) + " is not in HBM";
        if (beyond < fast_ || static_cast<std::size_t>(beyond) >= contents_.size())
          complaint = "the slot " + std::to_string(beyond) + " is not beyond HBM";
        for (const std::int32_t slot : {fast, beyond}) {
          if (!seen.insert(slot).second) complaint = "slot " + std::to_string(slot) + " is twice in a plan";
        }
        if (!complaint.empty()) return;
        const Content was_fast = (*this)[fast], was_beyond = (*this)[beyond];
        if (up) (*this)[fast] = was_beyond;
        if (down) (*this)[beyond] = was_fast;
      }
    };
    pairs(plan.up, true, false);
    pairs(plan.down, false, true);
    pairs(plan.swap, true, true);
    return complaint;
  }

 private:
  std::vector<Content> contents_;
  std::int32_t fast_;
};

using kv_memory = kv_memory_of<std::uint64_t>;

}  // namespace tests
