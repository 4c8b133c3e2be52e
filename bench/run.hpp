#pragma once

#include "cases/allocate.hpp"
#include "cases/page_fault.hpp"
#include "cases/replay.hpp"
#include "results.hpp"

namespace cmm::bench {

/// The budget of managed memory: what was asked for or 8 GiB, and never more than a quarter of what is free
/// on the GPU, because oversubscribing managed memory can hang a GPU that others share.
template <workload Workload>
std::size_t budget_of(Workload& work, const options& wanted) {
  std::size_t free = 0;
  std::size_t total = 0;
  auto api = work.api();
  detail::check(api.memory_info(location::device(0), free, total), "measuring the free memory of the GPU");
  const std::size_t asked = wanted.max_managed != 0 ? wanted.max_managed : options::default_managed;
  if (wanted.max_managed > free / 4) {
    std::fprintf(stderr, "cmm_bench: --max-managed is lowered to %s, a quarter of the GPU's free memory\n",
                 format_size(free / 4).c_str());
  }
  return std::min(asked, free / 4);
}

/// Runs the families over one machine and writes the results. Returns the exit code of the process.
template <workload Workload>
int run_on(Workload& work, const options& wanted) {
  managed_budget budget{budget_of(work, wanted)};
  suite<Workload> cases{work, budget, wanted};
  add_allocate(cases);
  add_page_fault(cases);
  add_replay(cases);
  facts known = work.describe();
  known.emplace_back("max_managed_bytes", std::to_string(budget.bytes()));
  const int failed = run_rows(cases.rows(), wanted, known);
  if (!wanted.list) {
    std::printf("managed memory: at most %s of the budget of %s was alive at once\n",
                format_size(budget.peak()).c_str(), format_size(budget.bytes()).c_str());
  }
  return failed;
}

}  // namespace cmm::bench
