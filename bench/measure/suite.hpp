#pragma once

#include <algorithm>
#include <cmm/core/managed_budget.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../workload/workload.hpp"
#include "limits.hpp"
#include "memory.hpp"
#include "options.hpp"
#include "row.hpp"

namespace cmm::bench {

/// The name of a row: `family/axis:value/axis:value`.
inline std::string row_name(std::string family,
                            std::initializer_list<std::pair<const char*, std::string>> axes) {
  for (const auto& [axis, value] : axes) family += std::string{"/"} + axis + ":" + value;
  return family;
}

/// How many samples to take of a row: at least `few`, and up to `most` until `enough` nanoseconds have gone.
struct effort {
  int few = 5;
  int most = 25;
  double enough = 500e6;
};

/// One GPU of the machine, the budget of managed memory and the rows that cases register.
template <workload Workload>
class suite {
 public:
  using api_type = capped<decltype(std::declval<Workload&>().api())>;

  suite(Workload& on, managed_budget& budget, const options& wanted)
      : work_{on}, budget_{budget}, options_{wanted}, limits_{on, fitting(256_MiB), fitting(2_GiB)} {}

  [[nodiscard]] Workload& work() noexcept { return work_; }
  [[nodiscard]] managed_budget& budget() noexcept { return budget_; }
  [[nodiscard]] bool quick() const noexcept { return options_.quick; }
  [[nodiscard]] const options& wanted() const noexcept { return options_; }
  [[nodiscard]] bench::limits<Workload>& limits() noexcept { return limits_; }
  [[nodiscard]] location gpu() const noexcept { return location::device(work_.device()); }

  /// The api that keeps to the budget of managed memory.
  [[nodiscard]] api_type api() { return {work_.api(), budget_}; }

  /// The largest block of managed memory that a case should ask for: `wanted`, or what a third of the budget
  /// allows.
  [[nodiscard]] std::size_t fitting(std::size_t wanted) const noexcept {
    constexpr std::size_t page = 2_MiB;
    return std::max(page, std::min(wanted, budget_.bytes() / 3) / page * page);
  }

  /// Adds a row, unless one of this name is there: under a small budget, cases of different sizes shrink to
  /// one. `measure` fills the sink; what it throws becomes the row's error, or the reason why it is skipped.
  /// Where there are several GPUs the name says which one it is.
  void row(std::string name, std::function<void(sample_sink&)> measure) {
    if (work_.devices() > 1) name += "/gpu:" + std::to_string(work_.device());
    if (std::any_of(rows_.begin(), rows_.end(), [&](const bench_row& each) { return each.name == name; }))
      return;
    auto body = [this, name, run = std::move(measure)](sample_sink& sink) {
      work_.activate();
      const range shown{work_.api(), name.c_str()};
      try {
        run(sink);
      } catch (const ran_out& error) {
        if (error.bytes <= budget_.bytes()) throw;
        throw skipped{size_in_full(error.bytes) + " of memory is more than the budget of " +
                      size_in_full(budget_.bytes()) + "; see --max-managed"};
      }
    };
    rows_.push_back({std::move(name), std::move(body)});
  }
  [[nodiscard]] const std::vector<bench_row>& rows() const noexcept { return rows_; }

  /// Takes samples of a row. `sample` answers nanoseconds. A simulated machine repeats itself exactly, so the
  /// fewest samples say all.
  void repeat(sample_sink& sink, effort wanted, auto&& sample) {
    const int most = Workload::simulated ? wanted.few : wanted.most;
    const double enough = quick() ? wanted.enough / 10 : wanted.enough;
    const double begin = work_.now();
    for (int i = 0; i < most && (i < wanted.few || work_.now() - begin < enough); ++i) {
      sink.nanoseconds.push_back(sample());
    }
  }

 private:
  /// The row as a range in the timeline of a profiler.
  class range {
   public:
    using api_type = decltype(std::declval<Workload&>().api());
    range(api_type api, const char* name) : api_{std::move(api)} { api_.push_range(name); }
    ~range() { api_.pop_range(); }
    range(const range&) = delete;
    range& operator=(const range&) = delete;

   private:
    api_type api_;
  };

  Workload& work_;
  managed_budget& budget_;
  const options& options_;
  bench::limits<Workload> limits_;
  std::vector<bench_row> rows_;
};

/// Throws `skipped` with the reason where a GPU cannot do what a case needs.
template <workload Workload>
void require(suite<Workload>& s, attribute what, const char* reason) {
  int able = 0;
  detail::check(s.work().api().attribute(s.work().device(), what, able), "asking what the GPU can do");
  if (able == 0) throw skipped{reason};
}

/// Throws `skipped` where managed memory cannot be placed or moved.
template <workload Workload>
void require_placement(suite<Workload>& s) {
  require(s, attribute::concurrent_managed_access,
          "managed memory cannot be placed here: no concurrentManagedAccess");
}

}  // namespace cmm::bench
