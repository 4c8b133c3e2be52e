#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>
#include <string>
#include <string_view>

#include "cmm/sim/machine/memory.hpp"
#include "cmm/sim/profiles.hpp"

BOOST_AUTO_TEST_SUITE(sim_figures)

namespace {

using namespace cmm;

template <class Group>
std::size_t visited() {
  std::size_t count = 0;
  const Group group{};
  Group::each(group, [&](const char*, const auto&... named) { count += sizeof...(named) / 2; });
  return count;
}

/// Every member of a group is a figure, so that its size tells how many there are.
template <class... Groups>
bool all_are_visited() {
  return ((visited<Groups>() == sizeof(Groups) / sizeof(sim::figure)) && ...);
}

}  // namespace

BOOST_AUTO_TEST_CASE(no_figure_is_left_out) {
  BOOST_CHECK((all_are_visited<sim::tier, sim::cpu_thread, sim::processor, sim::link, sim::copy_costs,
                               sim::mover_costs, sim::call_costs, sim::fault_costs, sim::prefetch_costs>()));
}

BOOST_AUTO_TEST_CASE(every_figure_has_a_name_of_its_own_a_value_and_a_source) {
  for (const sim::profile* each : sim::profiles) {
    std::set<std::string> names;
    sim::for_each_figure(*each,
                         [&](const std::string& name, double value, const char*, const std::string& source) {
                           BOOST_TEST_CONTEXT(each->name << " " << name) {
                             BOOST_CHECK(names.insert(name).second);
                             BOOST_CHECK_GE(value, 0);
                             BOOST_CHECK_GT(source.size(), 3U);
                           }
                         });
    BOOST_CHECK_GT(names.size(), 60U);
    BOOST_CHECK_EQUAL(&sim::find_profile(each->name), each);
  }
}

BOOST_AUTO_TEST_CASE(a_figure_is_calibrated_if_and_only_if_its_row_is_named) {
  for (const sim::profile* each : sim::profiles) {
    std::set<std::string_view> named;
    for (const sim::calibrated& one : each->calibration) named.insert(one.figure);
    std::set<std::string> fitted;
    sim::for_each_figure(*each, [&](const std::string& name, double, const char*, const std::string& source) {
      if (source.starts_with(sim::from_a_row)) fitted.insert(name);
      BOOST_CHECK_EQUAL(named.contains(name), source.find("/") != source.npos && fitted.contains(name));
    });
    BOOST_CHECK_EQUAL(fitted.size(), each->calibration.size());
    BOOST_CHECK_EQUAL(named.size(), each->calibration.size());
  }
}

BOOST_AUTO_TEST_CASE(no_page_is_populated_faster_than_its_memory_is_written) {
  for (const sim::profile* each : sim::profiles) {
    const double write = static_cast<double>(sim::page_bytes) / each->hbm.write;
    BOOST_TEST_CONTEXT(each->name) { BOOST_CHECK_GE(double{each->prefetch.block}, write); }
  }
}

BOOST_AUTO_TEST_CASE(a_figure_that_was_chosen_knowing_an_h200_gives_a_reason) {
  int chosen = 0;
  for (const sim::profile* each : sim::profiles) {
    sim::for_each_figure(*each, [&](const std::string& name, double, const char*, const std::string& source) {
      if (!source.starts_with(sim::after_h200)) return;
      ++chosen;
      BOOST_TEST_CONTEXT(each->name << " " << name) {
        BOOST_CHECK_GT(source.size(), std::string_view{sim::after_h200}.size() + 10);
      }
    });
  }
  BOOST_CHECK_GT(chosen, 0);
}

BOOST_AUTO_TEST_CASE(a_machine_is_fitted_to_twelve_rows_at_most_and_each_to_one_figure) {
  for (const sim::profile* each : sim::profiles) {
    std::set<std::string_view> rows;
    for (const sim::calibrated& one : each->calibration) rows.insert(one.row);
    BOOST_CHECK_LE(each->calibration.size(), 12U);
    BOOST_CHECK_EQUAL(rows.size(), each->calibration.size());
  }
  BOOST_CHECK(!sim::h200_pcie.calibration.empty());
}

BOOST_AUTO_TEST_SUITE_END()
