#include <boost/test/unit_test.hpp>
#include <cmm/sim.hpp>
#include <string>

#include "support/death.hpp"
#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(checked_blocks)

using namespace cmm;
using namespace cmm::literals;

namespace {

#ifdef NDEBUG
constexpr bool debug_build = false;
#else
constexpr bool debug_build = true;
#endif

}  // namespace

BOOST_AUTO_TEST_CASE(debug_builds_notice_a_block_that_is_freed_twice_and_others_do_not_ask) {
  BOOST_CHECK_EQUAL(checks_blocks, debug_build);
  const auto freed_twice = [](const auto& recipe) {
    sim::machine machine{tests::small_h200, sim::backing::none};
    auto memory = build(recipe, sim::api{machine});
    const block kept = memory.allocate(4_MiB);
    const block b = memory.allocate(4_MiB);
    const std::string said = tests::last_words([&] {
      memory.deallocate(b);
      memory.deallocate(b);
    });
    memory.deallocate(b);
    memory.deallocate(kept);
    return said.find("freed twice") != std::string::npos;
  };
  if (!debug_build) return;
  BOOST_CHECK(freed_twice(managed{} | stats{}));
  BOOST_CHECK(freed_twice(managed{} | limit{}));
  BOOST_CHECK(freed_twice(managed{} | pool{} | limit{} | stats{}));
}

BOOST_AUTO_TEST_SUITE_END()
