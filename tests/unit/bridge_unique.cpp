#include <boost/test/unit_test.hpp>
#include <cmm/bridge/unique.hpp>
#include <cmm/cmm.hpp>
#include <cmm/sim/api.hpp>
#include <cmm/sim/profiles.hpp>
#include <new>
#include <utility>

BOOST_AUTO_TEST_SUITE(bridge_unique)

using namespace cmm::literals;

namespace {

constexpr auto recipe = cmm::device{} | cmm::pool{} | cmm::limit{64_MiB} | cmm::stats{};

struct situation {
  cmm::sim::machine machine{cmm::sim::gh200_480};
  cmm::sim::api api{machine};
  decltype(recipe.build(api)) memory = recipe.build(api);
  cmm::usage use() { return memory.get<cmm::stats>().all(); }
};

/// Knows the stream of the last free.
struct last_stream {
  cmm::null_api nothing;
  cmm::stream freed_in{};
  char byte = 0;

  cmm::null_api& api() { return nothing; }
  cmm::block allocate(cmm::request r) { return {&byte, r.bytes, 0}; }
  void deallocate(cmm::block, cmm::stream s) noexcept { freed_in = s; }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(an_array_goes_back_when_its_owner_ends, situation) {
  {
    const auto floats = cmm::make_unique<float[]>(memory, 1000);
    BOOST_TEST(use().live_bytes == 4000u);
    auto moved = cmm::make_unique<float[]>(memory, 10);
    moved = cmm::make_unique<float[]>(memory, 20);
    BOOST_TEST(use().live_bytes == 4080u);
    const auto one = cmm::make_unique<double>(memory);
    BOOST_TEST(use().live_bytes == 4088u);
  }
  BOOST_TEST(use().live_bytes == 0u);
}

BOOST_AUTO_TEST_CASE(the_free_is_in_the_stream_of_the_array_or_that_of_its_last_user) {
  last_stream memory;
  int first = 0;
  int second = 0;
  { const auto array = cmm::make_unique<char[]>(memory, 1, cmm::stream{&first}); }
  BOOST_TEST(memory.freed_in.native() == &first);
  {
    auto array = cmm::make_unique<char[]>(memory, 1, cmm::stream{&first});
    array.get_deleter().stream = cmm::stream{&second};
  }
  BOOST_TEST(memory.freed_in.native() == &second);
}

BOOST_FIXTURE_TEST_CASE(no_call_waits_for_the_gpu, situation) {
  const cmm::stream s = machine.create_stream();
  BOOST_TEST(machine.begin_capture(s).ok());
  { const auto floats = cmm::make_unique<float[]>(memory, 1000, s); }
  BOOST_TEST(machine.end_capture(s).ok());
  BOOST_TEST(machine.calls("cudaStreamSynchronize") == 0u);
}

BOOST_FIXTURE_TEST_CASE(exhaustion_is_bad_alloc_and_overflow_bad_array_new_length, situation) {
  BOOST_CHECK_THROW((void)cmm::make_unique<float[]>(memory, 65_MiB), std::bad_alloc);
  BOOST_CHECK_THROW((void)cmm::make_unique<float[]>(memory, cmm::no_limit / 2), std::bad_array_new_length);
  BOOST_TEST(use().live_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(an_array_of_none_is_an_owner_all_the_same, situation) {
  const auto none = cmm::make_unique<float[]>(memory, 0);
  BOOST_TEST(none.get() != nullptr);
}

BOOST_FIXTURE_TEST_CASE(a_type_may_ask_for_any_alignment, situation) {
  struct alignas(4096) page {
    char bytes[4096];
  };
  {
    auto pages = cmm::make_unique<page[]>(memory, 3);
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(pages.get()) % 4096 == 0u);
    const auto one = cmm::make_unique<page>(memory);
    pages = cmm::make_unique<page[]>(memory, 5);
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(pages.get()) % 4096 == 0u);
  }
  BOOST_TEST(use().live_bytes == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
