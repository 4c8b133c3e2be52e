#include "facts.hpp"

#include <algorithm>
#include <cmm/sim/profiles.hpp>
#include <optional>

namespace cmm::bench {
namespace {

constexpr double mib = 1024.0 * 1024.0;

/// What a run does not tell of a chip: bytes of the L2.
struct sheet {
  const char* chip;
  double cache;
  const char* source;
};
constexpr sheet sheets[] = {
    {"H100", 50 * mib, "NVIDIA Hopper tuning guide"},
    {"H200", 60 * mib, "attributes of an H200, driver 580"},
    {"GH200", 60 * mib, "assumed, as on the H200"},
    {"A100", 40 * mib, "NVIDIA A100 data sheet"},
};

/// Every figure of the base is one that this machine is assumed to share.
void assume_all(sim::profile_draft& draft, const sim::profile& base) {
  const char* const source = draft.keep(std::string{"assumed, as on "} + base.name);
  sim::each_figure(draft.value(), [&](const std::string&, sim::figure& one, const char*) {
    one = {one.value, source};
  });
}

}  // namespace

const sim::profile& base_of(const measured_runs& run) {
  for (const sim::profile* each : sim::profiles) {
    if (run.fact("platform") == std::string{"sim:"} + each->name) return *each;
  }
  const bool coherent = run.number("pageable_memory_access").value_or(0) != 0;
  const bool grace = run.fact("gpu").find("GB10") != std::string::npos;
  return grace ? sim::gb10 : coherent ? sim::gh200_480 : sim::h200_pcie;
}

sim::profile_draft draft_of(const measured_runs& run, const std::string& name) {
  const sim::profile& base = base_of(run);
  sim::profile_draft draft{base};
  assume_all(draft, base);
  draft.fit_nothing();
  sim::profile& made = draft.value();
  made.name = draft.keep(name);
  made.numa_nodes = run.numa_nodes();
  const auto take = [&](sim::figure& one, const std::optional<double>& value, const char* source) {
    if (value) draft.set(one, *value, source);
  };
  constexpr const char* attributes = "attributes of the GPU, as the run tells";
  constexpr const char* clock = "clock and width, as the run tells";
  take(made.hbm.capacity, run.number("gpu_memory_bytes"), attributes);
  take(made.gpu.multiprocessors, run.number("multiprocessors"), attributes);
  take(made.hbm.peak, run.rate("GPU memory, by clock"), clock);
  take(made.link.peak, run.rate("the link, one direction"), "generation and width, as the run tells");
  // Data sheets give tensor cores at a lower clock than the highest, that of a Hopper at 1830 of 1980 MHz.
  constexpr double of_highest = 1830.0 / 1980;
  constexpr const char* boost = "clock and width, as the run tells, at the clock of data sheets";
  const auto at_boost = [&](const char* type) {
    const auto highest = run.rate("arithmetic", type);
    return highest ? std::optional{of_highest * *highest} : highest;
  };
  take(made.gpu.bf16, at_boost("type:bf16"), boost);
  take(made.gpu.fp8, at_boost("type:fp8"), boost);
  take(made.gpu.fp32, run.rate("arithmetic", "type:fp32"), clock);
  take(made.host.capacity, run.host("memory_total_bytes"), "/proc/meminfo, as the run tells");
  const double share = made.hbm.peak / base.hbm.peak;
  draft.set(made.hbm.read, base.hbm.read * share,
            "assumed, as much of the peak as on " + std::string{base.name});
  draft.set(made.hbm.write, base.hbm.write * share,
            "assumed, as much of the peak as on " + std::string{base.name});
  const std::string gpu = run.fact("gpu");
  for (const sheet& each : sheets) {
    if (gpu.find(each.chip) != std::string::npos) draft.set(made.gpu.cache, each.cache, each.source);
  }
  constexpr std::pair<const char*, attribute> asked[] = {
      {"concurrent_managed_access", attribute::concurrent_managed_access},
      {"pageable_memory_access", attribute::pageable_memory_access},
      {"host_numa_pools", attribute::host_numa_pools},
      {"managed_pools", attribute::managed_pools},
      {"egm", attribute::egm},
  };
  for (const auto& [fact, what] : asked) {
    take(made.capabilities[static_cast<std::size_t>(what)], run.number(fact), attributes);
  }
  return draft;
}

}  // namespace cmm::bench
