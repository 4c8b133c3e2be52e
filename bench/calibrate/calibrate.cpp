#include "calibrate.hpp"

#include <algorithm>
#include <cmath>
#include <cmm/core/error.hpp>
#include <cmm/sim/profiles.hpp>
#include <cstdio>

#include "../measure/options.hpp"
#include "facts.hpp"
#include "simulated_rows.hpp"

namespace cmm::bench {
namespace {

/// A figure that is fitted to a row, and what the row took on the real machine.
struct fitted {
  std::string name;
  std::string row;
  double measured = 0;
  sim::figure* figure = nullptr;
  std::string_view unit{};
  double ratio = 1;  ///< measured to predicted
};

std::vector<fitted> rows_of(const measured_runs& run, sim::profile& into) {
  std::vector<fitted> all;
  std::string missing;
  for (const sim::calibrated& each : sim::h200_pcie.calibration) {
    if (run.skips(each.row)) continue;  // its figure means nothing there
    const auto measured = run.row(each.row);
    if (!measured) missing += std::string{missing.empty() ? "" : ", "} + each.row;
    all.push_back({each.figure, each.row, measured.value_or(0)});
  }
  if (!missing.empty()) {
    throw bad_text{run.called() + " cannot make a profile: it lacks the rows " + missing +
                   "; run tools/bench --calibrate on that machine"};
  }
  sim::each_figure(into, [&](const std::string& name, sim::figure& one, const char* unit) {
    for (fitted& each : all) {
      if (each.name != name) continue;
      each.figure = &one;
      each.unit = unit;
    }
  });
  return all;
}

bool is_rate(const fitted& one) { return one.unit == sim::unit::rate; }

void change(fitted& one, double ratio) {
  double& value = one.figure->value;
  value = is_rate(one) ? value / ratio : value * ratio;
}

/// Takes the ratio of a figure's row on the real machine to the simulated one. False where the row does not
/// hear the figure, as on a machine with one memory.
bool compare(fitted& one, const sim::machine_profile& of, std::size_t budget) {
  const double before = one.figure->value;
  const double now = simulated_row(of, budget, one.row);
  change(one, 1.5);
  const bool heard = std::abs(simulated_row(of, budget, one.row) / now - 1) > 0.01;
  one.figure->value = before;
  one.ratio = one.measured / now;
  return heard;
}

std::string rounded(double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.2f", value);
  return digits;
}

/// Calls of the host whose cost no row tells.
std::vector<sim::figure*> other_calls(sim::profile& of) {
  sim::call_costs& calls = of.calls;
  return {&calls.small_device_pair,
          &calls.system_pair,
          &calls.pool_create,
          &calls.advise,
          &calls.ask,
          &calls.launch,
          &calls.product,
          &calls.wait,
          &of.copies.call,
          &of.copies.batched,
          &of.prefetch.call};
}

/// Takes from each ratio what may be the moment in which its row was measured: half of how far it is from the
/// mean of all, and no more than half of a factor of two. Rows of two runs of one H200 differ by 20 to 27 %,
/// at most by two, and machines by little more.
void settle(std::vector<fitted>& all) {
  const double most = std::log(2.0);
  double mean = 0;
  for (const fitted& each : all) mean += std::log(each.ratio) / static_cast<double>(all.size());
  for (fitted& each : all) {
    const double off = std::log(each.ratio) - mean;
    each.ratio = std::exp(mean + off - std::clamp(off, -most, most) / 2);
  }
}

bool is_call(const fitted& one) { return one.name.starts_with("calls."); }

/// Says so where a host's calls were measured at two speeds: one profile cannot hold both.
void tell_of_speeds(const std::vector<fitted>& all, std::vector<std::string>& notes) {
  constexpr double steady = 1.5;
  const fitted* fast = nullptr;
  const fitted* slow = nullptr;
  for (const fitted& each : all) {
    if (!is_call(each)) continue;
    if (fast == nullptr || each.ratio < fast->ratio) fast = &each;
    if (slow == nullptr || each.ratio > slow->ratio) slow = &each;
  }
  if (fast == nullptr || slow->ratio < steady * fast->ratio) return;
  notes.push_back("calls of this host took from " + rounded(fast->ratio) + " (" + fast->row + ") to " +
                  rounded(slow->ratio) + " times (" + slow->row +
                  ") as long as predicted: the host may have changed its speed meanwhile, so measure again");
}

/// How much longer a host takes for calls: what most of those came to whose row is a call alone.
double factor_of(const std::vector<fitted>& all) {
  std::vector<double> factors;
  for (const fitted& each : all) {
    if (is_call(each)) factors.push_back(each.ratio);
  }
  if (factors.empty()) return 1;
  std::sort(factors.begin(), factors.end());
  const std::size_t half = factors.size() / 2;
  return std::sqrt(factors[half] * factors[(factors.size() - 1) / 2]);
}

}  // namespace

calibration calibrate(const measured_runs& run, const std::string& name) {
  sim::profile_draft draft = draft_of(run, name);
  sim::profile& made = draft.value();
  const std::string base = base_of(run).name;
  std::vector<fitted> all = rows_of(run, made);
  std::vector<sim::figure*> others = other_calls(made);
  std::vector<double> before;
  for (const sim::figure* each : others) before.push_back(each->value);
  const auto budget =
      static_cast<std::size_t>(run.number("max_managed_bytes").value_or(options::default_managed));

  calibration result{draft.finish(), base_of(run).name, 1, {}};
  std::erase_if(all, [&](fitted& each) {
    const bool deaf = !compare(each, result.made, budget);
    if (deaf)
      result.notes.push_back(each.name + " is assumed, because here its row says nothing of it: " + each.row);
    return deaf;
  });
  tell_of_speeds(all, result.notes);
  settle(all);
  for (fitted& each : all) {
    change(each, each.ratio);
    draft.fit(*each.figure, each.figure->value, each.name, each.row);
  }
  result.host = factor_of(all);
  for (std::size_t i = 0; i < others.size(); ++i) {
    draft.set(*others[i], before[i] * result.host,
              "assumed, as on " + base + ", and slower by the factor of this host's calls");
  }
  return result;
}

}  // namespace cmm::bench
