#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "names.hpp"
#include "values.hpp"

namespace cmm::detail {

/// Reads recipes: parts joined by `|`, each a name with settings in braces, which may hold recipes again.
class reader {
 public:
  explicit reader(std::string_view text) noexcept : in_{text} {}

  parsed_recipe whole() {
    if (in_.done()) in_.fail(0, "", "the recipe is empty; write one such as managed | pool");
    part_list list;
    pipe(list);
    if (!in_.done()) in_.fail_here("this does not belong here; join parts with | and close what is open");
    check_recipe(in_, list);
    return parsed_recipe{std::move(list.parts)};
  }

 private:
  static constexpr int deepest = 16;

  /// One more level of braces or parentheses, until it ends.
  struct level {
    int& depth;
    explicit level(reader& owner) : depth{owner.depth_} {
      if (++depth > deepest) {
        owner.in_.fail_here("this is nested too deep; at most " + std::to_string(deepest) +
                            " levels can be read");
      }
    }
    ~level() { --depth; }
    level(const level&) = delete;
    level& operator=(const level&) = delete;
  };

  void pipe(part_list& list) {
    do {
      if (in_.accept("(")) {
        const level inside{*this};
        pipe(list);
        expect(")", "a ) is missing");
      } else {
        list.offsets.push_back(in_.at());
        parsed_part read;
        element(read.value, "part", known_parts());
        list.parts.push_back(std::move(read));
      }
    } while (in_.accept("|"));
  }

  void expect(std::string_view token, const char* missing) {
    if (!in_.accept(token)) in_.fail_here(missing);
  }

  /// Reads one of the alternatives of `out`, found by its name.
  template <class... Known>
  void element(std::variant<Known...>& out, const std::string& what, const std::string& known) {
    const std::size_t begin = in_.at();
    const std::string_view name = in_.name();
    if (name.empty()) in_.fail_here("the name of a " + what + " is missing; " + known);
    const bool found = ((name == Known::name && (out = settings<Known>(begin), true)) || ...);
    if (!found)
      in_.fail(begin, name, "there is no such " + what + "; " + suggestion(name, names_of(&out)) + known);
  }

  /// The fields of an element that were given, and how.
  struct given {
    std::vector<std::string_view> names;
    std::vector<bool> set = std::vector<bool>(names.size());
    std::size_t by_position = 0;
    bool by_name = false;
  };

  template <class Element>
  Element settings(std::size_t begin) {
    Element read{};
    given fields{fields_of(read)};
    if (in_.accept("{")) group(read, fields);
    std::size_t index = 0;
    if constexpr (requires { Element::fields(read, [](const char*, auto&) {}); }) {
      Element::fields(read, [&]<class Value>(const char* field, Value&) {
        if (!fields.set[index++] && requires { std::declval<Value&>().text(); }) {
          in_.fail(begin, Element::name, std::string{Element::name} + " needs its ." + field);
        }
      });
    }
    return read;
  }

  /// Fields up to the closing brace; C++ writes some in braces of their own, as in `spill{device, {...}}`.
  template <class Element>
  void group(Element& into, given& fields) {
    const level inside{*this};
    if (in_.accept("}")) return;
    do {
      if (in_.accept("{")) {
        group(into, fields);
      } else {
        field(into, fields);
      }
    } while (in_.accept(","));
    expect("}", "a , or } is missing");
  }

  template <class Element>
  void field(Element& into, given& fields) {
    const std::size_t begin = in_.at();
    const std::string of = std::string{" of "} + Element::name;
    std::size_t wanted = fields.by_position;
    if (in_.accept(".")) {
      const std::string_view name = in_.name();
      wanted = static_cast<std::size_t>(std::find(fields.names.begin(), fields.names.end(), name) -
                                        fields.names.begin());
      if (wanted == fields.names.size())
        in_.fail(begin, "." + std::string{name}, unknown_field(name, of, fields));
      if (fields.set[wanted]) in_.fail(begin, "." + std::string{name}, "this field" + of + " is given twice");
      expect("=", "a = is missing after the name of a field");
      fields.by_name = true;
    } else {
      if (fields.by_name)
        in_.fail_here("a value without a name stands after one with a name; write .field = value");
      if (wanted == fields.names.size()) in_.fail_here(unknown_field({}, of, fields));
      ++fields.by_position;
    }
    fields.set[wanted] = true;
    if constexpr (requires { Element::fields(into, [](const char*, auto&) {}); }) {
      std::size_t index = 0;
      Element::fields(into, [&](const char* name, auto& value) {
        if (index++ == wanted) this->value<Element>(name, value);
      });
    }
  }

  static std::string unknown_field(std::string_view name, const std::string& of, const given& fields) {
    if (fields.names.empty()) return "there are no fields" + of + "; write its name alone";
    if (name.empty()) return "this is one value too many; the fields" + of + " are " + listed(fields.names);
    return "there is no such field" + of + "; " + suggestion(name, fields.names) + "its fields are " +
           listed(fields.names);
  }

  template <class Element, class Value>
  void value(const char* name, Value& out) {
    scalar_reader<Element>{in_, name}(out);
  }
  template <class Element>
  void value(const char*, parsed_predicate& out) {
    element(out.value, "predicate", "the predicates are: " + listed(names_of(&out.value)));
  }
  template <class Element>
  void value(const char*, parsed_policies& out) {
    part_list list;
    pipe(list);
    check_policies(in_, list);
    out.parts = std::move(list.parts);
  }
  template <class Element>
  void value(const char*, parsed_recipe& out) {
    part_list list;
    pipe(list);
    check_recipe(in_, list);
    out = parsed_recipe{std::move(list.parts)};
  }

  scanner in_;
  int depth_ = 0;
};

}  // namespace cmm::detail
