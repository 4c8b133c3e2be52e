#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmm/kv.hpp>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "settings.hpp"
#include "support/kv_memory.hpp"

BOOST_AUTO_TEST_SUITE(kv_cache_random)

namespace {

using namespace cmm;
using tokens = std::vector<std::uint64_t>;
using numbers = std::vector<std::int32_t>;

constexpr std::int32_t page_tokens = 4;
constexpr std::int32_t layers = 3;

/// An engine that writes a number for each token, and reads all of them back through three kinds of tables.
template <class Policy>
class engine_run {
 public:
  engine_run(std::uint64_t seed, std::int32_t slots, std::int32_t fast, Policy policy,
             kv::residency_settings placing)
      : random_{seed},
        layout_{{{0, 64, 64}}, slots},
        cache_{layout_, fast, how, std::move(policy), placing},
        memory_{slots, fast},
        two_pools_{pool_entries_, {.fast = fast, .layers = layers}} {
    for (std::int32_t slot = 0; slot < slots; ++slot) memory_[slot].assign(page_tokens, 0);
  }

  std::string run(std::uint64_t operations) {
    for (std::uint64_t i = 0; i < operations && wrong_.empty(); ++i) {
      const std::uint64_t what = below(100);
      if (what < 12)
        start();
      else if (what < 15)
        fork();
      else if (what < 16)
        try_a_draft();
      else if (what < 55)
        append();
      else if (what < 61)
        free();
      else if (what < 66)
        shorten();
      else if (what < 67)
        cache_.forget_idle();
      else if (what < 71)
        misuse();
      else if (what < 74)
        name();
      else if (what < 77)
        refill();
      else
        step();
    }
    while (!live_.empty()) free();
    step();
    expect(cache_.available() == layout_.slots() - 1, "pages are lost");
    return wrong_;
  }

 private:
  struct live {
    kv::sequence handle;
    tokens text;
    std::size_t written = 0;  ///< tokens that a step has written
  };

  static constexpr kv::cache_settings how{.tokens = page_tokens, .sequences = 5, .pages_per_sequence = 6};

  std::uint64_t below(std::uint64_t most) { return random_() % most; }
  void expect(bool holds, const char* law) {
    if (!holds && wrong_.empty()) wrong_ = law;
  }
  live& any() { return live_[below(live_.size())]; }

  /// Stands for all tokens up to the end of a page.
  static std::uint64_t key_of(const tokens& text, std::size_t pages) {
    std::uint64_t key = 1;
    for (std::size_t i = 0; i < pages * page_tokens; ++i) key = (key ^ text[i]) * 0x100000001b3U;
    return key;
  }

  void start() {
    if (below(3) == 0 || finished_.empty()) return started(cache_.start(), {});
    const tokens& like = finished_[below(finished_.size())];
    std::vector<std::uint64_t> keys;
    for (std::size_t i = 1; i <= like.size() / page_tokens; ++i) keys.push_back(key_of(like, i));
    const kv::sequence made = cache_.start(keys);
    if (!made) return started(made, {});
    const std::int64_t hit = cache_.tokens(made);
    expect(hit % page_tokens == 0 && hit <= std::int64_t(like.size()), "a hit is no whole pages");
    started(made, {like.begin(), like.begin() + hit});
    live_.back().written = live_.back().text.size();
  }
  void started(kv::sequence made, tokens text) {
    expect(bool(made) == (live_.size() < std::size_t(how.sequences)), "rows ran out early or late");
    if (made) live_.push_back({made, std::move(text)});
  }

  void fork() {
    if (!live_.empty()) fork(any());
  }
  void fork(live from) {
    const kv::sequence made = cache_.fork(from.handle);
    started(made, from.text);
    if (made) live_.back().written = from.written;
  }

  void append() {
    if (!live_.empty()) append(any());
  }
  void append(live& to) {
    const std::size_t room = std::size_t(how.pages_per_sequence * page_tokens) - to.text.size();
    const std::size_t count = std::min<std::size_t>(below(8), room);
    const std::int32_t had = cache_.pages(to.handle), before = cache_.available();
    const bool took = cache_.append(to.handle, std::int64_t(count));
    const auto need = std::int32_t((to.text.size() + count + page_tokens - 1) / page_tokens) - had;
    if (!took) {
      expect(before <= need, "append gave up although there are pages");
      expect(cache_.available() == before && cache_.pages(to.handle) == had, "what failed changed something");
      return;
    }
    const std::int32_t taken = before - cache_.available();
    expect(taken == need || taken == need + 1, "append took other pages than it needs");
    for (std::size_t i = 0; i < count; ++i) to.text.push_back(++last_token_);
    name(to, 4);
  }

  void name() {
    if (!live_.empty()) name(any(), 2);
  }
  void name(const live& of, std::uint64_t all_but_one_in) {
    for (std::int32_t i = 0; i < std::int32_t(of.text.size()) / page_tokens; ++i) {
      if (below(all_but_one_in) != 0) cache_.name(of.handle, i, key_of(of.text, std::size_t(i) + 1));
    }
  }

  /// Of two that share all pages one is shortened and the other given back, before a step fills them or
  /// after.
  void try_a_draft() {
    if (live_.empty() || live_.size() == std::size_t(how.sequences)) return;
    std::size_t kept = below(live_.size()), rejected = live_.size();
    append(live_[kept]);
    fork(live_[kept]);
    if (below(2) == 0) std::swap(kept, rejected);
    shorten(live_[kept]);
    if (below(2) == 0) step();
    name(live_[rejected], 4);
    free(rejected);
  }

  void shorten() {
    if (!live_.empty()) shorten(any());
  }
  void shorten(live& of) {
    finish(of.text);
    const std::int32_t had = cache_.available();
    of.text.resize(of.text.size() - below(std::min<std::size_t>(of.text.size(), 7) + 1));
    of.written = std::min(of.written, of.text.size());
    cache_.shorten(of.handle, std::int64_t(of.text.size()));
    expect(cache_.pages(of.handle) == std::int32_t((of.text.size() + page_tokens - 1) / page_tokens),
           "a shortened sequence has pages without tokens");
    expect(cache_.available() >= had, "to shorten a sequence took pages");
  }

  void finish(const tokens& text) {
    finished_.push_back(text);
    if (finished_.size() > 4) finished_.erase(finished_.begin());
  }
  void free() {
    if (!live_.empty()) free(below(live_.size()));
  }
  void free(std::size_t index) {
    cache_.free(live_[index].handle);
    freed_ = live_[index].handle;
    finish(live_[index].text);
    live_.erase(live_.begin() + std::ptrdiff_t(index));
  }

  void misuse() {
    const auto refused = [](auto&& call) {
      try {
        call();
      } catch (const bad_request&) {
        return true;
      }
      return false;
    };
    for (const kv::sequence& wrong : {freed_, kv::sequence{}, kv::sequence{99, 1}}) {
      expect(refused([&] { cache_.free(wrong); }), "a sequence was freed twice, or a foreign one");
      expect(refused([&] { static_cast<void>(cache_.append(wrong, 1)); }), "a freed sequence grew");
      expect(refused([&] { static_cast<void>(cache_.fork(wrong)); }), "a freed sequence was forked");
      expect(refused([&] { cache_.shorten(wrong, 0); }), "a freed sequence was shortened");
      expect(refused([&] { static_cast<void>(cache_.page(wrong, 0)); }), "a freed sequence's table was read");
    }
    if (live_.empty()) return;
    const live& one = any();
    const auto full = std::int32_t(one.text.size()) / page_tokens;
    expect(refused([&] { cache_.name(one.handle, full, 1); }), "a page was named that is not full");
    expect(refused([&] { cache_.use(one.handle, cache_.pages(one.handle)); }),
           "a page was used that is not there");
    expect(refused([&] { static_cast<void>(cache_.append(one.handle, 1000)); }), "a row grew beyond its end");
    const auto longer = std::int64_t(one.text.size()) + 1;
    expect(refused([&] { cache_.shorten(one.handle, longer); }), "a sequence was shortened to more");
    expect(refused([&] { cache_.shorten(one.handle, -1); }), "a sequence was shortened to less than nothing");
  }

  void refill() { run(cache_.refill(std::int32_t(below(4)))); }
  void run(const kv::plan& plan) {
    expect(memory_.run(plan).empty(), "a plan has a slot twice or misplaced");
  }

  void step() {
    for (const live& each : live_) {
      if (cache_.pages(each.handle) > 0 && below(2) == 0)
        cache_.use(each.handle, std::int32_t(below(std::uint64_t(cache_.pages(each.handle)))));
    }
    runner mover{*this, below(8) == 0};
    try {
      static_cast<void>(cache_.step(mover, 0));
    } catch (const int&) {  // the mover's or the policy's
      run(cache_.plan());
    }
    for (const auto& [from, to] : cache_.copies()) memory_[to] = tokens{memory_[from]};
    for (live& each : live_) {
      for (; each.written < each.text.size(); ++each.written)
        at(each, each.written) = each.text[each.written];
    }
    check_contents();
    check_views();
  }
  /// A mover, which may throw before it has moved anything.
  struct runner {
    engine_run& self;
    bool broken;
    void run(const kv::plan& plan, int) {
      if (broken) throw 1;
      self.run(plan);
    }
  };

  std::uint64_t& at(const live& of, std::size_t token) {
    const std::int32_t page = cache_.page(of.handle, std::int32_t(token) / page_tokens);
    return memory_[cache_.residency().slot_of(page)][token % page_tokens];
  }

  void check_contents() {
    for (const live& each : live_) {
      expect(cache_.tokens(each.handle) == std::int64_t(each.text.size()), "tokens are counted wrong");
      for (std::size_t i = 0; i < each.text.size(); ++i)
        expect(at(each, i) == each.text[i], "a sequence lost a token");
    }
  }

  void check_views() {
    if (below(5) == 0) return;  // a view that missed a step
    table_.update(cache_);
    two_pools_.update(cache_);
    std::vector<kv::sequence> batch;
    for (const live& each : live_)
      if (below(8) != 0) batch.push_back(each.handle);
    paged_.update(cache_, batch);
    for (std::int32_t row = 0; row < how.sequences; ++row) {
      const auto length = cache_.tables().length(row);
      for (std::int32_t column = 0; column < how.pages_per_sequence; ++column) {
        const std::int32_t entry = row * how.pages_per_sequence + column;
        const std::int32_t slot = column < length ? cache_.slot_at(entry) : 0;
        expect(table_entries_[std::size_t(entry)] == slot, "the block table is not that of the cache");
        const bool beyond = slot >= cache_.residency().fast();
        for (std::int32_t plane = 0; plane < 2; ++plane) {
          const auto index =
              std::uint32_t(pool_entries_[std::size_t((row * 2 + plane) * how.pages_per_sequence + column)]);
          expect((index >> 31) == beyond, "an index is of the wrong pool");
          const auto in_pool = std::uint32_t(slot - (beyond ? cache_.residency().fast() : 0));
          expect((index & 0x7fffffffU) == in_pool * layers * 2 + std::uint32_t(plane),
                 "an index of a pool is wrong");
        }
      }
    }
    std::size_t next = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      expect(indptr_[i] == std::int32_t(next), "indptr is wrong");
      const std::int32_t pages = cache_.pages(batch[i]);
      for (std::int32_t column = 0; column < pages; ++column)
        expect(indices_[next++] == cache_.residency().slot_of(cache_.page(batch[i], column)),
               "indices are wrong");
      const std::int64_t whole = std::int64_t{pages - 1} * page_tokens;
      expect(last_page_len_[i] == (pages == 0 ? 0 : cache_.tokens(batch[i]) - whole),
             "last_page_len is wrong");
    }
    expect(indptr_[batch.size()] == std::int32_t(next), "indptr does not end");
  }

  std::mt19937_64 random_;
  kv::layout layout_;
  kv::cache<Policy> cache_;
  tests::kv_memory_of<tokens> memory_;
  std::vector<live> live_;
  std::vector<tokens> finished_;
  kv::sequence freed_{};
  std::uint64_t last_token_ = 0;
  std::string wrong_;

  numbers table_entries_ = numbers(30), pool_entries_ = numbers(60), indices_ = numbers(30),
          indptr_ = numbers(6), last_page_len_ = numbers(5);
  kv::block_table table_{table_entries_};
  kv::two_pool_table two_pools_;
  kv::paged_batch paged_{indices_, indptr_, last_page_len_};
};

/// Decides, and then throws in one step of four.
template <class Policy>
struct faltering {
  Policy policy;
  std::uint64_t steps = 0;

  void prepare(std::int32_t pages, std::int32_t fast) {
    if constexpr (requires { policy.prepare(pages, fast); }) policy.prepare(pages, fast);
  }
  void place(kv::placing& step) {
    policy.place(step);
    if (++steps % 4 == 0) throw 1;
  }
};

constexpr std::uint64_t kinds = 7;    ///< of runs below, which share the operations
constexpr std::uint64_t each = 1000;  ///< operations of one cache

template <class Policy>
void agree(Policy policy, kv::residency_settings placing = {}) {
  std::mt19937_64 random{tests::seed()};
  for (std::uint64_t left = tests::operations() / kinds; left >= each; left -= each) {
    const auto slots = std::int32_t(2 + random() % 30);
    const auto fast = std::int32_t(random() % std::uint64_t(slots + 1));
    kv::residency_settings fitting = placing;
    fitting.reserve = std::min(placing.reserve, fast);
    engine_run<Policy> run{random(), slots, fast, policy, fitting};
    const std::string wrong = run.run(each);
    BOOST_REQUIRE_MESSAGE(wrong.empty(), wrong << "; again with --seed=" << tests::seed() << " (" << slots
                                               << " slots, " << fast << " fast)");
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_engine_reads_back_what_it_wrote) { agree(kv::on_use{}, {.reserve = 4}); }
BOOST_AUTO_TEST_CASE(also_where_all_is_copied) { agree(kv::on_use{}, {.reserve = 4, .careful = true}); }
BOOST_AUTO_TEST_CASE(also_where_nothing_moves) { agree(kv::fixed{}); }
BOOST_AUTO_TEST_CASE(also_where_all_is_sent_out) { agree(kv::remote{}); }
BOOST_AUTO_TEST_CASE(also_with_pinned_prefixes) {
  agree(kv::pinned{.most = 3} | kv::on_use{}, {.reserve = 2});
}
BOOST_AUTO_TEST_CASE(also_where_the_policy_throws) { agree(faltering<kv::on_use>{}, {.reserve = 2}); }
BOOST_AUTO_TEST_CASE(also_where_live_pages_move) { agree(kv::hot_set{.half_life = 2}, {.reserve = 2}); }

BOOST_AUTO_TEST_SUITE_END()
