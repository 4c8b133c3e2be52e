#include <boost/test/unit_test.hpp>
#include <cmm/bridge/std_allocator.hpp>
#include <cmm/cmm.hpp>
#include <cmm/sim/api.hpp>
#include <cmm/sim/profiles.hpp>
#include <list>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

BOOST_AUTO_TEST_SUITE(bridge_std_allocator)

using namespace cmm::literals;

namespace {

constexpr auto recipe = cmm::managed{} | cmm::pool{} | cmm::limit{64_MiB} | cmm::stats{};
using memory_type = decltype(recipe.build(std::declval<cmm::sim::api>()));

template <class T>
using on_sim = cmm::std_allocator<T, memory_type>;
using traits = std::allocator_traits<on_sim<int>>;

static_assert(std::is_same_v<traits::rebind_alloc<double>, on_sim<double>>);
static_assert(std::is_same_v<traits::pointer, int*>);
static_assert(std::is_nothrow_copy_constructible_v<on_sim<int>>);
static_assert(std::is_nothrow_constructible_v<on_sim<int>, const on_sim<double>&>);
static_assert(traits::propagate_on_container_move_assignment::value);
static_assert(traits::propagate_on_container_swap::value);
static_assert(!traits::propagate_on_container_copy_assignment::value);
static_assert(!traits::is_always_equal::value);

struct user_source : cmm::device {
  static constexpr bool host_accessible = true;
};
static_assert(cmm::host_accessible<memory_type>);
static_assert(cmm::host_accessible<cmm::egm> && cmm::host_accessible<cmm::managed_pool>);
static_assert(!cmm::host_accessible<cmm::device> && !cmm::host_accessible<cmm::device_pool>);
static_assert(cmm::host_accessible<user_source>);
static_assert(!cmm::host_accessible<decltype(cmm::managed{} | cmm::spill{cmm::device_pool{}})>);
static_assert(cmm::host_accessible<decltype(cmm::managed{} | cmm::spill{cmm::egm{} | cmm::pool{}})>);
static_assert(!cmm::host_accessible<cmm::archetype::allocator>);

struct situation {
  cmm::sim::machine machine{cmm::sim::gh200_480};
  cmm::sim::api api{machine};
  memory_type memory = recipe.build(api);
  memory_type other_memory = recipe.build(api);
  on_sim<int> here{memory};
  on_sim<int> there{other_memory};
  cmm::usage use() { return memory.get<cmm::stats>().all(); }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(containers_live_in_it_and_give_all_back, situation) {
  {
    std::vector<int, on_sim<int>> numbers{here};
    std::list<std::string, on_sim<std::string>> words{here};
    std::unordered_map<int, int, std::hash<int>, std::equal_to<>, on_sim<std::pair<const int, int>>> map{
        here};
    for (int i = 0; i < 1000; ++i) {
      numbers.push_back(i);
      words.emplace_back("a word that is too long for a small string");
      map[i] = i;
    }
    BOOST_TEST(numbers[999] == 999);
    BOOST_TEST(map.at(999) == 999);
    BOOST_TEST(use().live_blocks > 2000u);
  }
  BOOST_TEST(use().live_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_count_whose_bytes_overflow_is_bad_array_new_length, situation) {
  BOOST_CHECK_THROW((void)here.allocate(cmm::no_limit / 2), std::bad_array_new_length);
}

BOOST_FIXTURE_TEST_CASE(exhaustion_is_bad_alloc_and_leaves_the_vector_as_it_was, situation) {
  std::vector<int, on_sim<int>> numbers(3, 7, here);
  BOOST_CHECK_THROW(numbers.resize(65_MiB / sizeof(int)), std::bad_alloc);
  BOOST_TEST(numbers == (std::vector<int, on_sim<int>>(3, 7, here)));
}

BOOST_FIXTURE_TEST_CASE(allocators_are_equal_only_with_memory_stream_and_device, situation) {
  BOOST_TEST((here == on_sim<double>{memory}));
  BOOST_TEST((here != there));
  BOOST_TEST((here != on_sim<int>{memory, machine.create_stream()}));
  BOOST_TEST((here != on_sim<int>{memory, {}, 1}));
}

BOOST_FIXTURE_TEST_CASE(a_moved_vector_keeps_its_memory_and_a_copied_one_its_place, situation) {
  std::vector<int, on_sim<int>> from(100, 1, here);
  const int* const data = from.data();
  std::vector<int, on_sim<int>> moved{there};
  moved = std::move(from);
  BOOST_TEST(moved.data() == data);
  BOOST_TEST((moved.get_allocator() == here));

  std::vector<int, on_sim<int>> copied{there};
  copied = moved;
  BOOST_TEST((copied.get_allocator() == there));
  swap(copied, moved);
  BOOST_TEST(copied.data() == data);
  BOOST_TEST((copied.get_allocator() == here));
}

BOOST_FIXTURE_TEST_CASE(an_instance_made_from_another_frees_what_it_took, situation) {
  on_sim<double> rebound{here};
  double* const data = rebound.allocate(4);
  on_sim<double>{on_sim<int>{rebound}}.deallocate(data, 4);
  BOOST_TEST(use().live_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_type_may_ask_for_any_alignment, situation) {
  struct alignas(4096) page {
    char bytes[4096];
  };
  {
    std::vector<page, on_sim<page>> pages{3, on_sim<page>{memory}};
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(pages.data()) % 4096 == 0u);
    pages.resize(100);
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(pages.data()) % 4096 == 0u);
  }
  BOOST_TEST(memory.get<cmm::stats>().all().live_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(both_handles_of_the_legacy_stream_are_equal, situation) {
  BOOST_TEST((on_sim<int>{memory} == on_sim<int>{memory, cmm::stream::legacy()}));
  BOOST_TEST(!(on_sim<int>{memory} == on_sim<int>{memory, cmm::stream::per_thread()}));
}

BOOST_AUTO_TEST_SUITE_END()
