"""Each name of the standard library that a header uses comes from a standard header that it includes, by
itself or by headers of cmm: layout.header_orders looks after those of cmm.
"""

import re
import sys
import unittest

from headers import INCLUDE, included

GIVES = {}
for line in """
algorithm: all_of any_of clamp count fill find find_if max min min_element mismatch none_of partition pop_heap
  push_heap ranges::* replace_if sort sort_heap transform
array: array begin end erase erase_if get next prev size
atomic: atomic atomic_ref memory_order_acquire memory_order_relaxed memory_order_release
bit: bit_cast bit_ceil bit_width countr_zero has_single_bit popcount
cctype: isalnum tolower
cerrno: errno
charconv: errc from_chars to_chars
cmath: ceil floor isfinite llround round
concepts: constructible_from convertible_to copyable integral movable predicate same_as
condition_variable: condition_variable
cstddef: byte nullptr_t ptrdiff_t size_t
cstdint: int32_t int64_t intptr_t uint32_t uint64_t uint8_t uintptr_t
cstdio: FILE fclose ferror fgets fopen fprintf fread size_t snprintf sscanf
cstdlib: abort aligned_alloc free getenv size_t
cstring: memcpy size_t strerror
deque: begin deque end erase erase_if next prev size
exception: current_exception exception exception_ptr rethrow_exception
filesystem: filesystem::*
fstream: ifstream
functional: function greater invoke
initializer_list: initializer_list
iterator: begin end istreambuf_iterator make_move_iterator next prev size
limits: numeric_limits
list: begin end erase erase_if list next prev size
map: begin end erase erase_if map next prev size
memory: make_shared make_unique shared_ptr unique_ptr weak_ptr
memory_resource: pmr::*
mutex: lock_guard mutex scoped_lock unique_lock
new: bad_alloc bad_array_new_length
numeric: accumulate iota
optional: nullopt optional
regex: regex regex_replace
set: begin end erase erase_if next prev set size
source_location: source_location
span: begin end erase erase_if next prev size span
sstream: ostringstream
stdexcept: invalid_argument runtime_error
string: begin end erase erase_if getline initializer_list next prev size string to_string
string_view: begin end erase erase_if initializer_list next prev size string_view
system_error: errc error_code system_error
thread: this_thread::* thread
tuple: apply get initializer_list tuple tuple_cat tuple_element_t tuple_size
type_traits: conditional_t false_type integral_constant is_arithmetic_v is_array_v is_class_v is_same_v
  is_trivially_destructible_v is_unbounded_array_v is_void_v remove_cvref_t remove_extent_t true_type
unordered_map: begin end erase erase_if next prev size unordered_map
unordered_set: begin end erase erase_if next prev size unordered_set
utility: as_const declval exchange forward get index_sequence index_sequence_for initializer_list
  make_index_sequence move pair swap
variant: get holds_alternative variant visit
vector: begin end erase erase_if initializer_list next prev size vector
""".replace("\n  ", " ").split("\n")[1:-1]:
    header, _, names = line.partition(": ")
    GIVES[header] = names.split()


def givers(name):
    """The standard headers that give std::NAME."""
    room = name.partition("::")[0] + "::*"
    return {header for header, names in GIVES.items() if name in names or room in names}


def code(text):
    """A file without its comments and texts."""
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', "", text, flags=re.DOTALL)


def standard(path):
    """The headers of others that a header includes, by headers of cmm too."""
    seen, waiting, names = set(), {path}, set()
    while waiting:
        seen |= {file := waiting.pop()}
        own, others = included(file)
        waiting |= set(own) - seen
        names |= set(others)
    return names


def missing(path):
    """The names of the standard library in a header that no header it includes gives."""
    names = set(
        re.findall(r"\bstd::((?:ranges|pmr|filesystem|this_thread)::\w+|\w+)", code(path.read_text()))
    )
    return sorted(name for name in names if not givers(name) & standard(path))


class StandardIncludes(unittest.TestCase):
    def test_every_name_is_included(self):
        headers = sorted(INCLUDE.rglob("*.hpp"))
        self.assertGreater(len(headers), 100)
        for header in headers:
            for name in missing(header):
                with self.subTest(header=str(header.relative_to(INCLUDE))):
                    known = " or ".join(f"<{each}>" for each in sorted(givers(name)))
                    self.fail(f"std::{name} needs {known or 'a line in the table of this test'}")


if __name__ == "__main__":
    sys.exit(unittest.main())
