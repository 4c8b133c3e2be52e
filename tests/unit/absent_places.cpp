#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cmm/sim.hpp>
#include <cstdio>
#include <string>

#include "support/laws.hpp"
#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(absent_places)

using namespace cmm;
using namespace cmm::literals;
using tests::caught;

namespace {

constexpr auto absent_device = location::device(7);
constexpr auto absent_node = location::host_numa(9);

/// What is written to stderr while it lives.
class heard {
 public:
  heard() {
    std::fflush(stderr);
    dup2(fileno(file_), STDERR_FILENO);
  }
  ~heard() {
    dup2(before_, STDERR_FILENO);
    close(before_);
    std::fclose(file_);
  }
  heard(const heard&) = delete;
  heard& operator=(const heard&) = delete;

  [[nodiscard]] std::string text() const {
    std::string all(static_cast<std::size_t>(lseek(fileno(file_), 0, SEEK_END)), '\0');
    if (pread(fileno(file_), all.data(), all.size(), 0) < 0) all.clear();
    return all;
  }

 private:
  std::FILE* file_ = std::tmpfile();
  int before_ = dup(STDERR_FILENO);
};

/// A recipe with hints of an absent place serves every block, counts each hint and says each once.
void skipped(const auto& recipe, const sim::profile& profile, std::size_t hints, const std::string& saying) {
  BOOST_TEST_CONTEXT(to_text(recipe)) {
    sim::machine machine{profile};
    auto memory = build(recipe, sim::api{machine});
    std::string said;
    {
      const heard now;
      for (std::size_t blocks = 1; blocks <= 3; ++blocks) {
        const block b = memory.allocate(4_MiB);
        BOOST_REQUIRE(b);
        BOOST_CHECK_EQUAL(memory.skipped_hints(), blocks * hints);
        memory.deallocate(b);
      }
      said = now.text();
    }
    const auto at = said.find(saying);
    BOOST_CHECK_MESSAGE(at != std::string::npos, said);
    BOOST_CHECK_MESSAGE(said.find(saying, at + 1) == std::string::npos, "said twice: " + said);
    BOOST_CHECK_EQUAL(machine.live_blocks(), 0U);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_hint_of_an_absent_place_costs_no_block_and_is_said_once) {
  for (const auto& profile : {tests::small_h200, tests::small_gh200, tests::small_gh200_egm}) {
    skipped(managed{} | prefer{absent_device}, profile, 1, "prefer at device:7, which this machine does not");
    skipped(managed{} | prefer{absent_node}, profile, 1,
            "prefer at host_numa:9, which this machine does not");
    skipped(managed{} | prefer{location::device(-3)}, profile, 1, "prefer at device:-3, which this");
    skipped(managed{} | prefer{location::none()}, profile, 1, "prefer at none, which this");
    skipped(managed{} | accessed_by{absent_device}, profile, 1, "accessed_by at device:7, which this");
    skipped(managed{} | prefetch{absent_device}, profile, 1, "prefetch at device:7, which this");
    skipped(managed{} | prefetch{absent_node, 2, 1_MiB}, profile, 1, "prefetch at host_numa:9, which this");
    skipped(managed{} | when{below{1_GiB}, prefer{absent_node}}, profile, 1, "prefer at host_numa:9, which");
    skipped(managed{} | prefer{absent_node} | prefetch{absent_device} | stats{} | locked{}, profile, 2,
            "prefetch at device:7, which this");
    skipped(managed{} | prefer{location::host()} | spill{managed{} | prefer{absent_device}}, profile, 1,
            "prefer at device:7, which this");
    skipped(managed{} | prefer{absent_node} | spill{device{}, {.budget = 1}}, profile, 1,
            "prefer at host_numa:9, which this");
  }
}

BOOST_AUTO_TEST_CASE(a_device_without_concurrent_access_is_said_once_for_all_hints) {
  auto profile = tests::small_h200;
  profile.capabilities[static_cast<std::size_t>(attribute::concurrent_managed_access)] = {0, "assumed"};
  skipped(managed{} | always_prefetch{}, profile, 3, "has no concurrent managed access");
}

BOOST_AUTO_TEST_CASE(an_absent_node_of_egm_is_skipped_like_any_hint) {
  for (const auto& profile : {tests::small_h200, tests::small_gh200, tests::small_gh200_egm}) {
    skipped(managed{} | egm_numa{absent_node}, profile, 1, "egm_numa at host_numa:9, which this machine");
  }
}

BOOST_AUTO_TEST_CASE(in_strict_mode_an_absent_place_is_an_error_and_the_block_goes_back) {
  const auto refuse = [](const auto& recipe, const std::string& saying) {
    for (const auto& profile : {tests::small_h200, tests::small_gh200_egm}) {
      sim::machine machine{profile};
      auto memory = build(recipe, sim::api{machine});
      const caught<cuda_error> error{[&] { memory.allocate(4_MiB); }};
      BOOST_CHECK_MESSAGE(error.says("while placing a block by " + saying), error.text);
      BOOST_CHECK_EQUAL(machine.live_blocks(), 0U);
    }
  };
  refuse(managed{} | strict{} | prefer{absent_device},
         "prefer at device:7, which this machine does not have");
  refuse(managed{} | strict{} | prefetch{absent_node},
         "prefetch at host_numa:9, which this machine does not");
  refuse(managed{} | strict{} | accessed_by{absent_device}, "accessed_by at device:7, which this");
  refuse(managed{} | strict{} | egm_numa{absent_node}, "egm_numa at host_numa:9, which this");
}

BOOST_AUTO_TEST_CASE(a_failure_at_a_place_that_is_there_stays_an_error) {
  for (const location there : {location::device(), location::host(), location::host_numa(0)}) {
    sim::machine machine{tests::small_gh200};
    auto memory = build(managed{} | prefer{there}, sim::api{machine});
    machine.fail_nth("cudaMemAdvise", 1, errc::invalid_value);
    BOOST_CHECK_THROW(memory.allocate(4_MiB), cuda_error);
    BOOST_CHECK_EQUAL(machine.live_blocks(), 0U);
    BOOST_CHECK_EQUAL(memory.skipped_hints(), 0U);
  }
}

// Where pages stay on their node anyway, only the page tables tell whether the mapping was asked for.
BOOST_AUTO_TEST_CASE(egm_without_egm_mode_keeps_the_mapping_of_the_gpu) {
  for (const auto& profile : {tests::small_h200, tests::small_gh200}) {
    sim::machine machine{profile};
    auto memory = build(managed{} | egm_numa{}, sim::api{machine});
    const block b = memory.allocate(4_MiB);
    machine.inspect([&](sim::state& s) {
      for (const sim::page& each : sim::pages_of(*s.space.holding(b.data, b.bytes))) {
        BOOST_CHECK_EQUAL(each.accessed_by, 1U);
        BOOST_CHECK(each.preferred.what == location::kind::host ||
                    each.preferred.what == location::kind::host_numa);
      }
    });
    memory.deallocate(b);
  }
}

BOOST_AUTO_TEST_SUITE_END()
