#include <boost/test/unit_test.hpp>
#include <cmm/bridge/owned_block.hpp>
#include <cmm/bridge/pmr.hpp>
#include <cmm/bridge/std_allocator.hpp>
#include <cmm/bridge/unique.hpp>
#include <cmm/cmm.hpp>
#include <cmm/sim.hpp>
#include <memory_resource>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(page_examples)

// What stands in include/cmm/README.md; tests/layout/readme_code.py holds the page to it.

using namespace cmm::literals;

namespace {

/// Memory of the device in whole pages.
struct whole_pages {
  std::size_t page = 2_MiB;
  static constexpr bool migratable = false;

  template <cmm::api Api>
  class on {
   public:
    on(Api api, whole_pages wanted) : api_{std::move(api)}, page_{wanted.page} {}
    cmm::status take(void*& out, const cmm::request& r) {
      return api_.allocate_device(out, (r.bytes + page_ - 1) / page_ * page_);
    }
    cmm::status give_back(cmm::block b, cmm::stream s) {
      const cmm::status done = api_.synchronize(s);  // work in the stream may still use it
      return done.ok() ? api_.free(b.data) : done;
    }
    Api& api() noexcept { return api_; }

   private:
    Api api_;
    std::size_t page_;
  };
};

struct world {
  cmm::sim::machine machine{cmm::sim::gh200_480};
  cmm::sim::api api{machine};
  cmm::stream stream = machine.create_stream();
  cmm::stream other = machine.create_stream();
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_source_of_your_own, world) {
  auto memory = (whole_pages{} | cmm::pool{}).build(api);
  std::size_t before = 0;
  std::size_t after = 0;
  std::size_t total = 0;
  BOOST_REQUIRE(api.memory_info(cmm::location::device(0), before, total).ok());
  auto plain = cmm::build(whole_pages{}, api);
  const cmm::block b = plain.allocate(3_MiB);
  BOOST_REQUIRE(api.memory_info(cmm::location::device(0), after, total).ok());
  BOOST_TEST(before - after == 4_MiB);
  plain.deallocate(b);
  memory.deallocate(memory.allocate(1_MiB));
}

BOOST_FIXTURE_TEST_CASE(building_and_looking_into_it, world) {
  auto plain = cmm::build(cmm::managed{}, api);  // a lone source, or a recipe, or a fragment with a source
  plain.deallocate(plain.allocate(1_MiB));

  constexpr auto recipe = cmm::managed{} | cmm::spill{cmm::device{}, {.budget = 64_MiB}} | cmm::pool{} |
                          cmm::record_streams{} | cmm::limit{1_GiB} | cmm::stats{};
  auto memory = recipe.build(api);
  const cmm::block b = memory.allocate(2_MiB, stream);
  memory.get<cmm::record_streams>().record(b, other);  // used there too: reused after both
  memory.deallocate(b, stream);

  const auto& seen = memory;
  const std::size_t live = seen.get<cmm::stats>().all().live_bytes;
  const std::size_t cached = seen.get<cmm::pool>().cached_bytes();
  const std::size_t in_hbm = seen.get<cmm::spill<cmm::device>>().fast_bytes();
  const std::size_t given_back = memory.get<cmm::pool>().trim(stream);  // to the driver

  BOOST_TEST(live == 0U);
  BOOST_TEST(in_hbm == 2_MiB);
  BOOST_TEST(cached == given_back);
}

BOOST_FIXTURE_TEST_CASE(owning, world) {
  auto memory = (cmm::managed{} | cmm::pool{} | cmm::stats{}).build(api);
  const auto live = [&] { return memory.get<cmm::stats>().all().live_blocks; };
  {
    cmm::owned_block scratch{memory, 4_MiB, stream};  // std::bad_alloc where memory ran out
    void* const workspace = scratch.data();
    scratch.stream(other);  // given back in the order of the last user
    cmm::owned_block kept = std::move(scratch);
    const cmm::block raw = kept.release();  // yours to deallocate
    memory.deallocate(raw, other);

    auto weights = cmm::make_unique<float[]>(memory, 1024, stream);
    weights.get_deleter().stream = other;

    BOOST_TEST(workspace == raw.data);
    BOOST_TEST(live() == 1U);
  }
  BOOST_TEST(live() == 0U);
}

BOOST_FIXTURE_TEST_CASE(bridges, world) {
  auto memory = (cmm::managed{} | cmm::pool{} | cmm::stats{}).build(api);
  {
    cmm::pmr_resource resource{memory};  // <cmm/bridge/pmr.hpp>
    std::pmr::vector<int> ids{{1, 2, 3}, &resource};

    using numbers = cmm::std_allocator<float, decltype(memory)>;  // <cmm/bridge/std_allocator.hpp>
    std::vector<float, numbers> table(1024, 0.5F, numbers{memory});

    BOOST_TEST(ids[2] == 3);
    BOOST_TEST(table[1023] == 0.5F);
    BOOST_TEST(memory.get<cmm::stats>().all().live_blocks == 2U);
  }
  BOOST_TEST(memory.get<cmm::stats>().all().live_blocks == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
