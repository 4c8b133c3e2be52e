#include "simulated_rows.hpp"

#include <algorithm>

#include "../cases/allocate.hpp"
#include "../cases/kv_access.hpp"
#include "../cases/page_fault.hpp"
#include "../measure/statistics.hpp"
#include "../measure/suite.hpp"
#include "../workload/sim_workload.hpp"

namespace cmm::bench {

double simulated_row(const sim::machine_profile& of, std::size_t budget, const std::string& row) {
  sim_workload machine{of};
  managed_budget managed{budget};
  const options wanted;
  suite<sim_workload> cases{machine, managed, wanted};
  if (row.starts_with("allocate")) add_allocate(cases);
  if (row.starts_with("page_fault")) add_page_fault(cases);
  if (row.starts_with("kv_access")) add_kv_access(cases);
  const auto& rows = cases.rows();
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const bench_row& each) { return each.name == row; });
  if (found == rows.end()) throw bad_text{"there is no row " + row + " that a profile is fitted to"};
  sample_sink taken;
  found->measure(taken);
  return median_of(taken.nanoseconds);
}

}  // namespace cmm::bench
