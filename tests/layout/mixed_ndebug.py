"""Translation units with and without NDEBUG: what cannot work does not link, and the linker names NDEBUG;
what links works, or ends with a sentence that names NDEBUG.

usage: mixed_ndebug.py [COMPILER]
"""

import functools
import pathlib
import subprocess
import sys
import tempfile
import unittest

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"
COMPILER = "g++"
HEADER = """
#include <cmm/sim.hpp>
using namespace cmm::literals;
constexpr auto recipe = cmm::managed{} | cmm::prefer{cmm::location::host()} |
    cmm::spill{cmm::device{} | cmm::limit{1_GiB}} | cmm::limit{4_GiB} | cmm::stats{} | cmm::pool{} |
    cmm::stats{};
using memory = decltype(recipe.build(std::declval<cmm::sim::api>()));
struct engine {  // its functions have one name in both kinds of unit
  explicit engine(cmm::sim::machine& on);
  cmm::block take();
  void give(cmm::block b);
  std::size_t live();
  memory held;
};
void use(memory& lent);
"""
LIBRARY = """
#include "shared.hpp"
void use(memory& lent) { lent.deallocate(lent.allocate(1_MiB)); }
engine::engine(cmm::sim::machine& on) : held{cmm::sim::api{on}, recipe.elements} {}
cmm::block engine::take() { return held.allocate(1_MiB); }
void engine::give(cmm::block b) { held.deallocate(b); }
std::size_t engine::live() { return held.get<cmm::stats>().all().live_bytes; }
"""
APPLICATION = """
#include "shared.hpp"
int main(int, char** arguments) {
  const std::string_view body = arguments[1];
  cmm::sim::machine machine{cmm::sim::gh200_480, cmm::sim::backing::none};
  {
    engine mine{machine};
    for (int i = 0; i < 3; ++i) {
      BODY
    }
    if (mine.live() != 0) return 2;
  }
  return machine.live_blocks() == 0 ? 0 : 3;
}
"""
BODIES = {
    "all in the library": "mine.give(mine.take());",
    "all in the application": "mine.held.deallocate(mine.held.allocate(1_MiB));",
    "taken in the library": "mine.held.deallocate(mine.take());",
    "taken in the application": "mine.give(mine.held.allocate(1_MiB));",
}


@functools.cache
def compiled(folder, text, *options):
    """The object of a unit; two tests share a library."""
    unit = pathlib.Path(tempfile.mkdtemp(dir=folder))
    (unit / "shared.hpp").write_text(HEADER)
    (unit / "unit.cpp").write_text(text)
    command = [COMPILER, "-std=c++20", "-w", f"-I{INCLUDE}", *options, "-c", unit / "unit.cpp"]
    subprocess.run([*command, "-o", unit / "unit.o"], check=True)
    return unit / "unit.o"


def build(folder, level, library, application, body):
    """Compiles both units and links them; the output of a linker that refuses."""
    units = [
        compiled(folder, APPLICATION.replace("BODY", body), level, *application),
        compiled(folder, LIBRARY, level, *library),
    ]
    link = [COMPILER, *units, "-pthread", "-o", folder / "program"]
    return subprocess.run(link, capture_output=True, text=True, check=False)


class MixedUnits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name)

    def check(self, level, library, application):
        body = " ".join(f'if (body == "{name}") {{ {code} }}' for name, code in BODIES.items())
        linked = build(self.folder, level, library, application, body)
        self.assertEqual(linked.returncode, 0, linked.stderr)
        for name in BODIES:
            with self.subTest(name, level=level, library=library, application=application):
                done = subprocess.run(
                    [self.folder / "program", name], capture_output=True, text=True, check=False
                )
                if done.returncode != 0:
                    self.assertIn("NDEBUG", done.stderr, f"ended with {done.returncode}")

    def test_a_function_that_takes_an_allocator_does_not_link(self):
        """The symbol that is missing says which kind it is of."""
        linked = build(self.folder, "-O0", ["-DNDEBUG"], [], "use(mine.held);")
        self.assertNotEqual(linked.returncode, 0)
        self.assertRegex(linked.stderr, "undefined reference to .use.*NDEBUG")

    def test_a_class_with_an_allocator_works_or_says_ndebug_unoptimized(self):
        """A library of one kind under an application of the other."""
        self.check("-O0", ["-DNDEBUG"], [])

    def test_a_class_with_an_allocator_works_or_says_ndebug_optimized(self):
        """The same, where the compiler mixes less."""
        self.check("-O1", [], ["-DNDEBUG"])


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        COMPILER = sys.argv.pop(1)
    unittest.main()
