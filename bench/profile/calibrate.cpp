#include "profile/calibrate.hpp"

#include <algorithm>
#include <cmath>
#include <cmm/core/error.hpp>
#include <cmm/sim/profiles.hpp>

#include "measure/options.hpp"
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
  std::string_view unit{};
  double ratio = 1;  ///< measured to predicted
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

/// How much longer a host takes for calls: what most of those came to whose row is a call alone.
double factor_of(const std::vector<fitted>& all) {
  std::vector<double> factors;
  for (const fitted& each : all) {
    if (each.name.starts_with("calls.")) factors.push_back(each.ratio);
  }
  std::sort(factors.begin(), factors.end());
  const std::size_t half = factors.size() / 2;
  return std::sqrt(factors[half] * factors[(factors.size() - 1) / 2]);
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
  for (fitted& each : all) each.ratio = each.measured / simulated_row(result.made, budget, each.row);
  settle(all);
  for (fitted& each : all) {
    double& value = each.figure->value;
    value = is_rate(each) ? value / each.ratio : value * each.ratio;
  }
  result.host = factor_of(all);
  for (std::size_t i = 0; i < others.size(); ++i) others[i]->value = before[i] * result.host;
  for (sim::figure* const each : others) {
    each->source = draft.keep("assumed, " + base + "'s by the factor that this host's calls take longer");
  }
  for (const fitted& each : all) {
    draft.fit(*each.figure, each.figure->value, each.name, each.row);
    const double off = simulated_row(result.made, budget, each.row) / each.measured;
    if (std::abs(std::log(off)) > std::log(1.15)) {
      result.notes.push_back(each.row + " is predicted " + std::to_string(off) +
                             " times as long as it was measured, although " + each.name + " is fitted to it");
    }
  }
  return result;
}

}  // namespace cmm::bench
