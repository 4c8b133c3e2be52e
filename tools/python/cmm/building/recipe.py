"""Recipes: turned into C++ by the library itself, and read from a recommendation of tools/report."""

import subprocess
from pathlib import Path

from ..errors import Error
from ..text_file import read_text
from .compiler import Compiler
from .program import compiled_program

_WRITER = """\
#include <cmm/torch/source_text.hpp>
#include <cstdio>
#include <exception>

int main(int, char** arguments) {
  try {
    std::printf("%s", cmm::torch::source_text(arguments[1], arguments[2]).c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s", error.what());
    return 1;
  }
}
"""


def allocator_source(recipe: str, platform: str, cache: Path, compiler: Compiler) -> str:
    """The C++ of an allocator library. Refuses a wrong recipe or platform with the library's own message."""
    if "\0" in recipe + platform:
        raise Error("a recipe is text without zero bytes; write one such as managed | pool")
    program = compiled_program("write-allocator", _WRITER, "the reader of recipes", cache, compiler)
    command = [str(program), recipe, platform]
    asked = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if asked.returncode == 1 and asked.stderr:
        raise Error(asked.stderr)
    if asked.returncode != 0:
        raise Error(
            f"{program} ended with status {asked.returncode}; remove it, so that it is compiled again"
        )
    return asked.stdout


def recommended_recipe(path: Path, use: str) -> str:
    """The recipe for a use (weights, kv_cache, scratch) in a recommendation.txt of tools/report."""
    lines = read_text(path, "give the recommendation.txt of tools/report").splitlines()
    recipes = {}
    for line in lines:
        name, colon, recipe = line.partition("#")[0].partition(":")
        if colon:
            recipes[name.strip()] = recipe.strip()
    if not recipes:
        raise Error(f"{path} has no line USE: RECIPE; give the recommendation.txt of tools/report")
    if use not in recipes:
        raise Error(f"{path} has no recipe for {use!r}; it has {', '.join(recipes)}")
    return recipes[use]
