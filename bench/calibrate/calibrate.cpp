#include "calibrate.hpp"

#include <algorithm>
#include <cmath>
#include <cmm/core/error.hpp>
#include <cmm/sim/profiles.hpp>
#include <cstdio>
#include <utility>

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

/// What calls come to whose host takes so much longer for instructions, of which it does only a share: the
/// rest waits for the GPU.
double slowed(double share, double factor) { return 1 + share * (factor - 1); }

/// Of `cudaMalloc` and of a product. Where other calls took 1.75 times as long on an H200, they took 1.4.
constexpr double half_of_it = 0.5;

/// Calls of the host whose cost no row tells, and what share of it is the host's.
std::vector<std::pair<sim::figure*, double>> other_calls(sim::profile& of) {
  sim::call_costs& calls = of.calls;
  return {{&calls.small_device_pair, 1},
          {&calls.system_pair, 1},
          {&calls.pool_create, 1},
          {&calls.advise, 1},
          {&calls.ask, 1},
          {&calls.launch, 1},
          {&calls.product, half_of_it},
          {&calls.wait, 1},
          {&of.copies.call, 1},
          {&of.copies.batched, 1},
          {&of.prefetch.call, 1}};
}

bool is_call(const fitted& one) { return one.name.starts_with("calls."); }

/// Calls of a host at one speed differ by less than this. It may have two, 1.6 to 1.9 apart on an H200, and
/// change between them within a second.
constexpr double steady = 1.5;

/// How much longer than on the base a host takes for calls, and the fastest and the slowest row that say so.
struct host_speed {
  double factor = 1;
  const fitted* fastest = nullptr;
  const fitted* slowest = nullptr;

  /// Whether a row was measured at this speed.
  [[nodiscard]] bool heard_by(const fitted& one) const { return one.ratio < steady * fastest->ratio; }
  [[nodiscard]] bool changed() const { return fastest != nullptr && !heard_by(*slowest); }
};

/// The middle of the rows that are calls alone and that no other work on the host slowed down.
host_speed speed_of(const std::vector<fitted>& all) {
  std::vector<const fitted*> calls;
  for (const fitted& each : all) {
    if (is_call(each)) calls.push_back(&each);
  }
  if (calls.empty()) return {};
  std::sort(calls.begin(), calls.end(), [](auto* a, auto* b) { return a->ratio < b->ratio; });
  host_speed host{1, calls.front(), calls.back()};
  std::erase_if(calls, [&](const fitted* each) { return !host.heard_by(*each); });
  const std::size_t half = calls.size() / 2;
  host.factor = std::sqrt(calls[half]->ratio * calls[(calls.size() - 1) / 2]->ratio);
  return host;
}

/// Says that the host was measured at two speeds: one profile cannot hold both.
std::string note_of(const host_speed& host) {
  return "calls of this host took from " + rounded(host.fastest->ratio) + " (" + host.fastest->row + ") to " +
         rounded(host.slowest->ratio) + " times (" + host.slowest->row +
         ") as long as predicted: it changed its speed meanwhile, and the profile holds the faster one; "
         "measure again to have every call at that speed";
}

/// Half of how far a ratio is from what it was expected to be may be the moment in which its row was
/// measured, up to a factor of two: rows of two runs of one H200 differ by 20 to 27 %, and machines by little
/// more.
double settled(double ratio, double expected) {
  const double most = std::log(2.0);
  const double off = std::log(ratio / expected);
  return expected * std::exp(off - std::clamp(off, -most, most) / 2);
}

/// The mean of the ratios of rows in which the driver works on pages.
double mean_of_pages(const std::vector<fitted>& all) {
  double sum = 0;
  std::size_t count = 0;
  for (const fitted& each : all) {
    if (is_call(each)) continue;
    sum += std::log(each.ratio);
    ++count;
  }
  return count == 0 ? 1 : std::exp(sum / static_cast<double>(count));
}

/// What a figure is multiplied by. A call that was measured while the host was slower tells nothing of it.
double change_of(const fitted& one, const host_speed& host, double pages) {
  if (!is_call(one)) return settled(one.ratio, pages);
  if (host.heard_by(one)) return settled(one.ratio, host.factor);
  return slowed(one.name == "calls.device_pair" ? half_of_it : 1, host.factor);
}

}  // namespace

calibration calibrate(const measured_runs& run, const std::string& name) {
  sim::profile_draft draft = draft_of(run, name);
  sim::profile& made = draft.value();
  const std::string base = base_of(run).name;
  std::vector<fitted> all = rows_of(run, made);
  const auto budget =
      static_cast<std::size_t>(run.number("max_managed_bytes").value_or(options::default_managed));

  calibration result{draft.finish(), base_of(run).name, 1, {}};
  std::erase_if(all, [&](fitted& each) {
    const bool deaf = !compare(each, result.made, budget);
    if (deaf)
      result.notes.push_back(each.name + " is assumed, because here its row says nothing of it: " + each.row);
    return deaf;
  });
  const host_speed host = speed_of(all);
  if (host.changed()) result.notes.push_back(note_of(host));
  const double pages = mean_of_pages(all);
  for (fitted& each : all) {
    change(each, change_of(each, host, pages));
    draft.fit(*each.figure, each.figure->value, each.name, each.row);
  }
  result.host = host.factor;
  for (const auto& [call, share] : other_calls(made)) {
    draft.set(*call, *call * slowed(share, host.factor),
              "assumed, as on " + base + ", and slower by the factor of this host's calls");
  }
  return result;
}

}  // namespace cmm::bench
