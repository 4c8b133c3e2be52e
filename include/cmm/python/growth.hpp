#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lists.hpp"

extern "C" {
// NOLINTBEGIN(readability-identifier-naming): Python's names.
[[gnu::weak]] int PyList_Append(_object* list, _object* item);
[[gnu::weak]] _object* PyDict_GetItemWithError(_object* dict, _object* key);
[[gnu::weak]] _object* PyLong_FromSsize_t(std::ptrdiff_t number);
// NOLINTEND(readability-identifier-naming)
}

namespace cmm::python {

/// What sequences gain in a step, as an engine in Python tells it: for each place the name of a sequence,
/// None or a tuple with the list of its new pages, and how many tokens are computed. All of it in one call,
/// since a step names hundreds of sequences.
class growth {
 public:
  /// Adds the pages to the list of each sequence, `requests` having a tuple with it by name, where all that
  /// is computed lies before them; other places are added to `others`. Returns the pages that were added,
  /// until the next call. Throws `bad_request` for an unknown sequence and for what is no such list.
  std::span<const std::int32_t> read(_object* requests, _object* names, _object* blocks, _object* computed,
                                     std::int64_t page_tokens, _object* others) {
    pages_.clear();
    gains_.clear();
    const std::ptrdiff_t places = list_of_pages::size_of(blocks);
    const list_of_pages counts{computed};
    if (list_of_pages::size_of(names) != places || counts.size() != places)
      throw bad_request{"sequences, their pages and their tokens are lists of different lengths"};
    for (std::ptrdiff_t at = 0; at < places; ++at) {
      _object* const gained = PyList_GetItem(blocks, at);
      if (gained == &_Py_NoneStruct) continue;
      _object* const list = checked(PyTuple_GetItem(gained, 0));
      _object* const known = PyDict_GetItemWithError(requests, PyList_GetItem(names, at));
      if (known == nullptr) refuse_unknown();
      _object* const mine = checked(PyTuple_GetItem(known, 0));
      const std::ptrdiff_t before = list_of_pages::size_of(mine);
      if (counts[at] > before * page_tokens) {
        const owned number{PyLong_FromSsize_t(at)};
        if (PyList_Append(others, number.get()) != 0) list_of_pages::refuse();
        continue;
      }
      const std::ptrdiff_t count = list_of_pages::size_of(list);
      for (std::ptrdiff_t i = 0; i < count; ++i) {
        _object* const page = PyList_GetItem(list, i);
        pages_.push_back(list_of_pages::number(page));
        if (PyList_Append(mine, page) != 0) list_of_pages::refuse();
      }
      gains_.push_back({at, count});
    }
    return pages_;
  }

  /// Puts tuples with lists of slots into a list that is as long as the last one that `read` was given, each
  /// where that had pages which were added. Reads no list of Python a second time. Throws `bad_request`.
  void translate(const translation& to, _object* places) const {
    std::span<const std::int32_t> pages{pages_};
    for (const gain& each : gains_) {
      owned lists{PyTuple_New(1)};
      const auto count = static_cast<std::size_t>(each.count);
      if (PyTuple_SetItem(lists.get(), 0, to.list_of(pages.first(count))) != 0) list_of_pages::refuse();
      pages = pages.subspan(count);
      if (PyList_SetItem(places, each.at, lists.take()) != 0) list_of_pages::refuse();
    }
  }

 private:
  static _object* checked(_object* of) {
    if (of == nullptr) list_of_pages::refuse();
    return of;
  }
  [[noreturn, gnu::cold]] static void refuse_unknown() {
    PyErr_Clear();
    throw bad_request{"a sequence gains pages that was not named before"};
  }

  /// How many pages the sequence at a place gained.
  struct gain {
    std::ptrdiff_t at;
    std::ptrdiff_t count;
  };

  std::vector<std::int32_t> pages_;
  std::vector<gain> gains_;
};

}  // namespace cmm::python
