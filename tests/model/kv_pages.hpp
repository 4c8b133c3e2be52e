#pragma once

#include <cmm/kv/changes.hpp>
#include <cmm/kv/counters.hpp>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace tests {

using pages = std::vector<std::int32_t>;

/// What an engine's pages go through, plainly: readers, content as a tag, and how long each has been idle.
struct plain_page {
  std::int32_t readers = 0;
  bool named = false;
  bool holds = false;
  bool shared = false;
  std::uint64_t tag = 0;
  std::uint64_t idle_since = 0;
};

/// A step that an engine could tell.
struct plain_step {
  pages idle, dead, dropped, hits, fresh, written, used;

  [[nodiscard]] cmm::kv::changes changes() const {
    return {.idle = idle,
            .dead = dead,
            .dropped = dropped,
            .fresh = fresh,
            .hits = hits,
            .written = written,
            .used = used};
  }
};

/// Draws steps that are right, and keeps what they make of the pages.
class plain_pages {
 public:
  plain_pages(std::int32_t count, std::uint64_t seed) : all(static_cast<std::size_t>(count)), random_{seed} {}

  plain_page& operator[](std::int32_t page) { return all[static_cast<std::size_t>(page)]; }
  [[nodiscard]] std::int32_t size() const { return static_cast<std::int32_t>(all.size()); }
  std::uint64_t below(std::uint64_t most) { return random_() % most; }

  /// Applied to the pages already, but for what the work of the step writes.
  plain_step draw() {
    plain_step step;
    const std::uint64_t busy = 1 + below(6);  // some steps change much, most little
    draw_into(step.idle, busy, [&](plain_page& p) { return p.readers > 0 && lose(p, false); });
    draw_into(step.dead, busy / 2, [&](plain_page& p) { return p.readers > 0 && lose(p, true); });
    draw_into(step.dropped, below(8) == 0 ? 2 : 0, [&](plain_page& p) {
      if (p.readers > 0) return false;
      p.holds = p.shared = false;
      return p.named = true;
    });
    draw_into(step.fresh, busy, [&](plain_page& p) {
      if (p.readers > 0) return false;
      p.shared = p.holds = false;
      p.readers = 1;
      return p.named = true;
    });
    draw_into(step.hits, busy, [&](plain_page& p) {
      if (!p.holds && p.named && p.readers == 0) return false;  // what is fresh in this step can be shared
      p.shared = p.shared || p.named;
      ++p.readers;
      p.holds = p.holds || !p.named;
      return p.named = true;
    });
    draw_into(step.written, busy / 2, [](plain_page& p) { return p.readers > 0 && p.holds; });
    if (below(2) == 0) draw_into(step.used, 8, [](plain_page& p) { return p.readers > 0; });
    return step;
  }

  std::vector<plain_page> all;

 private:
  template <class Takes>
  void draw_into(pages& list, std::uint64_t tries, Takes&& takes) {
    for (std::uint64_t i = below(tries + 1); i > 0; --i) {
      // Page 0 may be named; some pages seldom, so that they are never named for long: those on one side.
      const auto near = static_cast<std::int32_t>(below(1 + below(all.size())));
      const std::int32_t page = favours_low_ ? near : size() - 1 - near;
      if (page == 0 || takes((*this)[page])) list.push_back(page);
    }
  }

  bool lose(plain_page& p, bool dead) {
    if (--p.readers == 0) {
      p.idle_since = ++clock_;
      if (dead) p.holds = p.shared = false;
    }
    return true;
  }

  std::mt19937_64 random_;
  bool favours_low_ = random_() % 2 == 0;
  std::uint64_t clock_ = 0;
};

}  // namespace tests
