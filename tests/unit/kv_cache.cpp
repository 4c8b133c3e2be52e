#include <boost/test/unit_test.hpp>
#include <cmm/kv.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(kv_cache)

namespace {

using namespace cmm;
using keys = std::vector<std::uint64_t>;

kv::cache<> small(std::int32_t slots = 9, kv::cache_settings how = {.tokens = 4, .sequences = 3}) {
  return {kv::layout{{{0, 64, 64}}, slots}, slots, how};
}

/// Gives up after it has agreed on what moves.
struct giving_up {
  bool now = false;
  void place(kv::placing& step) {
    kv::on_use{}.place(step);
    if (now) throw std::runtime_error{"no"};
    now = step.step() == 2;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(pages_are_taken_as_tokens_need_them_and_page_0_never) {
  auto cache = small();
  const auto one = cache.start();
  BOOST_CHECK(cache.append(one, 4) && cache.pages(one) == 1);
  BOOST_CHECK(cache.append(one, 5) && cache.pages(one) == 3 && cache.tokens(one) == 9);
  BOOST_CHECK(cache.append(one, 3) && cache.pages(one) == 3);
  for (std::int32_t i = 0; i < 3; ++i) BOOST_CHECK_GT(cache.page(one, i), 0);
  BOOST_CHECK_EQUAL(cache.available(), 5);
}

BOOST_AUTO_TEST_CASE(running_out_of_pages_or_rows_is_a_value_and_changes_nothing) {
  auto cache = small(4);
  const auto one = cache.start();
  BOOST_CHECK(!cache.append(one, 13));
  BOOST_CHECK(cache.pages(one) == 0 && cache.available() == 3);
  BOOST_CHECK(cache.append(one, 12));
  BOOST_CHECK(cache.start() && cache.start());
  BOOST_CHECK(!cache.start() && !cache.fork(one));
}

BOOST_AUTO_TEST_CASE(a_fork_shares_pages_and_copies_the_one_it_writes) {
  auto cache = small();
  const auto one = cache.start();
  BOOST_CHECK(cache.append(one, 6));
  cache.prepare();
  const auto two = cache.fork(one);
  BOOST_CHECK_EQUAL(cache.available(), 6);
  BOOST_CHECK(cache.append(two, 1));
  BOOST_CHECK(cache.page(one, 0) == cache.page(two, 0) && cache.page(one, 1) != cache.page(two, 1));
  const std::int32_t from = cache.page(one, 1);
  cache.free(one);  // what is copied still stands until it was copied
  BOOST_CHECK_EQUAL(cache.available(), 5);
  cache.prepare();
  BOOST_REQUIRE_EQUAL(cache.copies().size(), 1U);
  BOOST_CHECK_EQUAL(cache.copies()[0].from, cache.residency().slot_of(from));
  BOOST_CHECK_EQUAL(cache.copies()[0].to, cache.residency().slot_of(cache.page(two, 1)));
  BOOST_CHECK_EQUAL(cache.available(), 6);
  cache.prepare();
  BOOST_CHECK(cache.copies().empty());
}

/// Its slot may hold the copy of a page that left HBM.
BOOST_AUTO_TEST_CASE(nothing_is_copied_to_a_page_that_was_freed_before_the_step) {
  auto cache = small();
  const auto one = cache.start();
  BOOST_CHECK(cache.append(one, 6));
  cache.prepare();
  const auto two = cache.fork(one);
  BOOST_CHECK(cache.append(two, 1));
  cache.free(two);
  cache.prepare();
  BOOST_CHECK(cache.copies().empty());
  BOOST_CHECK_EQUAL(cache.available(), 6);
}

BOOST_AUTO_TEST_CASE(a_last_page_that_is_full_is_shared_without_a_copy) {
  auto cache = small();
  const auto one = cache.start();
  BOOST_CHECK(cache.append(one, 4));
  const auto two = cache.fork(one);
  BOOST_CHECK(cache.append(two, 1) && cache.append(one, 1));
  cache.prepare();
  BOOST_CHECK(cache.copies().empty() && cache.page(one, 0) == cache.page(two, 0));
}

BOOST_AUTO_TEST_CASE(a_named_page_is_found_once_it_is_written_and_until_its_room_is_needed) {
  auto cache = small(5);
  const auto one = cache.start();
  BOOST_CHECK(cache.append(one, 9));
  cache.name(one, 0, 100);
  cache.name(one, 1, 101);
  BOOST_CHECK_EQUAL(cache.pages(cache.start(keys{100, 101})), 0);  // not written yet
  cache.prepare();
  const std::int32_t first = cache.page(one, 0);
  cache.free(one);
  BOOST_CHECK_EQUAL(cache.available(), 4);
  cache.prepare();
  BOOST_CHECK_EQUAL(cache.counters().idle, 2);
  const auto two = cache.start(keys{100, 101, 102});
  BOOST_CHECK(cache.pages(two) == 2 && cache.tokens(two) == 8 && cache.page(two, 0) == first);
  cache.free(two);
  const auto three = cache.start();
  BOOST_CHECK(!three || cache.append(three, 12));  // takes a free page, then idle ones, the oldest first
  if (three) cache.free(three);
  BOOST_CHECK_EQUAL(cache.pages(cache.start(keys{101})), 0);
}

BOOST_AUTO_TEST_CASE(a_rejected_draft_is_taken_back_with_its_pages) {
  auto cache = small();
  const auto one = cache.start();
  BOOST_CHECK(cache.append(one, 6));
  cache.prepare();
  BOOST_CHECK(cache.append(one, 7));  // a draft
  cache.prepare();
  cache.shorten(one, 7);
  BOOST_CHECK(cache.tokens(one) == 7 && cache.pages(one) == 2 && cache.available() == 6);
  cache.prepare();
  BOOST_CHECK_EQUAL(cache.counters().live, 2);
  cache.shorten(one, 7);
  BOOST_CHECK(cache.append(one, 1) && cache.pages(one) == 2);
  cache.shorten(one, 0);
  BOOST_CHECK(cache.pages(one) == 0 && cache.available() == 8);
  BOOST_CHECK_THROW(cache.shorten(one, 1), bad_request);
  BOOST_CHECK_THROW(cache.shorten(one, -1), bad_request);
}

BOOST_AUTO_TEST_CASE(a_key_stands_for_the_tokens_that_it_was_given_for_and_no_others) {
  auto cache = small();
  const auto one = cache.start();
  BOOST_CHECK(cache.append(one, 4));
  cache.name(one, 0, 100);
  cache.shorten(one, 3);  // before a step wrote it
  cache.prepare();
  BOOST_CHECK_EQUAL(cache.pages(cache.start(keys{100})), 0);
  BOOST_CHECK(cache.append(one, 1));
  cache.name(one, 0, 101);
  cache.prepare();
  cache.shorten(one, 3);
  const auto two = cache.start(keys{101});  // still as it was written
  BOOST_CHECK_EQUAL(cache.tokens(two), 4);
  cache.free(two);
  BOOST_CHECK(cache.append(one, 1));  // another token in its place
  BOOST_CHECK_EQUAL(cache.pages(cache.start(keys{101})), 0);
}

/// The one that named the page and was to fill it is gone; another one shares only its first tokens.
BOOST_AUTO_TEST_CASE(a_page_that_no_sequence_fills_is_not_found) {
  for (const bool freed : {true, false}) {
    auto cache = small(9, {.tokens = 4, .sequences = 4});
    const auto one = cache.start();
    BOOST_CHECK(cache.append(one, 4));
    const auto two = cache.fork(one);
    cache.shorten(one, 3);
    cache.name(two, 0, 100);
    freed ? cache.free(two) : cache.shorten(two, 0);
    cache.prepare();
    BOOST_CHECK_EQUAL(cache.pages(cache.start(keys{100})), 0);
    BOOST_CHECK(cache.append(one, 1));
    cache.name(one, 0, 101);
    cache.prepare();
    BOOST_CHECK_EQUAL(cache.pages(cache.start(keys{101})), 1);
  }
}

BOOST_AUTO_TEST_CASE(a_page_that_one_sequence_fills_is_found_whoever_else_was_shortened) {
  for (const bool second : {true, false}) {
    auto cache = small();
    const auto one = cache.start();
    BOOST_CHECK(cache.append(one, 4));
    const auto two = cache.fork(one);
    cache.name(one, 0, 100);
    cache.shorten(second ? two : one, 3);
    cache.prepare();
    BOOST_CHECK_EQUAL(cache.pages(cache.start(keys{100})), 1);
  }
}

BOOST_AUTO_TEST_CASE(what_a_shortened_sequence_shares_is_copied_before_it_is_written) {
  auto cache = small();
  const auto one = cache.start();
  BOOST_CHECK(cache.append(one, 8));
  cache.prepare();
  const auto two = cache.fork(one);
  cache.shorten(two, 7);
  BOOST_CHECK_EQUAL(cache.page(two, 1), cache.page(one, 1));
  BOOST_CHECK(cache.append(two, 1));
  BOOST_CHECK_NE(cache.page(two, 1), cache.page(one, 1));
  cache.prepare();
  BOOST_CHECK_EQUAL(cache.copies().size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_step_in_which_a_policy_throws_moves_nothing_and_has_its_copies) {
  kv::cache<giving_up> cache{kv::layout{{{0, 64, 64}}, 9}, 3, {.tokens = 4, .sequences = 4}};
  const auto one = cache.start(), two = cache.start();
  BOOST_CHECK(cache.append(one, 8));
  cache.name(one, 0, 100);
  cache.name(one, 1, 101);
  cache.prepare();
  cache.free(one);
  BOOST_CHECK(cache.append(two, 10));  // for which idle pages leave HBM
  cache.prepare();
  BOOST_CHECK(!cache.plan().empty());
  const auto three = cache.fork(two);
  BOOST_CHECK(cache.append(three, 1));
  BOOST_CHECK_THROW(cache.prepare(), std::runtime_error);
  BOOST_CHECK(cache.plan().empty());  // that of the step before was run
  BOOST_CHECK_EQUAL(cache.copies().size(), 1U);
}

BOOST_AUTO_TEST_CASE(idle_pages_can_be_forgotten) {
  auto cache = small();
  const auto one = cache.start();
  BOOST_CHECK(cache.append(one, 4));
  cache.name(one, 0, 100);
  cache.prepare();
  cache.free(one);
  cache.prepare();
  cache.forget_idle();
  cache.prepare();
  BOOST_CHECK_EQUAL(cache.counters().idle, 0);
  BOOST_CHECK_EQUAL(cache.pages(cache.start(keys{100})), 0);
}

BOOST_AUTO_TEST_CASE(freed_and_foreign_sequences_are_refused) {
  auto cache = small();
  const auto one = cache.start();
  BOOST_CHECK(cache.append(one, 4));
  cache.free(one);
  const auto again = cache.start();  // in the same row
  BOOST_CHECK(again.row == one.row && again != one);
  for (const auto& wrong : {one, kv::sequence{}, kv::sequence{7, 1}, kv::sequence{1, 0}}) {
    BOOST_CHECK_THROW(cache.free(wrong), bad_request);
    BOOST_CHECK_THROW(static_cast<void>(cache.append(wrong, 1)), bad_request);
    BOOST_CHECK_THROW(static_cast<void>(cache.page(wrong, 0)), bad_request);
    BOOST_CHECK_THROW(static_cast<void>(cache.tokens(wrong)), bad_request);
  }
  BOOST_CHECK_THROW(static_cast<void>(cache.page(again, 0)), bad_request);
  BOOST_CHECK_THROW(static_cast<void>(cache.append(again, -1)), bad_request);
  BOOST_CHECK_THROW(static_cast<void>(cache.append(again, 1 << 20)), bad_request);
  BOOST_CHECK_THROW(cache.name(again, 0, 1), bad_request);
  BOOST_CHECK_THROW(cache.use(again, 0), bad_request);
  BOOST_CHECK_THROW(small(9, {.tokens = 0}), bad_request);
  BOOST_CHECK_THROW(small(9, {.sequences = 1 << 20, .pages_per_sequence = 1 << 20}), bad_request);
}

BOOST_AUTO_TEST_CASE(where_there_was_no_sequence_left_that_is_said) {
  auto cache = small(9, {.tokens = 4, .sequences = 1, .pages_per_sequence = 3});
  static_cast<void>(cache.start());
  BOOST_CHECK_EXCEPTION(static_cast<void>(cache.append(cache.start(), 1)), bad_request,
                        [](const auto& error) {
                          return std::string{error.what()}.find("all 1 rows are taken") != std::string::npos;
                        });
}

BOOST_AUTO_TEST_CASE(a_view_shows_the_cache_that_it_is_given) {
  constexpr kv::cache_settings how{.tokens = 4, .sequences = 2, .pages_per_sequence = 3};
  auto one = small(9, how), other = small(9, how);
  std::vector<std::int32_t> table(6);
  kv::block_table rows{table};
  BOOST_CHECK(one.append(one.start(), 4));
  one.prepare();
  rows.update(one);
  const auto row = other.start();
  BOOST_CHECK(other.append(row, 12));
  other.prepare();
  rows.update(other);  // as many steps as the first
  for (std::int32_t i = 0; i < 3; ++i) {
    BOOST_CHECK_EQUAL(table[std::size_t(row.row * 3 + i)], other.residency().slot_of(other.page(row, i)));
  }
}

BOOST_AUTO_TEST_CASE(a_batch_of_a_smaller_cache_follows_that_of_a_larger_one) {
  auto large = small(9, {.tokens = 4, .sequences = 64, .pages_per_sequence = 3});
  std::vector<kv::sequence> batch;
  for (int i = 0; i < 64; ++i) batch.push_back(large.start());
  std::vector<std::int32_t> indices(8), indptr(65), last(64);
  kv::paged_batch view{indices, indptr, last};
  large.prepare();
  view.update(large, batch);
  auto one = small(9, {.tokens = 4, .sequences = 1, .pages_per_sequence = 3});
  batch = {one.start()};
  BOOST_CHECK(one.append(batch[0], 6));
  one.prepare();
  view.update(one, batch);
  BOOST_CHECK_EQUAL(indptr[1], 2);
  BOOST_CHECK_EQUAL(indices[1], one.residency().slot_of(one.page(batch[0], 1)));
  BOOST_CHECK_EQUAL(last[0], 2);
}

BOOST_AUTO_TEST_CASE(views_refuse_a_buffer_that_is_too_small) {
  auto cache = small(9, {.tokens = 4, .sequences = 2, .pages_per_sequence = 3});
  const auto one = cache.start();
  BOOST_CHECK(cache.append(one, 9));
  cache.prepare();
  std::vector<std::int32_t> few(5), most(12);
  BOOST_CHECK_THROW(kv::block_table{few}.update(cache), bad_request);
  BOOST_CHECK_THROW((kv::two_pool_table{std::span{most}.first(11), {.fast = 9}}.update(cache)), bad_request);
  BOOST_CHECK_THROW((kv::two_pool_table{most, {.fast = 9, .layers = 1 << 28}}.update(cache)), bad_request);
  const std::vector<kv::sequence> batch{one};
  const std::span<std::int32_t> all{most};
  BOOST_CHECK_THROW((kv::paged_batch{all.first(2), all, all}.update(cache, batch)), bad_request);
  BOOST_CHECK_THROW((kv::paged_batch{all, all.first(1), all}.update(cache, batch)), bad_request);
  BOOST_CHECK_THROW((kv::paged_batch{all, all, all.first(0)}.update(cache, batch)), bad_request);
  cache.free(one);
  BOOST_CHECK_THROW((kv::paged_batch{all, all, all}.update(cache, batch)), bad_request);
}

BOOST_AUTO_TEST_SUITE_END()
