"""Each header includes what it uses, and means the same whatever was included before it.

usage: header_orders.py COMPILER [FOLDER...]      the folders have the headers of the CUDA toolkit

All headers are compiled together in a few orders, so chosen that of any two that do not include each other
each stands before the other in one of them: a header that needs what it does not include fails in that order,
and so does one in which a name changes its meaning with what was read before. Compiling them one by one takes
longer and notices only the first. CI takes the first of these orders. Names of the standard library are with
layout.standard_includes.
"""

import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from headers import INCLUDE, included

COMPILER = "g++"
TOOLKIT = []
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"]
IN_CI = 5
"""Orders that CI compiles: the first five turn 98 of 100 pairs, and the others take as long again."""
NEEDS_CUDA = re.compile(r"cmm/(cuda[/.]|torch\.hpp|(torch|python)/on_cuda)")


def graph_of(folder):
    """Each header below a folder, with those below it that it includes."""
    headers = sorted(folder.rglob("*.hpp"))
    if not TOOLKIT:
        headers = [header for header in headers if not NEEDS_CUDA.match(str(header.relative_to(folder)))]
    return {header: [path for path in included(header, folder)[0] if path in headers] for header in headers}


def with_what_it_includes(header, graph, already):
    """A header behind what it includes, less what is there already; adds them to that."""
    if header in already:
        return []
    already.add(header)
    before = [each for path in graph[header] for each in with_what_it_includes(path, graph, already)]
    return [*before, header]


def bits(mask):
    """The places of the ones in a number."""
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1


def pairs_to_turn(below, above):
    """Pairs (early, late) that are enough: where these stood in order once, so did any other two.

    They do not include each other; what the late one includes the early one includes too, and so does what
    includes the early one with the late one. Headers that include each other in a circle go as one.
    """
    every = range(len(below))
    return [
        (early, late)
        for late in every
        for early in every
        if not (below[late] >> early & 1 or below[early] >> late & 1)
        and not below[late] & ~below[early] & ~above[late]
        and not above[early] & ~above[late] & ~below[early]
    ]


def orders(graph):
    """Orders in which no header stands before what it includes, and any other two stand in both orders."""
    headers = list(graph)
    every = range(len(headers))
    closures = [set(with_what_it_includes(header, graph, set())) for header in headers]
    below = [sum(1 << x for x in every if headers[x] in closure) for closure in closures]
    above = [sum(1 << y for y in every if below[y] >> x & 1) for x in every]
    left = pairs_to_turn(below, above)
    while left:
        before, after = below[:], above[:]
        count = collections.Counter(early for early, _ in left)
        # One header after another, those with few pairs first: that took the fewest orders.
        for early, late in sorted(left, key=lambda pair: (count[pair[0]], pair)):
            if before[early] >> late & 1 or before[late] >> early & 1:
                continue
            first, last = before[early], after[late]
            for each in bits(last):
                before[each] |= first
            for each in bits(first):
                after[each] |= last
        left = [(early, late) for early, late in left if not before[late] >> early & 1]
        already = set()
        in_order = sorted(every, key=lambda each: before[each].bit_count())
        yield [x for each in in_order for x in with_what_it_includes(headers[each], graph, already)]


def compiled(folder, order):
    """What the compiler says of headers in this order."""
    with tempfile.TemporaryDirectory() as temporary:
        source = pathlib.Path(temporary) / "order.cpp"
        source.write_text("".join(f"#include <{header.relative_to(folder)}>\n" for header in order))
        paths = [f"-I{folder}", *(word for path in TOOLKIT for word in ("-isystem", path))]
        command = [COMPILER, "-std=c++20", "-fsyntax-only", *WARNINGS, *paths, source]
        return subprocess.run(command, capture_output=True, text=True, check=False).stderr


class Orders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Choose the orders."""
        cls.graph = graph_of(INCLUDE)
        cls.orders = list(orders(cls.graph))

    def test_every_header_stands_in_any_order(self):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            chosen = self.orders[: IN_CI if os.environ.get("CI") else None]
            for errors in pool.map(lambda order: compiled(INCLUDE, order), chosen):
                with self.subTest():
                    self.assertFalse(errors, errors)

    def test_any_two_stand_in_both_orders(self):
        """Unless one includes the other."""
        graph = self.graph
        self.assertGreater(len(graph), 100)
        places = [{header: place for place, header in enumerate(order)} for order in self.orders]
        closures = {header: with_what_it_includes(header, graph, set()) for header in graph}
        for one in graph:
            for other in graph:
                if one not in closures[other] and other not in closures[one]:
                    self.assertTrue(
                        any(place[one] < place[other] for place in places),
                        f"{one} {other}",
                    )

    def test_what_is_not_included_is_noticed(self):
        """A header that lives by another's include, and one whose name another takes away."""
        texts = {
            "lends.hpp": "struct lent {};",
            "borrows.hpp": "inline lent borrowed;",
            "says.hpp": "namespace a { struct name {}; } namespace a::b { inline a::b::name said; }",
            "hides.hpp": "namespace a::b { struct name {}; }",
        }
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(temporary).resolve()
            for name, text in texts.items():
                (folder / name).write_text(f"#pragma once\n{text}\n")
            said = "".join(compiled(folder, order) for order in orders(graph_of(folder)))
        self.assertIn("borrows.hpp", said)
        self.assertIn("says.hpp", said)
        self.assertNotIn("lends.hpp:", said)


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        COMPILER, *TOOLKIT = sys.argv[1:]
        del sys.argv[1:]
    unittest.main()
