#include <boost/test/unit_test.hpp>
#include <cmm/kv.hpp>

BOOST_AUTO_TEST_SUITE(kv_mover_rows)

using namespace cmm::literals;
using namespace cmm::kv;
using kind = moved_by::mover;

BOOST_AUTO_TEST_CASE(a_row_is_the_line_that_says_it) {
  const auto rows = read_mover_rows(
      "# for an H100\n\nup nothing 16KiB registers 4\r\ndown decode 64KiB engine # by copies\n"
      "  swap\tprefill 2MiB ring 8");
  BOOST_REQUIRE_EQUAL(rows.size(), 3);
  BOOST_TEST((rows[0] == mover_row{direction::up, beside::nothing, 16_KiB, {kind::registers, 4}}));
  BOOST_TEST((rows[1] == mover_row{direction::down, beside::decode, 64_KiB, {kind::engine, 0}}));
  BOOST_TEST((rows[2] == mover_row{direction::swap, beside::prefill, 2_MiB, {kind::ring, 8}}));
  for (const mover_row& each : over_pcie) {
    const auto again = read_mover_rows(text_of(each));
    BOOST_REQUIRE_EQUAL(again.size(), 1);
    BOOST_TEST((again[0] == each), text_of(each));
  }
}

BOOST_AUTO_TEST_CASE(a_line_that_cannot_be_read_is_quoted) {
  for (const char* wrong :
       {"left nothing 16KiB ring 2", "up beside 16KiB ring 2", "up nothing 16KiB ring",
        "up nothing 16KiB ring 0", "up nothing 16KiB ring 1025", "up nothing 16KiB ring -1",
        "up nothing 16KiB ring 2 3", "up nothing 16KiB engine 2", "up nothing 16KiB magic 2", "up nothing",
        "up nothing 16 KiB ring 2"}) {
    BOOST_CHECK_EXCEPTION(read_mover_rows(wrong), cmm::bad_text, [&](const cmm::bad_text& error) {
      return std::string{error.what()}.find(wrong) != std::string::npos;
    });
  }
  BOOST_CHECK_THROW(read_mover_rows("up nothing much ring 2"), cmm::bad_text);
  BOOST_CHECK_THROW(read_mover_rows(""), cmm::bad_text);
  BOOST_CHECK_THROW(read_mover_rows("# nothing\n"), cmm::bad_text);
}

BOOST_AUTO_TEST_CASE(the_row_of_the_largest_size_below_a_piece_holds) {
  const auto rows = read_mover_rows(
      "up nothing 64KiB ring 2\nup nothing 16KiB registers 8\nup decode 64KiB engine\nup decode 16KiB ring "
      "1");
  const auto best = [&](beside with, std::size_t bytes) {
    return best_of(rows, direction::up, with, bytes)->by;
  };
  BOOST_TEST((best(beside::nothing, 16_KiB) == moved_by{kind::registers, 8}));
  BOOST_TEST((best(beside::nothing, 64_KiB - 16) == moved_by{kind::registers, 8}));
  BOOST_TEST((best(beside::nothing, 64_KiB) == moved_by{kind::ring, 2}));
  BOOST_TEST((best(beside::nothing, 2_MiB) == moved_by{kind::ring, 2}));
  BOOST_TEST((best(beside::nothing, 16) == moved_by{kind::registers, 8}));  // the smallest there is
  BOOST_TEST((best(beside::decode, 1_MiB) == moved_by{kind::engine, 0}));
  BOOST_TEST((best(beside::prefill, 1_MiB) == moved_by{kind::ring, 2}));  // as with nothing beside
  BOOST_TEST(best_of(rows, direction::down, beside::decode, 1_MiB) == nullptr);
}

/// Wherever the movers of a machine are not measured, something is chosen for every way.
BOOST_AUTO_TEST_CASE(the_rows_that_come_along_say_something_of_every_way) {
  for (const auto& rows : {std::span<const mover_row>{over_pcie}, std::span<const mover_row>{over_c2c}}) {
    for (const direction way : {direction::up, direction::down, direction::swap}) {
      for (const beside with : {beside::nothing, beside::decode, beside::prefill}) {
        BOOST_TEST(best_of(rows, way, with, 16) != nullptr);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
