"""The command that makes an allocator library from a recipe: python3 -m cmm.adapter --help."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .building.allocator_library import plan
from .building.cache import cache_folder
from .building.compiler import find_compiler, words
from .building.recipe import recommended_recipe
from .errors import Error
from .printable import said_by
from .whole_file import whole_file


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Makes a pluggable allocator of PyTorch from a recipe.",
        epilog="Compiled helpers are kept in CMM_CACHE_DIR, else XDG_CACHE_HOME/cmm, else ~/.cache/cmm.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--recipe", metavar="TEXT", help="such as 'managed | threshold_prefetch | pool | stats'"
    )
    what.add_argument(
        "--recommendation", metavar="FILE", type=Path, help="a recommendation.txt of tools/report"
    )
    parser.add_argument("--use", help="which recipe of the recommendation: weights, kv_cache or scratch")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="the library to write")
    parser.add_argument(
        "--platform",
        default="cuda",
        help="cuda (default), or sim: and the name or file of a profile, for a library that needs no GPU",
    )
    parser.add_argument("--compiler", metavar="CXX", help="default: CXX, else c++, g++ or clang++")
    parser.add_argument(
        "--flags", default="", help="more options for the compiler, such as --flags=-fsanitize=address"
    )
    parser.add_argument("--print-source", action="store_true", help="print the C++ and write nothing")
    return parser


def run(arguments: Sequence[str], program: str = "tools/adapter") -> None:
    """Do what the command line says; raises `cmm.Error`, and SystemExit as argparse does."""
    parser = _parser(program)
    options = parser.parse_args(arguments)
    if (options.output is None) != options.print_source:
        parser.error("give either -o FILE or --print-source")
    if (options.recommendation is None) != (options.use is None):
        parser.error("--recommendation FILE and --use USE go together")
    recipe = options.recipe
    if recipe is None:
        recipe = recommended_recipe(options.recommendation, options.use)
    library = plan(
        recipe,
        platform=options.platform,
        cache=cache_folder(),
        compiler=find_compiler(options.compiler),
        flags=tuple(words(options.flags, "--flags", "--flags=-fsanitize=address")),
    )
    if options.print_source:
        print(library.source(), end="")
        return
    if not options.output.absolute().parent.is_dir():
        raise Error(
            f"{options.output} cannot be written: there is no folder {options.output.absolute().parent}"
        )
    try:
        with whole_file(options.output) as partial:
            library.make(partial)
    except OSError as error:
        raise Error(
            f"{options.output} cannot be written ({error.strerror}); name a file in a folder "
            "that is writable and has room"
        ) from error


def main(arguments: Sequence[str] | None = None, program: str = "tools/adapter") -> int:
    """Run the command; errors are one sentence on stderr and exit status 1."""
    try:
        run(sys.argv[1:] if arguments is None else arguments, program)
    except (Error, OSError) as error:
        print(said_by(program, str(error)), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
