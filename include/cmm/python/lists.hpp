#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

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
[[gnu::weak]] _object* PyList_New(std::ptrdiff_t size);
[[gnu::weak]] std::ptrdiff_t PyTuple_Size(_object* tuple);
[[gnu::weak]] _object* PyTuple_GetItem(_object* tuple, std::ptrdiff_t at);
[[gnu::weak]] int PyTuple_SetItem(_object* tuple, std::ptrdiff_t at, _object* item);
[[gnu::weak]] _object* PyTuple_New(std::ptrdiff_t size);
[[gnu::weak]] long PyLong_AsLong(_object* number);
[[gnu::weak]] _object* PyErr_Occurred();
[[gnu::weak]] void PyErr_Clear();
[[gnu::weak]] void Py_IncRef(_object* of);
[[gnu::weak]] void Py_DecRef(_object* of);
[[gnu::weak]] extern _object _Py_NoneStruct;  // NOLINT(bugprone-reserved-identifier)
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
  [[nodiscard]] std::int32_t operator[](std::ptrdiff_t at) const { return number(PyList_GetItem(list_, at)); }
  static std::int32_t number(_object* of) {
    const long number = PyLong_AsLong(of);
    if (number == -1 && PyErr_Occurred() != nullptr) refuse();
    if (number != static_cast<std::int32_t>(number)) {
      throw bad_request{std::to_string(number) + " is no int32 number, as pages are"};
    }
    return static_cast<std::int32_t>(number);
  }
  static std::ptrdiff_t size_of(_object* list) {
    if (PyList_Size == nullptr) throw bad_request{"lists of Python were given, and this program has none"};
    const std::ptrdiff_t size = PyList_Size(list);
    if (size < 0) refuse();
    return size;
  }
  static std::ptrdiff_t places_of(_object* tuple) {
    if (PyTuple_Size == nullptr) throw bad_request{"tuples of Python were given, and this program has none"};
    const std::ptrdiff_t size = PyTuple_Size(tuple);
    if (size < 0) refuse();
    return size;
  }
  [[noreturn, gnu::cold]] static void refuse() {
    PyErr_Clear();
    throw bad_request{"pages are given as no list of whole numbers; give a list, or an int32 array"};
  }

 private:
  _object* list_;
  std::ptrdiff_t size_;
};

/// Several lists of a step, read into memory that is there from the step before.
class read_lists {
 public:
  /// Calls `what` with the place of each list in a tuple, and its numbers, which are valid until the next
  /// call; None is passed over. Throws `bad_request`.
  template <class What>
  void lists(_object* tuple, What&& what) {
    const std::ptrdiff_t places = list_of_pages::places_of(tuple);
    numbers_.resize(static_cast<std::size_t>(places));
    for (std::ptrdiff_t at = 0; at < places; ++at) {
      _object* const list = PyTuple_GetItem(tuple, at);
      if (list == &_Py_NoneStruct) continue;
      const list_of_pages pages{list};
      auto& numbers = numbers_[static_cast<std::size_t>(at)];
      numbers.clear();
      for (std::ptrdiff_t i = 0; i < pages.size(); ++i) numbers.push_back(pages[i]);
      what(static_cast<std::size_t>(at), numbers);
    }
  }

 private:
  std::vector<std::vector<std::int32_t>> numbers_;
};

/// An object of Python that is given back unless it is taken.
class owned {
 public:
  explicit owned(_object* of) : of_{of} {
    if (of == nullptr) list_of_pages::refuse();
  }
  ~owned() {
    if (of_ != nullptr) Py_DecRef(of_);
  }
  owned(const owned&) = delete;
  owned& operator=(const owned&) = delete;
  [[nodiscard]] _object* get() const noexcept { return of_; }
  [[nodiscard]] _object* take() noexcept { return std::exchange(of_, nullptr); }

 private:
  _object* of_;
};

/// Pages in lists of Python become slots in new ones. The numbers of slots are objects that are there
/// already, since making and freeing one for each page would cost more than all else.
class translation {
 public:
  /// `numbers` is Python's list of the numbers from 0 on, of as many as there are slots.
  translation(std::span<const std::int32_t> slots, _object* numbers) : slots_{slots}, numbers_{numbers} {
    if (static_cast<std::size_t>(list_of_pages::size_of(numbers)) != slots.size())
      throw bad_request{"the list of numbers has another length than the table of slots"};
  }

  /// In the place of each list in a list comes a list with slots, in that of each tuple of lists such a
  /// tuple; None stays. Throws `bad_request`; then only a part is replaced, and no list of the caller's
  /// changed.
  void replace_each(_object* outer) const {
    const std::ptrdiff_t count = list_of_pages::size_of(outer);
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      _object* const each = PyList_GetItem(outer, i);
      if (each == &_Py_NoneStruct) continue;
      owned made{is_tuple(each) ? of_tuple(each) : of_list(each)};
      if (PyList_SetItem(outer, i, made.take()) != 0) list_of_pages::refuse();
    }
  }

  /// A new list with the slots of these pages. Throws `bad_request` for a foreign one.
  [[nodiscard]] _object* list_of(std::span<const std::int32_t> pages) const {
    owned made{PyList_New(static_cast<std::ptrdiff_t>(pages.size()))};
    for (std::size_t i = 0; i < pages.size(); ++i) put(made.get(), static_cast<std::ptrdiff_t>(i), pages[i]);
    return made.take();
  }

 private:
  static bool is_tuple(_object* each) {
    if (PyTuple_Size(each) >= 0) return true;
    PyErr_Clear();
    return false;
  }
  [[nodiscard]] _object* of_tuple(_object* lists) const {
    const std::ptrdiff_t count = PyTuple_Size(lists);
    owned made{PyTuple_New(count)};
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      if (PyTuple_SetItem(made.get(), i, of_list(PyTuple_GetItem(lists, i))) != 0) list_of_pages::refuse();
    }
    return made.take();
  }
  [[nodiscard]] _object* of_list(_object* list) const {
    const list_of_pages pages{list};
    owned made{PyList_New(pages.size())};
    for (std::ptrdiff_t i = 0; i < pages.size(); ++i) put(made.get(), i, pages[i]);
    return made.take();
  }
  void put(_object* list, std::ptrdiff_t at, std::int32_t page) const {
    if (static_cast<std::uint32_t>(page) >= slots_.size()) [[unlikely]]
      refuse_foreign(page);
    _object* const slot = PyList_GetItem(numbers_, slots_[static_cast<std::uint32_t>(page)]);
    Py_IncRef(slot);
    if (PyList_SetItem(list, at, slot) != 0) list_of_pages::refuse();
  }
  [[noreturn, gnu::cold, gnu::noinline]] void refuse_foreign(std::int32_t page) const {
    throw bad_request{"there is no page or slot " + std::to_string(page) + "; give a number from 0 to " +
                      std::to_string(slots_.size() - 1)};
  }

  std::span<const std::int32_t> slots_;
  _object* numbers_;
};

}  // namespace cmm::python
