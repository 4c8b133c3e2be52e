"""The command line."""

import argparse
import os
import re
import sys
from pathlib import Path

from cmm.printable import said_by

from . import tiers
from .conclusions import compare as comparing
from .conclusions.answer import lines
from .errors import BadInput
from .files import write_all
from .results import read_all


def share(text):
    """Read "15%" or "0.15" as a share."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(%?)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"'{text}' is no share; write one such as 15%")
    return float(found[1]) / (100 if found[2] else 1)


def bar(text):
    """Read "35%:90%" as (error, share of the rows)."""
    error, colon, rows = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"'{text}' is no bar; write ERROR:ROWS such as 35%:90%")
    return share(error), share(rows)


class Parser(argparse.ArgumentParser):
    """Errors in one sentence."""

    def error(self, message):
        """End as the other commands do."""
        raise BadInput(f"{message}; see tools/report --help")


def options_of(arguments):
    """Read the command line; raises BadInput."""
    parser = Parser(prog="tools/report", add_help=False)
    parser.add_argument("results", nargs="*", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("MEASURED", "SIMULATED"))
    parser.add_argument("--fail-above", type=share, metavar="MEDIAN")
    parser.add_argument("--within", type=bar, action="append", default=[], metavar="ERROR:ROWS")
    options = parser.parse_args(arguments)
    if bool(options.compare) == bool(options.results):
        raise BadInput(
            "give results.json files of tools/bench, or --compare MEASURED SIMULATED; see tools/report --help"
        )
    if not options.compare and (options.fail_above is not None or options.within):
        raise BadInput("--fail-above and --within judge a --compare; see tools/report --help")
    return options


def say(lines):
    """Print; a reader that stops early, such as head, changes neither the files nor the exit status."""
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def page_builder():
    """What makes the page: matplotlib takes a second to load, and bad input should not wait for it."""
    try:
        from .page import build
    except ModuleNotFoundError as error:
        raise BadInput(
            f"the page needs {error.name}, which this Python has not; install it with pip install "
            "matplotlib Jinja2"
        ) from error
    return build


def run(arguments, program="tools/report"):
    """Do what the command line says; returns the exit status."""
    options = options_of(arguments)
    paths = options.compare or options.results
    if not options.compare and len(paths) == 1 and (found := tiers.tiers_of(paths[0])):
        out = options.out or paths[0].parent
        written = write_all(out, tiers.files_of(found))
        say([f"written: {' and '.join(map(str, written))}"])
        return 0
    results = read_all(paths)
    comparison = comparing.compare(*results) if options.compare else None
    missed = comparing.failures(comparison, options.fail_above, options.within) if comparison else []
    build = page_builder()
    out = options.out or paths[0].parent
    write_all(out, build(results, comparison))
    say(
        [
            *(comparing.report_lines(comparison) if comparison else lines(results)),
            f"written: {out / 'report.html'}, with report.md, plots and recipes beside it",
        ]
    )
    for reason in missed:
        print(f"{program}: the predictions miss a bar: {reason}", file=sys.stderr)
    return 1 if missed else 0


HELP = """\
usage: {0} RESULTS.json... [--out DIR]
       {0} --compare MEASURED.json SIMULATED.json [--fail-above MEDIAN] [--within ERROR:ROWS]... [--out DIR]
  --out DIR              where to write (default: beside the first file)
  --compare M S          how well a simulated run predicts a measured one, on the terminal and in the page
  --fail-above MEDIAN    exit status 1 if the median error is larger, such as 15%
  --within ERROR:ROWS    exit status 1 if fewer rows are within an error, such as 35%:90%"""


def main(arguments=None, program="tools/report"):
    """Run, with one sentence for bad input."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if {"--help", "-h"} & set(arguments):
        say([HELP.format(program)])
        return 0
    try:
        return run(arguments, program)
    except BadInput as error:
        print(said_by(program, str(error)), file=sys.stderr)
        return 2
