#include <boost/test/unit_test.hpp>
#include <cmm/torch/adapter.hpp>
#include <cmm/torch/on_sim.hpp>
#include <map>
#include <string>

#include "support/laws.hpp"
#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(torch_environment)

namespace {

using namespace cmm;
using namespace cmm::literals;

using variables = std::map<std::string, std::string>;

torch::environment reading(const variables& set) {
  return torch::read_environment([&](const char* name) -> const char* {
    const auto found = set.find(name);
    return found == set.end() ? nullptr : found->second.c_str();
  });
}

/// The recipe of a library that was loaded with these variables.
template <class Recipe>
std::string recipe_with(const Recipe& recipe, const variables& set) {
  const torch::adapter library{torch::on_sim{"h200-pcie"}, recipe, reading(set)};
  return library.description().recipe;
}

std::string refusal(const auto& recipe, const variables& set) {
  return tests::caught<bad_text>{[&] { static_cast<void>(recipe_with(recipe, set)); }}.text;
}

constexpr auto typical = managed{} | threshold_prefetch{} | limit{32_MiB} | pool{};

}  // namespace

BOOST_AUTO_TEST_CASE(without_variables_the_recipe_is_as_written) {
  BOOST_CHECK_EQUAL(recipe_with(typical, {}), to_text(typical));
  BOOST_CHECK_EQUAL(recipe_with(managed{}, {{"CMM_LIMIT", ""}}), "managed");
}

BOOST_AUTO_TEST_CASE(values_are_replaced_wherever_the_recipe_has_them) {
  BOOST_CHECK_EQUAL(recipe_with(typical, {{"CMM_PREFETCH_BELOW", "1MiB"}, {"CMM_LIMIT", "2 GiB"}}),
                    to_text(managed{} | threshold_prefetch{1_MiB} | limit{2_GiB} | pool{}));
  BOOST_CHECK_EQUAL(recipe_with(managed{} | when{below{2_GiB}, prefetch{}}, {{"CMM_PREFETCH_BELOW", "4096"}}),
                    to_text(managed{} | when{below{4096}, prefetch{}}));
  BOOST_CHECK_EQUAL(recipe_with(managed{} | egm_numa{}, {{"CMM_NUMA_NODE", "1"}}),
                    to_text(managed{} | egm_numa{location::host_numa(1)}));
  BOOST_CHECK_EQUAL(
      recipe_with(managed{} | prefer{location::host()} | spill{managed{} | threshold_prefetch{}},
                  {{"CMM_NUMA_NODE", "1"}, {"CMM_PREFETCH_BELOW", "1MiB"}}),
      to_text(managed{} | prefer{location::host_numa(1)} | spill{managed{} | threshold_prefetch{1_MiB}}));
}

BOOST_AUTO_TEST_CASE(a_limit_and_strictness_work_without_a_place_in_the_recipe) {
  sim::machine machine{tests::small_h200};
  torch::adapter library{torch::on_sim{machine}, managed{} | advise_only{} | pool{},
                         reading({{"CMM_LIMIT", "4MiB"}})};
  BOOST_CHECK(library.allocate(8_MiB, 0, nullptr) == nullptr);

  sim::profile plain = tests::small_h200;
  plain.capabilities[static_cast<std::size_t>(attribute::concurrent_managed_access)].value = 0;
  sim::machine without_hints{plain};
  torch::adapter lenient{torch::on_sim{without_hints}, managed{} | advise_only{}, reading({})};
  BOOST_CHECK(lenient.allocate(4096, 0, nullptr) != nullptr);
  torch::adapter severe{torch::on_sim{without_hints}, managed{} | advise_only{},
                        reading({{"CMM_STRICT", "1"}})};
  BOOST_CHECK_THROW(severe.allocate(4096, 0, nullptr), cuda_error);
}

BOOST_AUTO_TEST_CASE(a_budget_stands_behind_a_spill) {
  sim::machine machine{tests::small_h200};
  torch::adapter library{torch::on_sim{machine}, managed{} | spill{device{}} | stats{},
                         reading({{"CMM_LIMIT", "4MiB"}})};
  BOOST_CHECK(library.allocate(8_MiB, 0, nullptr) == nullptr);
  BOOST_CHECK(library.allocate(4_MiB, 0, nullptr) != nullptr);
  BOOST_CHECK_EQUAL(library.usage(0).fast_bytes, 4_MiB);
}

BOOST_AUTO_TEST_CASE(what_is_set_is_told) {
  const torch::adapter library{torch::on_sim{"h200-pcie"}, typical,
                               reading({{"CMM_LIMIT", "1GiB"}, {"CMM_STRICT", "1"}})};
  BOOST_CHECK_EQUAL(std::string{library.description().overrides}, "CMM_LIMIT=1GiB CMM_STRICT=1");
}

BOOST_AUTO_TEST_CASE(values_that_cannot_be_read_are_named_with_what_is_expected) {
  BOOST_CHECK_EQUAL(refusal(typical, {{"CMM_LIMIT", "lots"}}),
                    "CMM_LIMIT is \"lots\", which cannot be used; write a size such as 64GiB, or unset it");
  BOOST_CHECK(refusal(typical, {{"CMM_PREFETCH_BELOW", "-1"}}).starts_with("CMM_PREFETCH_BELOW is \"-1\""));
  BOOST_CHECK(refusal(typical, {{"CMM_NUMA_NODE", "two"}}).find("number of a host NUMA node") !=
              std::string::npos);
  BOOST_CHECK(refusal(typical, {{"CMM_TRACE", "/no/such/folder/trace"}})
                  .starts_with("CMM_TRACE is \"/no/such/folder/trace\""));
  BOOST_CHECK(
      refusal(typical, {{"CMM_TRACE", "/dev/null"}}).find("it is no regular file and stays as it is") !=
      std::string::npos);
  BOOST_CHECK(refusal(typical, {{"CMM_STRICT", "yes"}}).find("write 1 for on or 0 for off") !=
              std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_value_with_nothing_to_override_is_refused) {
  BOOST_CHECK(refusal(managed{} | pool{}, {{"CMM_PREFETCH_BELOW", "1GiB"}})
                  .starts_with("CMM_PREFETCH_BELOW is set, but the recipe \"managed | pool"));
  BOOST_CHECK(refusal(typical, {{"CMM_NUMA_NODE", "0"}}).find("puts nothing on a host NUMA node") !=
              std::string::npos);
  BOOST_CHECK(refusal(managed{} | strict{} | prefetch{}, {{"CMM_STRICT", "0"}}).find("by its own policy") !=
              std::string::npos);
  BOOST_CHECK(refusal(managed{} | limit{1_GiB} | pool{} | limit{2_GiB}, {{"CMM_LIMIT", "1GiB"}})
                  .find("has 2 limits") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_environment_of_the_process_is_what_a_library_reads) {
  ::setenv("CMM_LIMIT", "12MiB", 1);
  BOOST_CHECK_EQUAL(torch::read_environment().limit.value_or(0), 12_MiB);
  ::unsetenv("CMM_LIMIT");
  BOOST_CHECK(!torch::read_environment().limit);
}

BOOST_AUTO_TEST_SUITE_END()
