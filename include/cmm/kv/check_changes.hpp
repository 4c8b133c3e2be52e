#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "../core/error.hpp"
#include "changes.hpp"
#include "placed_pages.hpp"

namespace cmm::kv::detail {

/// Reads what an engine tells before any of it is applied, so that what is refused changes nothing.
class check_changes {
 public:
  explicit check_changes(std::int32_t pages) : expected_(at(pages)) {}

  /// Throws `bad_request` for a page that is foreign, or in another state than its list says.
  void operator()(const placed_pages& pages, const changes& what) {
    ++check_;
    const auto each = [&](std::span<const std::int32_t> list, const char* name, auto&& expects) {
      for (const std::int32_t page : list) {
        if (page < 0 || page >= pages.size()) [[unlikely]]
          refuse_foreign(page, name, pages.size());
        if (page == 0) continue;
        if (const char* const wrong = expects(of(pages, page))) [[unlikely]]
          refuse(page, name, wrong);
      }
    };
    constexpr auto lose = [](state& p) {
      return p.readers-- > 0 ? nullptr : "it has no reader; give each reader back once";
    };
    constexpr auto read = [](state& p) {
      return p.readers > 0 ? nullptr : "it is not live; name it as a hit or as fresh first";
    };
    each(what.idle, "idle", lose);
    each(what.dead, "dead", [&](state& p) {
      const char* const wrong = lose(p);
      p.holds = p.holds && p.readers != 0;
      return wrong;
    });
    each(what.dropped, "dropped", [](state& p) {
      p.holds = false;
      return p.readers == 0 ? nullptr : "it is still read; give its readers back first";
    });
    each(what.fresh, "fresh", [](state& p) {
      p.holds = true;
      return ++p.readers == 1 ? nullptr : "it is still read; give its readers back first";
    });
    each(what.hits, "a hit", [](state& p) {
      ++p.readers;
      return p.holds ? nullptr : "its content is dead; name it as fresh, and have it written";
    });
    each(what.written, "written", read);
    each(what.used, "used", read);
  }

 private:
  struct state {
    std::uint64_t check = 0;
    std::int32_t readers = 0;
    bool holds = false;
  };

  state& of(const placed_pages& pages, std::int32_t page) noexcept {
    state& p = expected_[at(page)];
    if (p.check != check_)
      p = {check_, pages.of(page).readers, pages.of(page).holds || !pages.of(page).named};
    return p;
  }

  [[noreturn, gnu::cold, gnu::noinline]] static void refuse_foreign(std::int32_t page, const char* list,
                                                                    std::int32_t pages) {
    refuse(page, list, "there is no such page; give numbers from 0 to " + std::to_string(pages - 1));
  }
  [[noreturn, gnu::cold, gnu::noinline]] static void refuse(std::int32_t page, const char* list,
                                                            const std::string& why) {
    throw bad_request{"page " + std::to_string(page) + " cannot be " + list + " in this step: " + why};
  }

  std::vector<state> expected_;
  std::uint64_t check_ = 0;
};

}  // namespace cmm::kv::detail
