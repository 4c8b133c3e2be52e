#include <boost/test/unit_test.hpp>
#include <cmm/kv.hpp>
#include <cmm/sim.hpp>
#include <cmm/sim/page_copier.hpp>
#include <cstdint>
#include <vector>

BOOST_AUTO_TEST_SUITE(kv_readme)

namespace {

using namespace cmm;

struct at_most {
  std::int32_t pages = 64;  // that one step brings in, so that no step waits long for the link

  void place(kv::placing& step) const {
    std::int32_t left = pages;
    for (const std::int32_t page : step.changes().fresh) {
      if (left > 0 && !step.is_fast(page) && step.bring_in(page)) --left;
    }
  }
};
static_assert(kv::placement_policy<at_most>);

}  // namespace

BOOST_AUTO_TEST_CASE(the_lines_of_use_work) {
  sim::machine machine{sim::h200_pcie};
  sim::api api{machine};
  sim::page_copier copier{machine};
  const cmm::stream stream = machine.create_stream();
  std::int64_t copied = 0;
  const auto copy_slot = [&](std::int32_t, std::int32_t) { ++copied; };
  std::vector<std::int32_t> table(256 * 512);

  const auto layout = kv::layout::one_place({.layers = 32, .kv_heads = 8, .head_size = 128}, 5000);
  kv::range memory{api, layout, {.fast = 1000}};
  kv::mover mover{copier, kv::page_places::of_range(memory.data(), memory.fast(), memory.slots()),
                  layout.pieces()};
  kv::cache cache{layout, memory.fast(), {}, kv::pinned{.most = 100} | kv::on_use{}};
  kv::block_table rows{table};

  const auto step = [&] {
    for (const auto& [from, to] : cache.step(mover, stream)) copy_slot(from, to);
    rows.update(cache);  // then the work of this step, in the same stream
  };
  const kv::sequence prompt = cache.start();
  if (!cache.append(prompt, 700)) return;  // out of pages: later
  step();
  const kv::sequence answer = cache.fork(prompt);  // of tokens that were written
  if (!cache.append(answer, 1)) return;
  step();

  BOOST_CHECK_EQUAL(copied, 1);
  BOOST_CHECK_EQUAL(cache.pages(answer), 44);
  BOOST_CHECK_EQUAL(table[std::size_t(answer.row * 512 + 43)],
                    cache.residency().slot_of(cache.page(answer, 43)));
}

BOOST_AUTO_TEST_CASE(the_policy_of_ten_lines_decides) {
  const std::vector<std::int32_t> fresh{4, 5, 6};
  kv::residency<at_most> kv{8, 4, 16, {.pages = 2}};
  kv.adopt(1, 7);
  static_cast<void>(kv.step({.fresh = fresh}));
  BOOST_CHECK(kv.is_fast(4) && kv.is_fast(5) && !kv.is_fast(6));
}

BOOST_AUTO_TEST_SUITE_END()
