#include <unistd.h>
#include <cmm/source/imported_range.hpp>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <optional>
#include <vector>

#include "support/laws.hpp"

BOOST_AUTO_TEST_SUITE(imported_ranges)

namespace {

using namespace cmm;
using namespace cmm::literals;
using tests::caught;

/// Two GPUs; ranges are for the second while the first is current.
struct world : tests::sim_world {
  world() : sim_world{tests::two_h200} {}
  ~world() { tests::check_all_returned(*this); }

  auto exported() {
    return tiered_range{api(),
                        {{0, 2_MiB, location::device()}, {2_MiB, 4_MiB, location::nearest_numa()}},
                        {.device = home(), .shareable = true, .piece = 2_MiB}};
  }
};

char* text(std::byte* at) { return reinterpret_cast<char*>(at); }

}  // namespace

BOOST_FIXTURE_TEST_CASE(shows_the_same_bytes_both_ways_and_outlives_the_descriptors, world) {
  tiered_range range = exported();
  std::strcpy(text(range.data() + 4_MiB), "from there");
  auto parts = range.share();
  imported_range mine{api(), parts, {.device = home()}};
  parts.clear();
  BOOST_CHECK_EQUAL(mine.bytes(), 6_MiB);
  BOOST_CHECK(mine.data() != range.data());
  BOOST_CHECK_EQUAL(text(mine.data() + 4_MiB), "from there");
  std::strcpy(text(mine.data()), "from here");
  BOOST_CHECK_EQUAL(text(range.data()), "from here");
  const block all{mine.data(), mine.bytes(), home()};
  work(all, create_stream());
  BOOST_CHECK_EQUAL(misuse(), "");
}

BOOST_FIXTURE_TEST_CASE(outlives_the_range_that_was_exported, world) {
  std::optional<imported_range<cmm::sim::api>> mine;
  {
    tiered_range range = exported();
    std::strcpy(text(range.data() + 2_MiB), "kept");
    mine.emplace(api(), range.share(), range_settings{.device = home()});
  }
  BOOST_CHECK_EQUAL(text(mine->data() + 2_MiB), "kept");
}

BOOST_FIXTURE_TEST_CASE(each_call_that_fails_leaves_nothing_mapped, world) {
  tiered_range range = exported();
  const auto parts = range.share();
  const auto before = live_blocks();
  for (const char* call :
       {"cuMemAddressReserve", "cuMemImportFromShareableHandle", "cuMemMap", "cuMemSetAccess"}) {
    for (const int nth : {1, 3}) {
      machine().clear_faults();
      machine().fail_nth(call, nth, errc::not_supported);
      if (nth == 3 && std::strcmp(call, "cuMemAddressReserve") == 0) continue;
      const caught<cuda_error> error{[&] { imported_range{api(), parts, {.device = home()}}; }};
      BOOST_CHECK_MESSAGE(error.says(call), error.text);
      BOOST_CHECK_EQUAL(live_blocks(), before);
    }
  }
  machine().clear_faults();
}

BOOST_FIXTURE_TEST_CASE(parts_that_do_not_follow_each_other_are_refused, world) {
  tiered_range range = exported();
  auto parts = range.share();
  const auto before = live_blocks();
  const caught<bad_request> gap{[&] {
    imported_range{api(), std::span{parts}.subspan(1), {.device = home()}};
  }};
  BOOST_CHECK_MESSAGE(gap.says("list the areas in order and without gaps"), gap.text);
  const caught<bad_request> none{[&] { imported_range{api(), std::span{parts}.first(0)}; }};
  BOOST_CHECK_MESSAGE(none.says("a range of no areas"), none.text);
  parts[1] = shared_memory{2_MiB, 2_MiB, location::nearest_numa(), ::dup(0)};  // no memory of a GPU
  const caught<cuda_error> foreign{[&] { imported_range{api(), parts, {.device = home()}}; }};
  BOOST_CHECK_MESSAGE(foreign.says("importing a part of a range"), foreign.text);
  BOOST_CHECK_EQUAL(live_blocks(), before);
}

BOOST_AUTO_TEST_SUITE_END()
