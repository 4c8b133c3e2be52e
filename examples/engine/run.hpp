#pragma once

#include <cmm/kv.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "engine.hpp"
#include "report.hpp"

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

/// One run, and with `check` another one with everything in HBM, which must answer the same bit by bit.
template <backend Backend>
int run_once(Backend& on, const options& how) {
  std::printf("%s\n", on.text().c_str());
  const served got = serve(on, how);
  print(how, got.results);
  save(how, {{how, got.results}});
  if (!how.check) return 0;
  options home = how;
  home.placement = "all-in-hbm";
  return compare(got.answers, serve(on, home).answers);
}

/// What the command line asked for.
template <backend Backend>
int run(Backend& on, const options& how) {
  return run_once(on, how);
}

}  // namespace engine
