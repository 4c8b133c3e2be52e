"""Each header includes what it uses, and means the same whatever was included before it.

usage: header_orders.py COMPILER [FOLDER...]      the folders have the headers of the CUDA toolkit

All headers are compiled together in a few orders, so chosen that of any two that do not include each other
each stands before the other in one of them: a header that needs what it does not include fails in that order,
and so does one in which a name changes its meaning with what was read before. Compiling them one by one takes
longer and notices only the first. Names of the standard library are with layout.standard_includes.
"""

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


def orders(graph):
    """Orders in which no header stands before what it includes, and any other two stand in both orders."""
    headers = list(graph)
    bit = {header: 1 << index for index, header in enumerate(headers)}
    closures = {header: set(with_what_it_includes(header, graph, set())) for header in headers}
    below = {header: sum(bit[each] for each in closures[header]) for header in headers}
    apart = {
        header: sum(bit[x] for x in headers if not (below[header] & bit[x] or below[x] & bit[header]))
        for header in headers
    }
    while any(apart.values()):  # of a header, those that have not yet stood behind it
        waiting = {x: sum(bit[header] for header in headers if apart[header] & bit[x]) for x in headers}
        done, order, already = 0, [], set()

        def gain(header, done, already=already, waiting=waiting):
            """The pairs that are settled by putting a header next, less those that are lost by it."""
            settled = lost = 0
            left = ~(done | below[header])
            for each in closures[header] - already:
                settled += (apart[each] & left).bit_count()
                lost += (waiting[each] & left).bit_count()
            return settled - lost

        # The first stands before all that it has not yet stood before, so that each order settles something.
        best = max(headers, key=lambda each: apart[each].bit_count())
        while best:
            order += with_what_it_includes(best, graph, already)
            done |= below[best]
            left = [each for each in headers if each not in already]
            best = max(left, key=lambda each: gain(each, done), default=None)
        before = 0
        for header in order:
            apart[header] &= before
            before |= bit[header]
        yield order


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
            for errors in pool.map(lambda order: compiled(INCLUDE, order), self.orders):
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
