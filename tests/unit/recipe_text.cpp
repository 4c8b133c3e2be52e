#include "cmm/recipe_text.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>
#include <string_view>

#include "cmm/sim/api.hpp"
#include "cmm/sim/profiles.hpp"

BOOST_AUTO_TEST_SUITE(recipe_text)

using namespace cmm::literals;

namespace {

/// A recipe as code and as the text of that code.
struct written {
  std::string text;
  std::string cpp;
};
std::ostream& operator<<(std::ostream& out, const written& w) { return out << w.text; }

// A macro, because the same words must be compiled and compared.
#define WRITTEN(...) \
  written { cmm::to_text(__VA_ARGS__), #__VA_ARGS__ }

const written every_element[] = {
    WRITTEN(cmm::managed{}),
    WRITTEN(cmm::managed_pool{.at = cmm::location::none()}),
    WRITTEN(cmm::device{}),
    WRITTEN(cmm::device_pool{}),
    WRITTEN(cmm::system{}),
    WRITTEN(cmm::egm{.at = cmm::location::host_numa(3)}),
    WRITTEN(cmm::null{}),
    WRITTEN(cmm::managed{} | cmm::prefer{.at = cmm::location::device(2)} | cmm::read_mostly{} |
            cmm::accessed_by{.at = cmm::location::host()}),
    WRITTEN(cmm::managed{} | cmm::prefetch{.to = cmm::location::device(), .threads = 4, .piece = 512_KiB} |
            cmm::strict{}),
    WRITTEN(cmm::managed{} | cmm::advise_only{} | cmm::locked{}),
    WRITTEN(cmm::managed{} | cmm::always_prefetch{} | cmm::trace{.events = 7}),
    WRITTEN(cmm::managed{} | cmm::threshold_prefetch{.below = 2_GiB} | cmm::stats{}),
    WRITTEN(cmm::managed{} | cmm::egm_numa{.at = cmm::location::nearest_numa()}),
    WRITTEN(cmm::managed{} | cmm::when{cmm::below{.bytes = 1000}, cmm::read_mostly{}}),
    WRITTEN(cmm::managed{} |
            cmm::when{cmm::below{.bytes = 3_GiB},
                      cmm::when{cmm::below{.bytes = 1_KiB}, cmm::advise_only{}} | cmm::read_mostly{}}),
    WRITTEN(cmm::managed{} | cmm::pool{.segment = 8_MiB, .keep = cmm::no_limit} |
            cmm::limit{.bytes = 1536_MiB}),
    WRITTEN(cmm::managed{} |
            cmm::spill{cmm::device_pool{} | cmm::limit{.bytes = 1_GiB}, {.budget = 60_GiB, .headroom = 0}}),
    WRITTEN(cmm::managed{} | cmm::limit{.bytes = 18446744073709551614u}),
};

struct pair {
  const char* typed;
  const char* normal;
};
std::ostream& operator<<(std::ostream& out, const pair& p) { return out << p.typed; }

const pair typed_forms[] = {
    {"  managed|stats\n", "managed | stats"},
    {"cmm::managed{} | cmm::stats{ }", "managed | stats"},
    {"managed | limit{64GiB}", "managed | limit{.bytes = 64GiB}"},
    {"managed | limit{.bytes=64 GiB}", "managed | limit{.bytes = 64GiB}"},
    {"managed | limit{ 1.5_GiB }", "managed | limit{.bytes = 1536MiB}"},
    {"managed | limit", "managed | limit{.bytes = no_limit}"},
    {"managed | prefer{host}", "managed | prefer{.at = host}"},
    {"managed | prefer{.at = host_numa:1}", "managed | prefer{.at = host_numa:1}"},
    {"managed | prefer{location::host_numa(1)}", "managed | prefer{.at = host_numa:1}"},
    {"managed | egm_numa{nearest_numa}", "managed | egm_numa{.at = nearest_numa}"},
    {"managed_pool{device:0}", "managed_pool{.at = device:0}"},
    {"managed | trace{5}", "managed | trace{.events = 5}"},
    {"managed | pool{2MiB, .keep = 0}", "managed | pool{.segment = 2MiB, .keep = 0}"},
    {"((managed) | stats)", "managed | stats"},
    {"managed | spill{(device_pool | limit{1GiB}), .headroom = 2GiB}",
     "managed | spill{.fast = device_pool | limit{.bytes = 1GiB}, .budget = no_limit, .headroom = 2GiB}"},
    {"managed | spill{.budget = 1GiB, .fast = managed | spill{device}}",
     "managed | spill{.fast = managed | spill{.fast = device, .budget = no_limit, .headroom = 0}, .budget = "
     "1GiB, "
     ".headroom = 0}"},
    {"managed | when{below{2GiB}, read_mostly}",
     "managed | when{.holds = below{.bytes = 2GiB}, .then = read_mostly}"},
    {"managed | when{.holds = below{.bytes = 2GiB}, .then = (read_mostly | strict)}",
     "managed | when{.holds = below{.bytes = 2GiB}, .then = read_mostly | strict}"},
};

struct mistake {
  const char* text;
  std::size_t column;
  const char* says;
};
std::ostream& operator<<(std::ostream& out, const mistake& m) { return out << m.text; }

const mistake mistakes[] = {
    {"", 1, "the recipe is empty"},
    {" \t\n", 1, "the recipe is empty"},
    {"managed |", 10, "the name of a part is missing; the sources are managed"},
    {"| managed", 1, "the name of a part is missing"},
    {"managed || stats", 10, "the name of a part is missing"},
    {"managed stats", 9, "\"stats\": this does not belong here; join parts with |"},
    {"managed | thresold_prefetch", 11, "no such part; did you mean threshold_prefetch? the sources are"},
    {"managed | x", 11, "\"x\": there is no such part; the sources are"},
    {"stats", 1, "this recipe has no source"},
    {"stats | managed", 1, "the source comes first"},
    {"managed | device", 11, "a recipe has one source"},
    {"managed | stats | read_mostly", 19, "a policy stands after a layer"},
    {"device | prefetch", 10, "need memory that can migrate, which device has not"},
    {"egm | when{below{1}, read_mostly}", 7, "need memory that can migrate"},
    {"managed}", 8, "\"}\": this does not belong here"},
    {"managed)", 8, "\")\": this does not belong here"},
    {"(managed", 9, "a ) is missing"},
    {"managed | limit{1GiB", 21, "a , or } is missing"},
    {"managed | limit{", 17, "the value for .bytes of limit is missing"},
    {"managed | limit{.bytes = }", 26, "the value for .bytes of limit is missing"},
    {"managed | limit{.bytes 1}", 24, "a = is missing"},
    {"managed | limit{.size = 1}", 17, "\".size\": there is no such field of limit; its fields are bytes"},
    {"managed | pool{.segmnet = 1}", 16, "did you mean segment? its fields are segment, keep"},
    {"managed | limit{.bytes = 1, .bytes = 2}", 29, "this field of limit is given twice"},
    {"managed | limit{1, .bytes = 2}", 20, "this field of limit is given twice"},
    {"managed | limit{1, 2}", 20, "one value too many; the fields of limit are bytes"},
    {"managed | pool{.keep = 1, 2}", 27, "stands after one with a name"},
    {"managed | limit{1,}", 19, "one value too many"},
    {"managed | stats{1}", 17, "there are no fields of stats"},
    {"managed | limit{-1}", 17,
     "\"-1\": .bytes of limit cannot be that; the size \"-1\" does not start with a number"},
    {"managed | limit{5 Gib}", 17,
     "\"5 Gib\": .bytes of limit cannot be that; the size \"5 Gib\" has an unknown unit"},
    {"managed | limit{99999999TiB}", 17, "is larger than the address space"},
    {"managed | limit{managed}", 17, "does not start with a number"},
    {"managed | trace{-1}", 17, ".events of trace cannot be that; write a whole number"},
    {"managed | trace{1.5}", 17, "write a whole number"},
    {"managed | trace{99999999999}", 17, "write a whole number"},
    {"managed | prefer{gpu}", 18, ".at of prefer cannot be that; write a location: device"},
    {"managed | prefer{device:-1}", 18, "write a location"},
    {"managed | prefer{device:99999999999}", 18, "write a location"},
    {"managed | prefer{host:0}", 18, "write a location"},
    {"managed | prefer{location::host}", 18, "write a location"},
    {"managed | prefer{none}", 18, "pages cannot be sent nowhere"},
    {"managed | accessed_by{host_numa:0}", 23, "CUDA takes a device or the host here"},
    {"egm{device:0}", 5, "this memory is on a host NUMA node"},
    {"managed | spill", 11, "spill needs its .fast"},
    {"managed | spill{.fast = stats}", 25, "this recipe has no source"},
    {"managed | spill{device | read_mostly}", 26, "need memory that can migrate"},
    {"managed | when{below{1}}", 11, "when needs its .then"},
    {"managed | when{belw{1}, strict}", 16, "no such predicate; did you mean below?"},
    {"managed | when{below{1}, stats}", 26, "only policies can stand here"},
    {"managed | \x01\x7f", 11, "\"?\": the name of a part is missing"},
};

std::string message_of(std::string_view text) {
  try {
    return "it was read as " + cmm::parse_recipe(text).text();
  } catch (const cmm::bad_text& refused) {
    return refused.what();
  }
}

struct situation {
  cmm::sim::machine machine{cmm::sim::gh200_480};
  cmm::sim::api api{machine};
  auto built(const char* text) { return cmm::parse_recipe(text).build_any(api); }
};

/// The calls of an api that one allocation and its free make, as the machine counts them.
std::vector<std::size_t> calls_of(auto&& recipe, std::size_t bytes) {
  cmm::sim::machine machine{cmm::sim::gh200_480};
  {
    cmm::sim::api api{machine};
    auto memory = cmm::build(recipe, api);
    const cmm::block b = memory.allocate(bytes);
    BOOST_TEST(static_cast<bool>(b));
    memory.deallocate(b);
  }
  BOOST_TEST(machine.live_blocks() == 0u);
  BOOST_TEST(machine.misuses() == 0u);
  return {machine.calls(),
          machine.calls("cudaMallocManaged"),
          machine.calls("cudaMalloc"),
          machine.calls("cudaMallocFromPoolAsync"),
          machine.calls("cudaMemAdvise"),
          machine.calls("cudaMemPrefetchAsync"),
          machine.calls("cudaStreamSynchronize")};
}

}  // namespace

BOOST_DATA_TEST_CASE(what_a_recipe_prints_is_read_back_as_the_same, every_element, each) {
  BOOST_TEST(cmm::parse_recipe(each.text).text() == each.text);
}

BOOST_DATA_TEST_CASE(cpp_is_an_expression_that_compiles_to_the_same_recipe, every_element, each) {
  BOOST_TEST(cmm::parse_recipe(each.text).cpp() == each.cpp);
}

BOOST_DATA_TEST_CASE(typed_text_has_one_normal_form, typed_forms, each) {
  BOOST_TEST(cmm::parse_recipe(each.typed).text() == each.normal);
  BOOST_TEST(cmm::parse_recipe(each.normal).text() == each.normal);
  BOOST_TEST(cmm::parse_recipe(cmm::parse_recipe(each.typed).cpp()).text() == each.normal);
}

BOOST_DATA_TEST_CASE(a_mistake_is_named_with_its_column_and_what_was_expected, mistakes, each) {
  const std::string message = message_of(each.text);
  BOOST_TEST(message.find(each.says) != std::string::npos, message);
  const std::string column = "at column " + std::to_string(each.column) + ", ";
  BOOST_TEST(message.find(column) != std::string::npos, message);
}

BOOST_AUTO_TEST_CASE(nesting_has_a_limit_and_the_error_says_it) {
  const std::string fifteen = std::string(15, '(') + "managed" + std::string(15, ')');
  BOOST_TEST(cmm::parse_recipe(fifteen).text() == "managed");
  BOOST_TEST(message_of(std::string(100'000, '(')).find("nested too deep") != std::string::npos);
  std::string spills;
  for (int i = 0; i < 50'000; ++i) spills += "managed | spill{";
  BOOST_TEST(message_of(spills).find("nested too deep; at most 16 levels") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(any_text_cut_short_or_changed_is_read_or_refused_but_nothing_else) {
  const std::string text =
      "managed | when{below{2GiB}, prefetch{device:0}} | spill{device_pool | limit{1}, {.budget = 2}}";
  for (std::size_t i = 0; i < text.size(); ++i) {
    (void)message_of(text.substr(0, i));
    (void)message_of(text.substr(i));
    for (const char c : {'{', '}', '|', ',', '.', ':', '(', ')', '\0', '\xff', '9', 'm'}) {
      std::string changed = text;
      changed[i] = c;
      (void)message_of(changed);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_parsed_recipe_makes_the_same_calls_as_the_one_in_cpp) {
  const auto same = [](const auto& recipe, std::size_t bytes) {
    const std::string text = cmm::to_text(recipe);
    BOOST_TEST_CONTEXT(text) BOOST_TEST(calls_of(recipe, bytes) == calls_of(cmm::parse_recipe(text), bytes));
  };
  same(cmm::managed{}, 1_MiB);
  same(cmm::managed{} | cmm::threshold_prefetch{}, 1_MiB);
  same(cmm::managed{} | cmm::when{cmm::below{2_MiB}, cmm::prefer{} | cmm::prefetch{}}, 1_MiB);
  same(cmm::managed{} | cmm::when{cmm::below{2_MiB}, cmm::prefer{} | cmm::prefetch{}}, 3_MiB);
  same(cmm::managed{} | cmm::egm_numa{}, 1_MiB);
  same(cmm::egm{} | cmm::limit{1_GiB} | cmm::stats{}, 1_MiB);
  same(cmm::managed_pool{} | cmm::always_prefetch{} | cmm::pool{} | cmm::locked{}, 1_MiB);
  same(cmm::system{} | cmm::prefetch{} | cmm::trace{}, 1_MiB);
  same(cmm::managed{} | cmm::spill{cmm::device_pool{} | cmm::pool{}, {.budget = 1_GiB}}, 1_MiB);
  same(cmm::managed{} | cmm::spill{cmm::device{}, {.budget = 1_KiB}}, 1_MiB);
}

BOOST_FIXTURE_TEST_CASE(a_wrong_request_is_refused_as_by_a_recipe_in_cpp, situation) {
  auto memory = built("managed | pool");
  BOOST_CHECK_THROW((void)memory.allocate(0), cmm::bad_request);
  BOOST_CHECK_THROW((void)memory.allocate(cmm::request{.bytes = 1, .alignment = 3}), cmm::bad_request);
  BOOST_CHECK_THROW((void)memory.allocate(cmm::no_limit), cmm::bad_request);
  BOOST_TEST(!built("null").allocate(1));
  BOOST_CHECK_THROW((void)cmm::parsed_recipe{}.build_any(api), cmm::bad_request);
}

BOOST_FIXTURE_TEST_CASE(layers_are_found_by_their_settings_the_outermost_first, situation) {
  auto memory = built("managed | stats | limit{1MiB} | stats");
  BOOST_TEST(!memory.allocate(2_MiB));
  const cmm::block b = memory.allocate(1_MiB);
  BOOST_REQUIRE(memory.get_if<cmm::stats>() != nullptr);
  BOOST_TEST(memory.get_if<cmm::stats>()->all().failed == 1u);
  BOOST_TEST(memory.get_if<cmm::limit>()->used() == 1_MiB);
  BOOST_TEST(memory.get_if<cmm::pool>() == nullptr);
  memory.deallocate(b);
  BOOST_TEST(memory.get_if<cmm::stats>()->all().live_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(strict_makes_a_refused_hint_an_error_and_loses_nothing, situation) {
  auto lenient = built("managed | prefetch");
  auto strict = built("managed | prefetch | strict");
  const cmm::stream s = machine.create_stream();
  BOOST_TEST(machine.begin_capture(s).ok());
  lenient.deallocate(lenient.allocate(1_MiB, s));
  BOOST_TEST(lenient.skipped_hints() == 1u);
  BOOST_CHECK_THROW((void)strict.allocate(1_MiB, s), cmm::cuda_error);
  BOOST_TEST(machine.end_capture(s).ok());
}

BOOST_FIXTURE_TEST_CASE(hints_skipped_in_the_fast_memory_of_a_spill_are_counted, situation) {
  auto memory = built("managed | spill{managed | prefetch} | stats");
  const cmm::stream s = machine.create_stream();
  BOOST_TEST(machine.begin_capture(s).ok());
  const cmm::block b = memory.allocate(1_MiB, s);
  BOOST_TEST(machine.end_capture(s).ok());
  BOOST_TEST(memory.get_if<cmm::stats>()->all().skipped_hints == 1u);
  memory.deallocate(b, s);
}

BOOST_FIXTURE_TEST_CASE(a_parsed_recipe_is_the_source_of_further_recipes, situation) {
  const auto parsed = cmm::parse_recipe("device_pool | pool");
  BOOST_TEST((parsed | cmm::stats{}).text() ==
             "device_pool | pool{.segment = 16MiB, .keep = no_limit} | stats");
  auto layered = cmm::build(parsed | cmm::stats{}, api);
  layered.deallocate(layered.allocate(1_MiB));
  BOOST_TEST(layered.get<cmm::stats>().all().allocations == 1u);

  auto placed = cmm::build(cmm::parse_recipe("managed | limit{1MiB}") | cmm::prefetch{} | cmm::stats{}, api);
  const cmm::block b = placed.allocate(1_MiB);
  BOOST_TEST(machine.calls("cudaMemPrefetchAsync") == 1u);
  BOOST_TEST(!placed.allocate(1));
  placed.deallocate(b);
}

BOOST_FIXTURE_TEST_CASE(a_recipe_tells_whether_the_host_can_read_its_blocks, situation) {
  BOOST_TEST(cmm::parse_recipe("managed | pool").host_accessible());
  BOOST_TEST(cmm::parse_recipe("egm").host_accessible());
  BOOST_TEST(!cmm::parse_recipe("device_pool | pool").host_accessible());
  BOOST_TEST(!cmm::parse_recipe("managed | spill{managed | spill{device}}").host_accessible());
}

BOOST_AUTO_TEST_SUITE_END()
