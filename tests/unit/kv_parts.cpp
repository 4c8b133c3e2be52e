#include <boost/test/unit_test.hpp>
#include <cmm/kv.hpp>
#include <cmm/sim.hpp>
#include <cmm/sim/page_copier.hpp>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

BOOST_AUTO_TEST_SUITE(kv_parts)

using namespace cmm;

namespace {

constexpr std::int32_t page_tokens = 4;

/// Where a token of a sequence lies in the planes of a range: one number for each.
template <class Range>
std::vector<std::byte*> places_of(const Range& range, std::int32_t slot, std::int64_t token) {
  std::vector<std::byte*> places;
  for (const kv::piece& each : range.layout().planes()) {
    const std::size_t in_page = static_cast<std::size_t>(token % page_tokens) * (each.bytes / page_tokens);
    places.push_back(range.data() + each.offset + static_cast<std::size_t>(slot) * each.stride + in_page);
  }
  return places;
}

void copy_slot(const kv::layout& layout, std::byte* data, const kv::slot_copy& copy) {
  for (const kv::piece& each : layout.pieces()) {
    std::byte* const begin = data + each.offset;
    std::memcpy(begin + static_cast<std::size_t>(copy.to) * each.stride,
                begin + static_cast<std::size_t>(copy.from) * each.stride, each.bytes);
  }
}

}  // namespace

/// Sequences come, share, grow and go, in real bytes of a simulated machine.
BOOST_AUTO_TEST_CASE(a_range_a_mover_and_a_cache_keep_every_token_together) {
  constexpr kv::shape shape{.layers = 2, .planes = 2, .kv_heads = 2, .head_size = 16, .tokens = page_tokens};
  for (const bool one_place : {true, false}) {
    sim::machine machine{sim::h200_pcie};
    const auto layout = one_place ? kv::layout::one_place(shape, 64) : kv::layout::by_layer(shape, 64);
    constexpr std::int32_t fast = 20;
    kv::range range{sim::api{machine}, layout, {.fast = fast}};
    sim::page_copier copier{machine};
    kv::mover mover{copier, kv::page_places::of_range(range.data(), fast, 64), layout.pieces()};
    kv::cache cache{layout,
                    fast,
                    {.tokens = page_tokens, .sequences = 8, .pages_per_sequence = 16},
                    kv::on_use{},
                    {.reserve = 4}};
    const stream s = machine.create_stream();

    struct live {
      kv::sequence handle;
      std::vector<std::uint64_t> text;
    };
    std::vector<live> all;
    std::mt19937_64 random{7};
    for (int step = 0; step < 200; ++step) {
      if (random() % 3 == 0 && all.size() > 4) {
        const std::size_t gone = random() % all.size();
        cache.free(all[gone].handle);
        all.erase(all.begin() + static_cast<std::ptrdiff_t>(gone));
      }
      if (const auto fork = all.empty() ? cache.start() : cache.fork(all[random() % all.size()].handle)) {
        all.push_back({fork, {}});
        for (std::int64_t i = 0; i < cache.tokens(fork); ++i) {
          const std::int32_t page = cache.page(fork, static_cast<std::int32_t>(i / page_tokens));
          for (const live& other : all) {  // whose text it begins with
            if (other.text.size() > std::size_t(i) &&
                cache.page(other.handle, static_cast<std::int32_t>(i / page_tokens)) == page) {
              all.back().text.push_back(other.text[std::size_t(i)]);
              break;
            }
          }
        }
      }
      std::vector<std::size_t> had;
      for (live& each : all) {
        had.push_back(each.text.size());
        const auto more = static_cast<std::int64_t>(random() % 5);
        if (each.text.size() + std::size_t(more) > 60 || !cache.append(each.handle, more)) continue;
        for (std::int64_t i = 0; i < more; ++i) each.text.push_back(random());
      }
      const auto copies = cache.step(mover, s);
      BOOST_REQUIRE(sim::api{machine}.synchronize(s).ok());
      for (const kv::slot_copy& each : copies) copy_slot(layout, range.data(), each);
      for (std::size_t i = 0; i < all.size(); ++i) {
        for (std::size_t t = 0; t < all[i].text.size(); ++t) {
          const std::int32_t page = cache.page(all[i].handle, static_cast<std::int32_t>(t) / page_tokens);
          const auto places = places_of(range, cache.residency().slot_of(page), std::int64_t(t));
          for (std::size_t plane = 0; plane < places.size(); ++plane) {
            const std::uint64_t expected = all[i].text[t] + plane;
            if (t >= had[i]) std::memcpy(places[plane], &expected, sizeof expected);
            std::uint64_t found = 0;
            std::memcpy(&found, places[plane], sizeof found);
            BOOST_REQUIRE_EQUAL(found, expected);
          }
        }
      }
      mover.run(cache.refill(), s);
    }
    const kv::counters& c = cache.counters();
    BOOST_CHECK_GT(c.pages_up + c.pages_down + c.avoided, 20U);
    BOOST_CHECK_EQUAL(mover.counts().bytes_up, c.bytes_up());
    BOOST_CHECK_EQUAL(mover.counts().bytes_down, c.bytes_down());
    BOOST_CHECK_EQUAL(mover.page_bytes(), layout.page_bytes());
  }
}

BOOST_AUTO_TEST_SUITE_END()
