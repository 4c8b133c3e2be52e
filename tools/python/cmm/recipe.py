"""Recipes: checked by the library's own parser, and read from a recommendation of tools/report."""

import subprocess
from pathlib import Path

from . import headers
from .cache import key_of, made_once
from .compiler import Compiler
from .errors import Error

_CHECKER = """\
#include <cmm/recipe_text.hpp>
#include <cmm/sim/profiles.hpp>
#include <cstdio>
#include <exception>

int main(int count, char** arguments) {
  try {
    if (count > 2) static_cast<void>(cmm::sim::find_profile(arguments[2]));
    std::printf("%s", cmm::parse_recipe(arguments[1]).cpp().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s", error.what());
    return 1;
  }
}
"""


def _checker(cache: Path, compiler: Compiler) -> Path:
    """The program that reads recipes, compiled once for each version of the headers and the compiler."""

    def compile_it(program: Path) -> None:
        source = program.with_suffix(".cpp")
        try:
            source.write_text(_CHECKER)
            options = ["-std=c++20", "-O0", "-I", str(headers.include_folder())]
            compiler.run([*options, str(source), "-o", str(program)], "the reader of recipes")
        finally:
            source.unlink(missing_ok=True)

    key = key_of(_CHECKER, headers.digest(), *compiler.command, compiler.version)
    return made_once(cache, f"read-recipe-{key}", compile_it)


def recipe_as_cpp(recipe: str, profile: str | None, cache: Path, compiler: Compiler) -> str:
    """The C++ expression of a recipe. Refuses a wrong recipe or profile with the library's own message."""
    if "\0" in recipe or "\0" in (profile or ""):
        raise Error("a recipe is text without zero bytes; write one such as managed | pool")
    program = _checker(cache, compiler)
    asked = subprocess.run(
        [str(program), recipe, *([profile] if profile is not None else [])],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if asked.returncode == 1 and asked.stderr:
        raise Error(asked.stderr)
    if asked.returncode != 0:
        raise Error(
            f"{program} ended with status {asked.returncode}; remove it, so that it is compiled again"
        )
    return asked.stdout


def recommended_recipe(path: Path, use: str) -> str:
    """The recipe for a use (weights, kv_cache, scratch) in a recommendation.txt of tools/report."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Error(
            f"{path} cannot be read ({error}); give the recommendation.txt of tools/report"
        ) from error
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
