#include "statistics.hpp"

#include <algorithm>

namespace cmm::bench {
namespace {

std::vector<double> sorted(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values;
}

double quantile(const std::vector<double>& in_order, double q) {
  return in_order[static_cast<std::size_t>(q * static_cast<double>(in_order.size() - 1) + 0.5)];
}

/// The limit of the pass that knows the best one.
double stated_limit(const std::vector<sample_sink>& passes) {
  return std::min_element(
             passes.begin(), passes.end(),
             [](const auto& a, const auto& b) { return a.limit.nanoseconds < b.limit.nanoseconds; })
      ->limit.nanoseconds;
}

}  // namespace

double median_of(std::vector<double> values) { return quantile(sorted(std::move(values)), 0.5); }

double summary::median() const {
  return std::find_if(counters.begin(), counters.end(), [](const auto& c) { return c.first == "p50_ns"; })
      ->second;
}

summary summarize(const std::vector<sample_sink>& passes) {
  const sample_sink& first = passes.front();
  std::vector<double> all;
  std::vector<double> references;
  std::vector<double> medians;
  for (const sample_sink& pass : passes) {
    if (pass.nanoseconds.empty()) throw std::runtime_error{"the case took no sample"};
    all.insert(all.end(), pass.nanoseconds.begin(), pass.nanoseconds.end());
    references.insert(references.end(), pass.reference.begin(), pass.reference.end());
    medians.push_back(median_of(pass.nanoseconds));
  }
  all = sorted(std::move(all));
  const double median = quantile(all, 0.5);

  summary result;
  const auto add = [&](const char* name, double value) { result.counters.emplace_back(name, value); };
  add("samples", static_cast<double>(all.size()));
  add("min_ns", all.front());
  add("p25_ns", quantile(all, 0.25));
  add("p50_ns", median);
  add("p75_ns", quantile(all, 0.75));
  add("p95_ns", quantile(all, 0.95));
  add("p99_ns", quantile(all, 0.99));
  add("max_ns", all.back());
  if (passes.size() > 1) {
    const auto [least, most] = std::minmax_element(medians.begin(), medians.end());
    add("pass_spread", (*most - *least) / median);
  }
  if (first.bytes != 0) {
    add("bytes", static_cast<double>(first.bytes));
    add("bytes_per_second", static_cast<double>(first.bytes) / median * 1e9);
  }
  if (first.flops > 0) {
    add("flops", first.flops);
    add("flops_per_second", first.flops / median * 1e9);
  }
  if (first.pages != 0) {
    add("pages", static_cast<double>(first.pages));
    add("ns_per_page", median / static_cast<double>(first.pages));
  }
  if (!references.empty()) {
    const double reference = median_of(references);
    add("reference_ns", reference);
    add("speedup", reference / median);
  }
  if (first.limit.nanoseconds > 0) {
    const double stated = stated_limit(passes);
    // What beats a measured limit is the better measurement, so the row has reached what it knows.
    const bool beaten = !first.limit.published && stated > median;
    add("limit_ns", beaten ? median : stated);
    add("limit_ratio", beaten ? 1 : stated / median);
    if (beaten) add("limit_beaten", stated / median);
  }
  return result;
}

}  // namespace cmm::bench
