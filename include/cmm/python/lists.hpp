#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "../core/error.hpp"

/// Lists of Python as they stand, by functions of its stable interface that the calling program has. They are
/// declared here since a machine with Python need not have its headers, and weak, so that a library that is
/// loaded elsewhere does without them.
extern "C" {
// NOLINTBEGIN(readability-identifier-naming): Python's names.
struct _object;
[[gnu::weak]] std::ptrdiff_t PyList_Size(_object* list);
[[gnu::weak]] _object* PyList_GetItem(_object* list, std::ptrdiff_t at);
[[gnu::weak]] int PyList_SetItem(_object* list, std::ptrdiff_t at, _object* item);
[[gnu::weak]] long PyLong_AsLong(_object* number);
[[gnu::weak]] _object* PyLong_FromLong(long number);
[[gnu::weak]] _object* PyErr_Occurred();
[[gnu::weak]] void PyErr_Clear();
// NOLINTEND(readability-identifier-naming)
}

namespace cmm::python {

/// A list of whole numbers. The caller holds Python's lock, and nobody else changes the list meanwhile.
class list_of_pages {
 public:
  /// Throws `bad_request` for what is no list, and where there is no Python.
  explicit list_of_pages(_object* list) : list_{list}, size_{size_of(list)} {}

  [[nodiscard]] std::ptrdiff_t size() const noexcept { return size_; }
  /// Throws `bad_request` for what is no number that int32 holds.
  [[nodiscard]] std::int32_t operator[](std::ptrdiff_t at) const {
    const long number = PyLong_AsLong(PyList_GetItem(list_, at));
    if (number == -1 && PyErr_Occurred() != nullptr) refuse();
    if (number != static_cast<std::int32_t>(number)) {
      throw bad_request{std::to_string(number) + " is no int32 number, as pages are"};
    }
    return static_cast<std::int32_t>(number);
  }
  void set(std::ptrdiff_t at, std::int32_t number) {
    _object* const made = PyLong_FromLong(number);
    if (made == nullptr || PyList_SetItem(list_, at, made) != 0) refuse();
  }

  /// The lists in a list.
  template <class Body>
  static void each(_object* lists, Body&& body) {
    const std::ptrdiff_t count = size_of(lists);
    for (std::ptrdiff_t i = 0; i < count; ++i) body(list_of_pages{PyList_GetItem(lists, i)});
  }

 private:
  static std::ptrdiff_t size_of(_object* list) {
    if (PyList_Size == nullptr) throw bad_request{"lists of Python were given, and this program has none"};
    const std::ptrdiff_t size = PyList_Size(list);
    if (size < 0) refuse();
    return size;
  }
  [[noreturn, gnu::cold]] static void refuse() {
    PyErr_Clear();
    throw bad_request{"pages are given as no list of whole numbers; give a list, or an int32 array"};
  }

  _object* list_;
  std::ptrdiff_t size_;
};

/// Writes the numbers of a list; there is room for all of them. Throws `bad_request`.
inline void read_list(_object* list, std::span<std::int32_t> out) {
  const list_of_pages pages{list};
  if (static_cast<std::size_t>(pages.size()) != out.size()) {
    throw bad_request{"a list of " + std::to_string(pages.size()) + " pages was to be read as " +
                      std::to_string(out.size()) + "; nobody may change it meanwhile"};
  }
  for (std::ptrdiff_t i = 0; i < pages.size(); ++i) out[static_cast<std::size_t>(i)] = pages[i];
}

/// Puts slots in the place of the pages in each list of a list. Throws `bad_request`, with nothing changed.
inline void translate_lists(_object* lists, std::span<const std::int32_t> slots) {
  list_of_pages::each(lists, [&](const list_of_pages& pages) {
    for (std::ptrdiff_t i = 0; i < pages.size(); ++i) {
      if (static_cast<std::uint32_t>(pages[i]) >= slots.size()) {
        throw bad_request{"there is no page or slot " + std::to_string(pages[i]) +
                          "; give a number from 0 to " + std::to_string(slots.size() - 1)};
      }
    }
  });
  list_of_pages::each(lists, [&](list_of_pages pages) {
    for (std::ptrdiff_t i = 0; i < pages.size(); ++i) {
      pages.set(i, slots[static_cast<std::size_t>(pages[i])]);
    }
  });
}

}  // namespace cmm::python
