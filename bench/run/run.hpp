#pragma once

#include <limits>
#include <memory>

#include "../cases/allocate.hpp"
#include "../cases/bandwidth.hpp"
#include "../cases/gemm.hpp"
#include "../cases/kv_access.hpp"
#include "../cases/kv_tier.hpp"
#include "../cases/page_fault.hpp"
#include "../cases/replay.hpp"
#include "results.hpp"

namespace cmm::bench {

/// The budget of managed memory: what was asked for or 8 GiB, and never more than a quarter of what is free
/// on the fullest GPU, because oversubscribing managed memory can hang a GPU that others share.
template <workload Workload>
std::size_t budget_of(const std::vector<std::unique_ptr<Workload>>& gpus, const options& wanted) {
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const auto& gpu : gpus) {
    std::size_t free = 0;
    std::size_t total = 0;
    auto api = gpu->api();
    detail::check(api.memory_info(location::device(gpu->device()), free, total),
                  "measuring the free memory of a GPU");
    least = std::min(least, free / 4);
  }
  if (wanted.max_managed > least) {
    std::fprintf(stderr, "cmm_bench: --max-managed is lowered to %s, a quarter of the GPU's free memory\n",
                 size_in_full(least).c_str());
  }
  return std::min(wanted.max_managed != 0 ? wanted.max_managed : options::default_managed, least);
}

/// Runs the families over the GPUs of one machine and writes the results. What the CPU does to allocate is
/// measured with the first GPU only. Returns the exit code of the process.
template <workload Workload>
int run_on(const std::vector<std::unique_ptr<Workload>>& gpus, const options& wanted) {
  managed_budget budget{budget_of(gpus, wanted)};
  std::vector<std::unique_ptr<suite<Workload>>> suites;
  std::vector<bench_row> rows;
  for (const auto& gpu : gpus) {
    gpu->activate();
    suite<Workload>& cases = *suites.emplace_back(std::make_unique<suite<Workload>>(*gpu, budget, wanted));
    if (gpu == gpus.front()) {
      add_allocate(cases);
      add_replay(cases);
      add_page_fault(cases);
    }
    add_bandwidth(cases);
    add_kv_access(cases);
    add_kv_tier(cases);
    add_gemm(cases);
    rows.insert(rows.end(), cases.rows().begin(), cases.rows().end());
  }
  about known = gpus.front()->describe();
  known.machine.emplace_back("max_managed_bytes", std::to_string(budget.bytes()));
  const int failed = run_rows(rows, wanted, known);
  if (!wanted.list) {
    std::printf("managed memory: at most %s of the budget of %s was alive at once\n",
                size_in_full(budget.peak()).c_str(), size_in_full(budget.bytes()).c_str());
  }
  return failed;
}

}  // namespace cmm::bench
