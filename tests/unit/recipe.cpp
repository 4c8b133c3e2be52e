#include <boost/test/unit_test.hpp>
#include <cmm/cmm.hpp>

BOOST_AUTO_TEST_SUITE(recipes)

using namespace cmm;
using namespace cmm::literals;

namespace {

// Each concept with its models, and one wrong type for each requirement.
struct no_take {
  template <cmm::api Api>
  struct on {
    Api& api();
    status give_back(block, stream);
  };
};
struct no_give_back {
  template <cmm::api Api>
  struct on {
    Api& api();
    status take(void*&, const request&);
  };
};
struct no_api {
  template <cmm::api Api>
  struct on {
    status take(void*&, const request&);
    status give_back(block, stream);
  };
};
static_assert(source<managed> && source<managed_pool> && source<device> && source<device_pool>);
static_assert(source<cmm::system> && source<egm> && source<null>);
static_assert(!source<no_take> && !source<no_give_back> && !source<no_api> && !source<int> && !source<pool>);

struct place_that_is_not_const {
  void place(auto&, block, stream) {}
};
struct place_of_nothing {
  void place() const {}
};
static_assert(policy<prefer> && policy<accessed_by> && policy<read_mostly> && policy<prefetch> &&
              policy<strict>);
static_assert(policy<advise_only> && policy<always_prefetch> && policy<threshold_prefetch> &&
              policy<egm_numa>);
static_assert(policy<when<below, prefetch>> && policy<decltype(prefer{} | prefetch{})>);
static_assert(!policy<place_that_is_not_const> && !policy<place_of_nothing> && !policy<managed> &&
              !policy<pool>);

struct allocate_of_a_pointer {
  void* allocate(request);
  void deallocate(block, stream) noexcept;
};
struct deallocate_that_throws {
  block allocate(request);
  void deallocate(block, stream);
};
static_assert(allocator<archetype::allocator> && !allocator<allocate_of_a_pointer>);
static_assert(!allocator<deallocate_that_throws> && !allocator<int>);
static_assert(layer<pool> && layer<limit> && layer<stats> && layer<trace> && layer<locked>);
static_assert(layer<spill<device_pool>> && !layer<managed> && !layer<prefer>);

static_assert(api<null_api> && !api<int>);

constexpr auto deep = managed{} | threshold_prefetch{.below = 1_GiB} | pool{} | limit{64_GiB} | stats{};
static_assert(std::get<1>(deep.elements).below == 1_GiB && std::get<3>(deep.elements).bytes == 64_GiB);

/// A policy of a user, with neither name nor settings.
struct nearby {
  void place(auto& at, block b, stream) const { at.advise(b, advice::preferred_location, location::host()); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_recipe_prints_as_text) {
  BOOST_CHECK_EQUAL(
      deep.text(),
      "managed | threshold_prefetch{.below = 1GiB} | pool{.segment = 16MiB, .keep = no_limit} | "
      "limit{.bytes = 64GiB} | stats");
  BOOST_CHECK_EQUAL((managed{} | nearby{} | locked{}).text(), "managed | custom | locked");
  BOOST_CHECK_EQUAL((managed{} | when{below{2_MiB}, prefer{location::host()}}).text(),
                    "managed | when{.holds = below{.bytes = 2MiB}, .then = prefer{.at = host}}");
}

BOOST_AUTO_TEST_CASE(fragments_join_to_the_same_recipe) {
  constexpr auto placement = prefer{location::host()} | accessed_by{location::device()};
  constexpr auto caching = pool{} | stats{};
  BOOST_CHECK_EQUAL(
      (managed{} | placement | caching).text(),
      (managed{} | prefer{location::host()} | accessed_by{location::device()} | pool{} | stats{}).text());
}

BOOST_AUTO_TEST_CASE(a_lone_source_is_built_too) {
  auto memory = build(managed{}, null_api{});
  BOOST_CHECK(!memory.allocate(1));
}

BOOST_AUTO_TEST_CASE(a_layer_is_found_by_its_settings) {
  auto memory = build(deep, null_api{});
  BOOST_CHECK_EQUAL(memory.get<limit>().budget(), 64_GiB);
  BOOST_CHECK_EQUAL(memory.get<stats>().all().live_blocks, 0U);
  BOOST_CHECK_EQUAL(memory.get<pool>().reserved_bytes(), 0U);
}

BOOST_AUTO_TEST_CASE(building_and_ending_an_allocator_makes_no_call) {
  struct untouched : null_api {
    int* calls;
    explicit untouched(int& count) : calls{&count} {}
    scope enter(int device) const {
      ++*calls;
      return null_api::enter(device);
    }
  };
  int calls = 0;
  { auto memory = build(deep, untouched{calls}); }
  BOOST_CHECK_EQUAL(calls, 0);
}

BOOST_AUTO_TEST_SUITE_END()
