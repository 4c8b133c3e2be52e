#include <boost/test/unit_test.hpp>
#include <cmm/bridge/owned_block.hpp>
#include <cmm/cmm.hpp>
#include <cmm/sim.hpp>
#include <new>
#include <type_traits>
#include <utility>

BOOST_AUTO_TEST_SUITE(bridge_owned_block)

using namespace cmm::literals;

namespace {

/// Knows what went back, and in which stream.
struct watched {
  int live = 0;
  cmm::stream freed_in{};
  char byte = 0;

  cmm::block allocate(cmm::request r) {
    if (r.bytes > 1_GiB) return {};
    ++live;
    return {&byte, r.bytes, 0};
  }
  void deallocate(cmm::block, cmm::stream s) noexcept {
    --live;
    freed_in = s;
  }
};

using owned = cmm::owned_block<watched>;
static_assert(!std::is_copy_constructible_v<owned> && !std::is_copy_assignable_v<owned>);
static_assert(std::is_nothrow_move_constructible_v<owned> && std::is_nothrow_move_assignable_v<owned>);

}  // namespace

BOOST_AUTO_TEST_CASE(it_goes_back_once_in_the_order_of_its_stream) {
  watched memory;
  int first = 0;
  int second = 0;
  {
    owned one{memory, 1_MiB, cmm::stream{&first}};
    BOOST_TEST(one.size() == 1_MiB);
    BOOST_TEST(one.data() == &memory.byte);
    owned two = std::move(one);
    BOOST_TEST(!one);
    two.stream(cmm::stream{&second});
    BOOST_TEST(memory.live == 1);
  }
  BOOST_TEST(memory.live == 0);
  BOOST_TEST(memory.freed_in.native() == &second);
}

BOOST_AUTO_TEST_CASE(what_it_held_goes_back_before_it_takes_over_another) {
  watched memory;
  owned one{memory, 1_MiB};
  one = owned{memory, 2_MiB};
  BOOST_TEST(memory.live == 1);
  BOOST_TEST(one.size() == 2_MiB);
  owned& same = one;
  one = std::move(same);
  BOOST_TEST(memory.live == 1);
  BOOST_TEST(one.size() == 2_MiB);
  one.reset();
  one.reset();
  BOOST_TEST(memory.live == 0);
}

BOOST_AUTO_TEST_CASE(a_released_block_is_the_callers) {
  watched memory;
  owned one{memory, 1_MiB};
  const cmm::block mine = one.release();
  BOOST_TEST(!one);
  one = owned{};
  BOOST_TEST(memory.live == 1);
  one = owned{memory, mine};
  one.reset();
  BOOST_TEST(memory.live == 0);
}

BOOST_AUTO_TEST_CASE(exhaustion_is_bad_alloc) {
  watched memory;
  BOOST_CHECK_THROW((owned{memory, 2_GiB}), std::bad_alloc);
  BOOST_TEST(memory.live == 0);
}

BOOST_AUTO_TEST_SUITE_END()
