"""A header included alone by a compiler that cannot have it ends with one sentence that names what cmm needs;
what a program needs no RTTI for compiles without it.

usage: requirements.py [COMPILER...]      the first for every header, the others for those that users include,
                                           which are also compiled without exceptions
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"
CASES = {
    "-std=c++17": "#error cmm needs C++20: compile with -std=c++20",
    "-std=c++20 -fno-exceptions": "#error cmm needs exceptions",
}
WITHOUT_RTTI = """
#include <cmm/bridge/owned_block.hpp>
#include <cmm/bridge/pmr.hpp>
#include <cmm/bridge/std_allocator.hpp>
#include <cmm/bridge/unique.hpp>
#include <cmm/cmm.hpp>
#include <cmm/kv.hpp>
#include <cmm/platform.hpp>
#include <cmm/recipe_text.hpp>
#include <cmm/sim.hpp>
#include <vector>
int main() {
  cmm::sim::machine machine{cmm::sim::gh200_480};
  auto memory = (cmm::managed{} | cmm::prefetch{} | cmm::spill{cmm::managed{}} | cmm::pool{} |
                 cmm::record_streams{} | cmm::trace{} | cmm::stats{}).build(cmm::sim::api{machine});
  cmm::pmr_resource resource{memory};
  std::pmr::vector<int> ids{{1, 2, 3}, &resource};
  using numbers = cmm::std_allocator<int, decltype(memory)>;
  std::vector<int, numbers> table(1, 2, numbers{memory});
  cmm::owned_block scratch{memory, 1};
  auto weights = cmm::make_unique<float[]>(memory, 1);
}
"""


def wrong_without_rtti(compiler):
    """What the compiler says of a program of all parts with -fno-rtti."""
    command = [compiler, "-std=c++20", "-fno-rtti", "-fsyntax-only", "-I", str(INCLUDE), "-x", "c++", "-"]
    done = subprocess.run(command, input=WITHOUT_RTTI, capture_output=True, text=True, check=False)
    return f"without RTTI, by {compiler}: {done.stderr}" if done.returncode else None


def wrong_with(compiler, header, options):
    """What the compiler says beside the sentence, or instead of it."""
    command = [compiler, *options.split(), "-fsyntax-only", "-I", str(INCLUDE), "-x", "c++", "-"]
    source = f"#include <{header.relative_to(INCLUDE)}>\nint main() {{ return cmm::nothing(); }}\n"
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    errors = [line for line in done.stderr.splitlines() if re.search(r"\berror: ", line)]
    said = [line for line in errors if "cmm needs" in line]
    others = [line for line in errors if line not in said and "cmm_needs_" not in line]
    if len(said) == 1 and CASES[options].removeprefix("#error ") in said[0] and not others:
        return None
    return f"{header.relative_to(INCLUDE)} by {compiler} {options}: " + (others + errors + ["no error"])[0]


def main():
    headers = sorted(INCLUDE.rglob("*.hpp"))
    compilers = sys.argv[1:] or ["g++"]
    entries = [header for header in headers if header.parent.name == "cmm"]
    jobs = [
        (compiler, header, options)
        for compiler in compilers
        for header in (headers if compiler == compilers[0] else entries)
        for options in (CASES if header in entries else ["-std=c++17"])
    ]
    # A header of CUDA or of nothing but macros needs no sentence before that of its toolkit.
    jobs = [job for job in jobs if job[1].name != "version.hpp" and job[1].parent.name != "cuda"]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = [each for each in pool.map(lambda job: wrong_with(*job), jobs) if each]
        wrong += [each for each in pool.map(wrong_without_rtti, compilers) if each]
    print("\n".join(wrong[:40]))
    print(f"{len(jobs)} headers and compilers, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
