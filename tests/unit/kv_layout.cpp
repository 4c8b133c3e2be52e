#include <boost/test/unit_test.hpp>
#include <cmm/core/units.hpp>
#include <cmm/kv/layout.hpp>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(kv_layout)

using namespace cmm;
using namespace cmm::literals;
using kv::layout;
using kv::piece;

namespace {

constexpr kv::shape llama{.layers = 32, .planes = 2, .kv_heads = 8, .head_size = 128, .tokens = 16};

/// Why a layout is refused, or nothing.
template <class Make>
std::string refusal(Make&& make) {
  try {
    static_cast<void>(make());
  } catch (const bad_request& error) {
    return error.what();
  }
  return {};
}
std::string refusal(std::vector<piece> pieces, std::int64_t slots) {
  return refusal([&] { return layout{pieces, slots}; });
}
bool says(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_page_in_one_place_is_contiguous_with_a_plane_of_each_layer_after_the_other) {
  const auto pages = layout::one_place(llama, 1000);
  BOOST_CHECK_EQUAL(pages.page_bytes(), 2_MiB);
  BOOST_CHECK_EQUAL(pages.bytes(), 1000 * 2_MiB);
  BOOST_REQUIRE_EQUAL(pages.pieces().size(), 1U);
  BOOST_REQUIRE_EQUAL(pages.planes().size(), 64U);
  BOOST_CHECK((pages.planes()[3] == piece{3 * 32_KiB, 2_MiB, 32_KiB}));
}

BOOST_AUTO_TEST_CASE(layers_and_planes_can_have_areas_of_their_own) {
  const auto layers = layout::by_layer(llama, 1000), planes = layout::by_plane(llama, 1000);
  BOOST_CHECK_EQUAL(layers.pieces().size(), 32U);
  BOOST_CHECK_EQUAL(planes.pieces().size(), 64U);
  BOOST_CHECK((layers.pieces()[1] == piece{1000 * 64_KiB, 64_KiB, 64_KiB}));
  BOOST_CHECK((layers.planes()[3] == piece{1000 * 64_KiB + 32_KiB, 64_KiB, 32_KiB}));
  BOOST_CHECK((planes.pieces()[1] == piece{1000 * 32_KiB, 32_KiB, 32_KiB}));
  BOOST_CHECK_EQUAL(layers.page_bytes(), 2_MiB);
  BOOST_CHECK_EQUAL(planes.bytes(), layers.bytes());
}

BOOST_AUTO_TEST_CASE(mla_has_one_plane_and_odd_areas_begin_like_tensors) {
  const kv::shape mla{
      .layers = 3, .planes = 1, .kv_heads = 1, .head_size = 576, .tokens = 1, .element_bytes = 2};
  const auto pages = layout::by_layer(mla, 7);
  BOOST_CHECK_EQUAL(pages.page_bytes(), 3U * 1152);
  for (const piece& each : pages.pieces()) BOOST_CHECK_EQUAL(each.offset % 512, 0U);
  BOOST_CHECK_EQUAL(pages.bytes(), pages.pieces()[2].offset + 7 * 1152);
}

BOOST_AUTO_TEST_CASE(elements_of_a_plane_are_ordered_by_token_or_by_head) {
  kv::shape shape = llama;
  BOOST_CHECK_EQUAL(shape.element_strides().token, 8U * 128);
  BOOST_CHECK_EQUAL(shape.element_strides().head, 128U);
  shape.order = kv::order::hnd;
  BOOST_CHECK_EQUAL(shape.element_strides().token, 128U);
  BOOST_CHECK_EQUAL(shape.element_strides().head, 16U * 128);
}

BOOST_AUTO_TEST_CASE(a_granule_that_any_fast_slot_touches_lies_in_hbm) {
  const layout pages{{{0, 512_KiB, 512_KiB}, {8_MiB, 512_KiB, 512_KiB}}, 16};
  using areas = std::vector<kv::area>;
  BOOST_CHECK((pages.areas(0) == areas{{0, 16_MiB, false}}));
  BOOST_CHECK((pages.areas(16) == areas{{0, 16_MiB, true}}));
  const areas seam{{0, 4_MiB, true}, {4_MiB, 4_MiB, false}, {8_MiB, 4_MiB, true}, {12_MiB, 4_MiB, false}};
  BOOST_CHECK((pages.areas(5) == seam));
  BOOST_CHECK((pages.areas(8) == seam));
  BOOST_CHECK_EQUAL(kv::bytes_of(pages.areas(9), true), 12_MiB);
  BOOST_CHECK_EQUAL(kv::bytes_of(pages.areas(9), false), 4_MiB);
  BOOST_CHECK_THROW((void)pages.areas(17), bad_request);
  BOOST_CHECK_THROW((void)pages.areas(-1), bad_request);
}

BOOST_AUTO_TEST_CASE(pieces_far_apart_leave_the_granules_between_them_to_the_host) {
  const layout pages{{{1_MiB, 8_MiB, 64_KiB}}, 4};
  const std::vector<kv::area> expected{
      {0, 2_MiB, true}, {2_MiB, 6_MiB, false}, {8_MiB, 2_MiB, true}, {10_MiB, 16_MiB, false}};
  BOOST_CHECK((pages.areas(2) == expected));
}

/// A table of its granules would take a gibibyte.
BOOST_AUTO_TEST_CASE(the_areas_of_a_range_that_no_machine_holds_are_found_at_once) {
  const layout pages{{{0, 1_GiB, 1_GiB}}, 1 << 24};
  const std::vector<kv::area> expected{{0, 8_GiB, true}, {8_GiB, ((1U << 24) - 8) * 1_GiB, false}};
  BOOST_CHECK((pages.areas(8) == expected));
}

BOOST_AUTO_TEST_CASE(as_many_slots_are_fast_as_their_granules_fit) {
  const layout pages{{{0, 512_KiB, 512_KiB}, {8_MiB, 512_KiB, 512_KiB}}, 16};
  BOOST_CHECK_EQUAL(pages.fast_within(3_MiB), 0);
  BOOST_CHECK_EQUAL(pages.fast_within(4_MiB), 4);
  BOOST_CHECK_EQUAL(pages.fast_within(8_MiB), 8);
  BOOST_CHECK_EQUAL(pages.fast_within(15_MiB), 12);
  BOOST_CHECK_EQUAL(pages.fast_within(16_MiB), 16);
}

BOOST_AUTO_TEST_CASE(a_page_of_nothing_or_of_odd_bytes_is_refused) {
  BOOST_CHECK(says(refusal({}, 4), "0 bytes"));
  BOOST_CHECK(says(refusal({{0, 16, 0}}, 4), "is empty"));
  BOOST_CHECK(says(refusal({{0, 32, 24}}, 4), "multiples of 16"));
  BOOST_CHECK(says(refusal({{8, 32, 16}}, 4), "multiples of 16"));
  BOOST_CHECK(says(refusal({{0, 40, 16}}, 4), "multiples of 16"));
  kv::shape shape = llama;
  shape.head_size = 0;
  BOOST_CHECK(says(refusal([&] { return layout::one_place(shape, 4); }), "0 as head_size"));
}

BOOST_AUTO_TEST_CASE(pieces_that_overlap_are_refused) {
  BOOST_CHECK(says(refusal({{0, 32, 48}}, 2), "overlaps itself"));
  BOOST_CHECK(says(refusal({{0, 64, 32}, {16, 64, 16}}, 4), "overlap"));
  BOOST_CHECK(says(refusal({{0, 64, 32}, {48, 64, 32}}, 2), "overlap"));   // with the next slot
  BOOST_CHECK(says(refusal({{0, 64, 32}, {144, 64, 16}}, 3), "overlap"));  // with a slot further on
  BOOST_CHECK_EQUAL(refusal({{0, 64, 32}, {144, 64, 16}}, 2), "");
  BOOST_CHECK_EQUAL(refusal({{0, 64, 32}, {32, 64, 32}}, 1000), "");
  BOOST_CHECK_EQUAL(refusal({{32, 64, 32}, {0, 64, 32}}, 1000), "");
  BOOST_CHECK(says(refusal({{0, 64, 16}, {32, 96, 16}}, 3), "overlap"));  // strides differ: at 128 of both
  BOOST_CHECK_EQUAL(refusal({{0, 64, 16}, {32, 128, 16}}, 50), "");
}

BOOST_AUTO_TEST_CASE(more_slots_than_int32_or_the_address_space_holds_are_refused) {
  BOOST_CHECK(says(refusal({{0, 16, 16}}, 0), "0 slots"));
  BOOST_CHECK(says(refusal({{0, 16, 16}}, std::int64_t{1} << 31), "2147483648 slots"));
  BOOST_CHECK(says(refusal({{0, std::size_t{1} << 40, 16}}, std::int64_t{1} << 30), "address space"));
  BOOST_CHECK(says(refusal({{no_limit - 15, 16, 16}}, 1), "address space"));
  kv::shape shape = llama;
  shape.layers = shape.kv_heads = shape.head_size = shape.tokens = 1 << 20;
  BOOST_CHECK(says(refusal([&] { return layout::one_place(shape, 4); }), "address space"));
  shape.tokens = 1;
  BOOST_CHECK(says(refusal([&] { return layout::by_layer(shape, 1 << 30); }), "address space"));
}

BOOST_AUTO_TEST_SUITE_END()
