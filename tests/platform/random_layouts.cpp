#include <boost/test/unit_test.hpp>
#include <cmm/platform.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "layout.hpp"

BOOST_AUTO_TEST_SUITE(platform_random_layouts)

namespace {

using namespace cmm::platform;

std::uint64_t bytes_of(const description& known, tier::kind what) {
  std::uint64_t sum = 0;
  for (const tier& each : known.tiers) sum += each.what == what ? each.bytes.value_or(0) : 0;
  return sum;
}

std::string complaint(const description& known, const tests::random_layout& real) {
  const std::uint64_t hbm = bytes_of(known, tier::kind::hbm);
  const std::uint64_t host = bytes_of(known, tier::kind::host) + bytes_of(known, tier::kind::unified);
  const std::uint64_t kept = bytes_of(known, tier::kind::carve_out);
  if (hbm > real.hbm) return "HBM is counted as " + size_text(hbm) + " of " + size_text(real.hbm);
  if (host > real.host) return "host memory is counted as " + size_text(host) + " of " + size_text(real.host);
  if (kept > real.carve_out) return "the carve-out is counted as " + size_text(kept);
  for (const reach& each : known.reachable) {
    const tier& where = known.tiers[each.tier];
    if (each.bytes.value_or(0) > where.bytes.value_or(0)) return each.source + " exceeds " + where.name();
    if (where.what == tier::kind::carve_out && each.bytes.value_or(0) != 0) return "the carve-out is reached";
  }
  for (const char* source : source_names) {
    if (known.reaches(source) > hbm + host) return std::string{source} + " reaches more than there is";
  }
  return "";
}

}  // namespace

/// Over machines made up at random, seen in part: HBM, host memory and carve-out each at most once.
BOOST_AUTO_TEST_CASE(no_byte_is_counted_twice) {
  const char* const quick = std::getenv("CMM_TEST_QUICK");
  const std::uint64_t layouts = quick != nullptr && std::string{quick} == "yes" ? 1000 : 4000;
  std::uint64_t with_tiers = 0;
  std::uint64_t whole = 0;
  for (std::uint64_t seed = 0; seed < layouts; ++seed) {
    tests::random_layout real{seed};
    files from = files::of(real.make());
    const description known = describe(from, real.given);
    const std::string wrong = complaint(known, real);
    // Written out only where it is wrong, which would be half of the time that all of them take.
    if (!wrong.empty()) BOOST_FAIL("layout " << seed << ": " << wrong << "\n" << to_text(known));
    with_tiers += known.tiers.empty() ? 0 : 1;
    whole += bytes_of(known, tier::kind::host) + bytes_of(known, tier::kind::unified) == real.host ? 1 : 0;
  }
  // A describer that saw nothing would count nothing twice either.
  BOOST_CHECK_GT(with_tiers * 10, layouts * 9);
  BOOST_CHECK_GT(whole * 10, layouts * 6);
}

BOOST_AUTO_TEST_SUITE_END()
