#include <boost/test/unit_test.hpp>
#include <string>

#include "cases/bandwidth_link.hpp"
#include "cases/bandwidth_peer.hpp"
#include "profile/file.hpp"
#include "workload/sim_workload.hpp"

BOOST_AUTO_TEST_SUITE(bench_limits)

namespace {

using namespace cmm;
using namespace cmm::literals;

struct world {
  explicit world(std::string_view profile) : work{sim::find_machine(profile)} {}

  [[nodiscard]] static double rate(const bench::bound& limit, std::size_t bytes) {
    return static_cast<double>(bytes) / limit.nanoseconds;
  }
  [[nodiscard]] const sim::profile& profile(std::string_view name) const { return sim::find_profile(name); }

  bench::sim_workload work;
  bench::options wanted{};
  managed_budget budget{8_GiB};
  bench::suite<bench::sim_workload> cases{work, budget, wanted};
  bench::limits<bench::sim_workload>& limits = cases.limits();
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_launch_is_limited_by_a_kernel_that_does_nearly_nothing) {
  for (const char* name : {"h200-pcie", "gh200-480"}) {
    world w{name};
    const bench::bound got = w.limits.launch();
    const sim::profile& of = w.profile(name);
    BOOST_CHECK_CLOSE(got.nanoseconds, of.calls.launch + of.gpu.launch, 0.1);
    BOOST_CHECK(!got.published);
  }
}

BOOST_AUTO_TEST_CASE(a_link_is_limited_by_its_fastest_way_in_that_direction) {
  for (const char* name : {"h200-pcie", "gh200-480"}) {
    world w{name};
    const sim::link& link = w.profile(name).link;
    BOOST_CHECK_CLOSE(w.rate(w.limits.h2d(256_MiB), 256_MiB),
                      std::max(double{link.h2d}, double{link.remote_read}), 2);
    BOOST_CHECK_CLOSE(w.rate(w.limits.d2h(256_MiB), 256_MiB),
                      std::max(double{link.d2h}, double{link.remote_write}), 2);
  }
}

BOOST_AUTO_TEST_CASE(a_limit_grows_with_the_bytes) {
  world w{"gh200-480"};
  BOOST_CHECK_CLOSE(w.limits.h2d(64_MiB).nanoseconds * 4, w.limits.h2d(256_MiB).nanoseconds, 1e-6);
  const double launch = w.limits.launch().nanoseconds;
  BOOST_CHECK_CLOSE((w.limits.gpu_read(1_GiB).nanoseconds - launch) * 2,
                    w.limits.gpu_read(2_GiB).nanoseconds - launch, 1e-6);
}

BOOST_AUTO_TEST_CASE(memory_of_the_gpu_is_limited_by_a_kernel_over_all_of_it) {
  world w{"h200-pcie"};
  const sim::tier& hbm = w.profile("h200-pcie").hbm;
  BOOST_CHECK_CLOSE(w.rate(w.limits.gpu_read(2_GiB), 2_GiB), double{hbm.read}, 2);
  BOOST_CHECK_CLOSE(w.rate(w.limits.gpu_write(2_GiB), 2_GiB), double{hbm.write}, 2);
}

BOOST_AUTO_TEST_CASE(a_load_is_limited_by_one_that_the_cache_serves) {
  world w{"h200-pcie"};
  BOOST_CHECK_CLOSE(w.limits.cache_load().nanoseconds, double{w.profile("h200-pcie").gpu.cache_latency}, 0.1);
}

BOOST_AUTO_TEST_CASE(a_published_limit_is_the_units_over_the_rate_and_none_where_the_rate_is_unknown) {
  world w{"h200-pcie"};
  const bench::bound got = w.limits.published(50, 1e9, "PCIe");
  BOOST_CHECK_EQUAL(got.nanoseconds, 2e7);
  BOOST_CHECK(got.published);
  BOOST_CHECK_EQUAL(w.limits.published(0, 1e9, "PCIe").nanoseconds, 0);
}

BOOST_AUTO_TEST_CASE(a_row_over_the_link_is_held_against_one_way_or_both) {
  world w{"h200-pcie"};
  const bench::peaks most = w.work.peak();
  const bench::bandwidth::route one{"d2h", "copy", "copy"};
  const bench::bandwidth::route both{"both", "sm", "copy"};
  BOOST_CHECK_CLOSE(w.rate(link_limit(w.cases, one, 256_MiB), 256_MiB), most.link, 1e-6);
  BOOST_CHECK_CLOSE(w.rate(link_limit(w.cases, both, 256_MiB), 256_MiB), most.link_both, 1e-6);
  BOOST_CHECK_GT(most.link_both, most.link);
}

BOOST_AUTO_TEST_CASE(a_row_between_gpus_is_held_against_what_joins_them_and_not_against_their_memory) {
  world w{"h100-x2"};
  const double one_way = w.profile("h100-x2").link.peer_peak;
  const bench::bandwidth::peer_route from{"peer_from", "copy", "copy"};
  const bench::bandwidth::peer_route both{"peer_both", "copy", "copy"};
  BOOST_CHECK_CLOSE(w.rate(peer_limit(w.cases, from, 1, true, 256_MiB), 256_MiB), one_way, 1e-6);
  BOOST_CHECK_CLOSE(w.rate(peer_limit(w.cases, both, 1, true, 256_MiB), 256_MiB), 2 * one_way, 1e-6);
  BOOST_CHECK(peer_limit(w.cases, from, 1, true, 256_MiB).published);
}

BOOST_AUTO_TEST_SUITE_END()
