#include "command_line.hpp"

#include <algorithm>
#include <charconv>
#include <cmm/core/error.hpp>
#include <cmm/core/number.hpp>
#include <cstdio>
#include <functional>
#include <limits>
#include <string_view>
#include <vector>

namespace engine {
namespace {

using std::string, std::string_view;

[[noreturn]] void refuse(const string& why) { throw cmm::bad_text{why + "; see --help"}; }

/// An option: how it is written, what it means, and what it does with its value.
struct option {
  const char* name;
  const char* value;  ///< what stands for the value; null where there is none
  const char* help;
  std::function<void(options&, string_view)> read;
};

std::int32_t number(const char* name, string_view text, std::int32_t least, std::int32_t most) {
  std::int32_t value = 0;
  if (!cmm::detail::read_number(text, value) || value < least || value > most)
    refuse(string{name} + " is \"" + string{text} + "\"; give a whole number from " + std::to_string(least) +
           " to " + std::to_string(most));
  return value;
}

double share(const char* name, string_view text) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || !(value > 0 && value <= 1))
    refuse(string{name} + " is \"" + string{text} + "\"; give a share above 0 and up to 1, such as 0.5");
  return value;
}

constexpr std::int32_t million = 1'000'000;

option count(const char* name, const char* help, std::int32_t options::*member, std::int32_t least,
             std::int32_t most = million) {
  return {name, "N", help,
          [=](options& o, string_view text) { o.*member = number(name, text, least, most); }};
}
option size(const char* name, const char* help, std::int32_t model_shape::*member, std::int32_t most) {
  return {name, "N", help,
          [=](options& o, string_view text) { o.model.*member = number(name, text, 1, most); }};
}
option range(const char* name, const char* help, bounds options::*member) {
  return {name, "N or N-N", help, [=](options& o, string_view text) {
            const std::size_t dash = std::min(text.find('-'), text.size());
            const std::int32_t least = number(name, text.substr(0, dash), 1, million);
            o.*member = {least,
                         dash == text.size() ? least : number(name, text.substr(dash + 1), least, million)};
          }};
}
option flag(const char* name, const char* help, bool options::*member) {
  return {name, nullptr, help, [=](options& o, string_view) { o.*member = true; }};
}

void read_model(options& o, string_view text) {
  if (text != "tiny" && text != "1b" && text != "8b")
    refuse("--model is \"" + string{text} + "\"; give tiny, 1b or 8b");
  o.model = text == "tiny" ? tiny : text == "1b" ? llama_1b : llama_8b;
}

void read_placement(options& o, string_view text) {
  if (std::ranges::find(placements, text) == std::end(placements))
    refuse(
        "--placement is \"" + string{text} +
        "\"; give all-in-hbm, remote, fixed, on_use or hot_set, or of the baselines fault, prefetch or copy");
  o.placement = text;
}

void read_ratio(options& o, string_view text) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), o.ratio);
  if (failed != std::errc{} || end != text.data() + text.size() || !(o.ratio > 0 && o.ratio <= 1000))
    refuse("--ratio is \"" + string{text} + "\"; give a number above 0 and up to 1000, such as 1.25");
  o.sweep = true;
}

void read_seed(options& o, string_view text) {
  if (!cmm::detail::read_number(text, o.seed))
    refuse("--seed is \"" + string{text} + "\"; give a whole number of 64 bits");
}

const std::vector<option>& all_options() {
  static const std::vector<option> all{
      {"--platform", "P",
       "auto (a GPU if one answers, else a simulated H200), cuda, sim:NAME or sim:FILE.json",
       [](options& o, string_view text) { o.platform = text; }},
      {"--model", "M", "the shape to begin with: tiny, 1b or 8b", read_model},
      size("--layers", "layers", &model_shape::layers, 256),
      size("--hidden", "width of a token's state", &model_shape::hidden, 65536),
      size("--heads", "heads of queries", &model_shape::heads, 1024),
      size("--kv-heads", "heads of keys and values", &model_shape::kv_heads, 1024),
      size("--head-size", "elements of a head", &model_shape::head_size, 1024),
      size("--ffn", "width between the products of the feed-forward part", &model_shape::ffn, 1 << 20),
      size("--vocabulary", "tokens there are", &model_shape::vocabulary, 1 << 20),
      count("--page", "tokens of a page", &options::page, 1, 4096),
      count("--slots", "pages of the KV cache in all", &options::slots, 2,
            std::numeric_limits<std::int32_t>::max()),
      {"--hbm-share", "R", "share of the pages that HBM has room for",
       [](options& o, string_view text) { o.hbm_share = share("--hbm-share", text); }},
      count("--hbm-slots", "the same as a number of pages", &options::hbm_slots, 0,
            std::numeric_limits<std::int32_t>::max()),
      {"--placement", "P",
       "all-in-hbm, remote (nothing in HBM), fixed, on_use or hot_set; baselines: fault, prefetch, copy",
       read_placement},
      count("--requests", "requests", &options::requests, 1),
      count("--batch", "requests that run at once", &options::batch, 1, 4096),
      range("--prompt", "tokens of a prompt behind its prefix", &options::prompt),
      range("--output", "tokens of an answer", &options::output),
      count("--prefixes", "different prefixes that prompts share", &options::prefixes, 0),
      count("--prefix", "tokens of a prefix", &options::prefix, 1),
      count("--chunk", "tokens of prompts that a step computes at most", &options::chunk, 1, 32768),
      count("--samples", "answers to each request, which share its prompt's pages", &options::samples, 1,
            1024),
      flag("--unshared", "compute every prompt by itself, whatever prefix it shares", &options::unshared),
      flag("--drawn", "draw the keys and values of prompts instead of computing them", &options::drawn),
      {"--reads", "R", "share of its pages that a decoded token reads, most of them from a hot fifth",
       [](options& o, string_view text) { o.reads = share("--reads", text); }},
      {"--seed", "N", "of weights, requests and choices", read_seed},
      flag("--check", "run again with everything in HBM and compare bit by bit", &options::check),
      flag("--sweep", "let the context grow until the KV cache has outgrown HBM four times", &options::sweep),
      {"--ratio", "R", "only the step of a sweep where pages are so many times those that HBM has room for",
       read_ratio},
      {"--json", "FILE", "write the results there", [](options& o, string_view text) { o.json = text; }},
  };
  return all;
}

void check(const options& o) {
  const auto text = [](std::int32_t value) { return std::to_string(value); };
  if (o.model.heads % o.model.kv_heads != 0)
    refuse(text(o.model.heads) + " heads cannot share " + text(o.model.kv_heads) +
           " heads of keys and values evenly; give a multiple");
  if (o.model.head_size % 8 != 0)
    refuse("a head of " + text(o.model.head_size) + " elements is no multiple of 8; give one");
  if ((o.page & (o.page - 1)) != 0)
    refuse("a page of " + text(o.page) + " tokens is no power of two; give one");
  if (!o.sweep && o.longest() > o.slots - 1)
    refuse("a text of up to " + text(o.longest()) + " pages does not fit into " + text(o.slots) +
           " slots, of which one is for padding; raise --slots or shorten --prompt and --output");
  if (!o.sweep && o.hbm_slots > o.slots)
    refuse("HBM cannot have room for " + text(o.hbm_slots) + " of " + text(o.slots) +
           " slots; lower --hbm-slots or raise --slots");
}

}  // namespace

bool wants_help(int argc, char** argv) {
  return std::any_of(argv + 1, argv + argc,
                     [](string_view each) { return each == "--help" || each == "-h"; });
}

void print_help() {
  std::puts(
      "A Llama-shaped decode loop with random weights, whose KV cache lies in HBM and beyond it.\n\n"
      "usage: example_engine [OPTION]...\n");
  for (const option& each : all_options()) {
    const string name = string{each.name} + (each.value != nullptr ? string{" "} + each.value : "");
    std::printf("  %-22s %s\n", name.c_str(), each.help);
  }
}

options read_command_line(int argc, char** argv) {
  options wanted;
  for (int i = 1; i < argc; ++i) {
    const string_view name = argv[i];
    const auto found = std::ranges::find_if(all_options(), [&](const option& o) { return o.name == name; });
    if (found == all_options().end()) refuse("there is no option \"" + string{name} + "\"");
    if (found->value != nullptr && ++i == argc) refuse(string{name} + " needs a value");
    found->read(wanted, found->value != nullptr ? argv[i] : "");
  }
  check(wanted);
  return wanted;
}

}  // namespace engine
