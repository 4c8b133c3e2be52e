#include "profile/calibrate.hpp"

#include <algorithm>
#include <cmath>
#include <cmm/core/error.hpp>
#include <cmm/sim/profiles.hpp>

#include "options.hpp"
#include "profile/facts.hpp"
#include "profile/simulated_rows.hpp"

namespace cmm::bench {
namespace {

/// A figure that is fitted to a row, and what the row took on the real machine.
struct fitted {
  std::string name;
  std::string row;
  double measured = 0;
  sim::figure* figure = nullptr;
  double base = 0;
  bool heard = true;  ///< the row hears the figure
};

std::vector<fitted> rows_of(const measured_run& run, sim::profile& into) {
  std::vector<fitted> all;
  std::string missing;
  for (const sim::calibrated& each : sim::h200_pcie.calibration) {
    const auto measured = run.row(each.row);
    if (!measured) missing += std::string{missing.empty() ? "" : ", "} + each.row;
    all.push_back({each.figure, each.row, measured.value_or(0)});
  }
  if (!missing.empty()) {
    throw bad_text{run.called() + " cannot make a profile: it lacks the rows " + missing +
                   "; run tools/bench --calibrate on that machine"};
  }
  sim::each_figure(into, [&](const std::string& name, sim::figure& one, const char*) {
    for (fitted& each : all) {
      if (each.name != name) continue;
      each.figure = &one;
      each.base = one.value;
    }
  });
  return all;
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

/// How much longer a host takes for calls: the mean of what calls came to alone.
double factor_of(const std::vector<fitted>& all) {
  double sum = 0;
  int count = 0;
  for (const fitted& each : all) {
    if (!each.heard || !each.name.starts_with("calls.")) continue;
    sum += std::log(each.figure->value / each.base);
    ++count;
  }
  return count == 0 ? 1 : std::exp(sum / count);
}

/// Brings a figure to where its row takes as long as measured, by the slope at which the row follows it.
void fit(fitted& one, const machine_profile& of, std::size_t budget) {
  constexpr double close = 0.002;
  constexpr double step = 1.05;
  constexpr double deaf = 0.03;  // a slope below this says nothing about the figure
  double& value = one.figure->value;
  for (int i = 0; i < 4; ++i) {
    const double now = simulated_row(of, budget, one.row);
    const double off = std::log(one.measured / now);
    if (std::abs(off) < close) return;
    const double before = value;
    value = before * step;
    const double slope = std::log(simulated_row(of, budget, one.row) / now) / std::log(step);
    one.heard = std::abs(slope) > deaf;
    value = one.heard ? before * std::exp(std::clamp(off / slope, -1.5, 1.5)) : before;
    if (!one.heard) return;
  }
}

}  // namespace

calibration calibrate(const measured_run& run, const std::string& name) {
  profile_draft draft = draft_of(run, name);
  sim::profile& made = draft.value();
  const std::string base = base_of(run).name;
  std::vector<fitted> all = rows_of(run, made);
  std::vector<sim::figure*> others = other_calls(made);
  std::vector<double> before;
  for (const sim::figure* each : others) before.push_back(each->value);
  const auto budget =
      static_cast<std::size_t>(run.number("max_managed_bytes").value_or(options::default_managed));

  calibration result{draft.finish(), base_of(run).name, 1, {}};
  for (int sweep = 0; sweep < 4; ++sweep) {
    for (fitted& each : all) {
      if (each.heard) fit(each, result.made, budget);
    }
    result.host = factor_of(all);
    for (std::size_t i = 0; i < others.size(); ++i) others[i]->value = before[i] * result.host;
  }
  for (sim::figure* const each : others) {
    each->source = draft.keep("assumed, " + base + "'s by the factor that this host's calls take longer");
  }
  for (const fitted& each : all) {
    const double off = simulated_row(result.made, budget, each.row) / each.measured;
    if (each.heard) draft.fit(*each.figure, each.figure->value, each.name, each.row);
    if (!each.heard || std::abs(std::log(off)) > 0.02) {
      result.notes.push_back(
          each.name +
          (each.heard ? " brings its row no closer than " : " says nothing of its row, which is predicted ") +
          std::to_string(off) + " of what was measured: " + each.row);
    }
  }
  return result;
}

}  // namespace cmm::bench
