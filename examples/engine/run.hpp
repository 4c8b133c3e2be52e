#pragma once

#include <cmm/kv.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "loop/engine.hpp"
#include "report.hpp"
#include "sweep.hpp"

namespace engine {

/// Calls with the policy of a placement.
template <class Body>
auto with_policy(const std::string& placement, Body&& body) {
  if (placement == "on_use") return body(cmm::kv::on_use{});
  if (placement == "hot_set") return body(cmm::kv::hot_set{});
  return body(cmm::kv::fixed{});
}

/// The answers to all requests, and what they took.
struct served {
  std::vector<answer> answers;
  measured results;
};

template <backend Backend>
served serve(Backend& on, const options& how) {
  const std::vector<request> requests = make_requests(how);
  return with_policy(how.placement, [&](auto policy) {
    engine loop{on, how, requests, policy};
    loop.run();
    return served{loop.answers(), loop.results()};
  });
}

/// A run whose answers are right: everything in HBM and, where batches do not change the last bits, one
/// request after another, none of which uses pages of another.
template <backend Backend>
options plainest(const options& how) {
  options plain = how;
  plain.placement = "all-in-hbm";
  if (!Backend::same_in_any_batch || how.reads < 1) return plain;
  plain.batch = 1;
  plain.unshared = true;
  return plain;
}

/// One run, and with `check` the plainest one, which must answer the same bit by bit.
template <backend Backend>
int run_once(Backend& on, const options& how) {
  std::printf("%s\n", on.text().c_str());
  const served got = serve(on, how);
  print(how, got.results);
  save(how, {{how, got.results}});
  return how.check ? compare(got.answers, serve(on, plainest<Backend>(how)).answers) : 0;
}

/// Every placement while texts grow.
template <backend Backend>
int run_sweep(Backend& on, const options& how) {
  std::printf("%s\n", on.text().c_str());
  std::vector<ran> runs;
  int differs = 0;
  for (const double ratio : ratios_of(how)) {
    std::vector<answer> expected;
    for (const char* const placement : placements) {
      options longer = at_ratio(how, ratio);
      longer.placement = placement;
      const served got = serve(on, longer);
      if (expected.empty()) expected = got.answers;  // the first placement is everything in HBM
      runs.push_back({longer, got.results});
      save(how, runs);  // an interrupt leaves what is done
      std::printf("%.2f times HBM, ", ratio);
      print(longer, got.results);
      if (how.check) differs |= compare(got.answers, expected);
    }
  }
  return differs;
}

/// What the command line asked for.
template <backend Backend>
int run(Backend& on, const options& how) {
  check_place(how);
  return how.sweep ? run_sweep(on, how) : run_once(on, how);
}

}  // namespace engine
