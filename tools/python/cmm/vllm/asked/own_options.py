"""The options of `cmm serve` itself; all others go to vLLM, so a misspelt one must not slip through."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from ...errors import Error

DESCRIPTION = """\
Starts stock `vllm serve` with a KV cache larger than the memory of its GPUs: looks at the machine, chooses
recipe and sizes, prints both with the evidence, and hands over to vLLM. All other arguments go to vLLM as
they are.
"""
EPILOG = """\
Sizes are such as 64GiB, 512MiB or 64GB, for each GPU. Of vLLM's options these are obeyed: the sizes of
tensor, pipeline and data parallelism, --gpu-memory-utilization, --kv-cache-memory-bytes (the same as
--kv-bytes) and --additional-config, which stays: under "cmm" it may have settings of the worker that the
plan does not make, such as {"cmm": {"staging_bytes": "1GiB"}}. --worker-cls is set by this command.
The machine is looked at by cmm_probe: that of CMM_PROBE_BINARY, of the checkout or of the PATH, else one
that is compiled now. CMM_RECIPE and CMM_HBM_HEADROOM do as --recipe and --hbm-headroom where those are not
given. `vllm serve --help` lists vLLM's own options.
"""


def read_options(arguments: Sequence[str], program: str) -> tuple[argparse.Namespace, list[str]]:
    """The options of this command, and what is vLLM's. Refuses one that is empty, given twice or misspelt."""
    options, rest = _parser(program).parse_known_args(list(arguments))
    for given in rest:
        _refuse_misspelt(given)
    return options, rest


class _Parser(argparse.ArgumentParser):
    """Says what is wrong as every other error is said."""

    def error(self, message: str) -> NoReturn:
        raise Error(f"{message}; --help lists the options")


class _Once(argparse.Action):
    """Refuses an option that is given again, or with nothing for a value."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: Any = None
    ) -> None:
        if getattr(namespace, self.dest) is not None:
            raise Error(f"{option} is given more than once; give it once")
        if not values:
            raise Error(f"{option} is empty; write a value behind it, or leave it out")
        setattr(namespace, self.dest, values)


_VALUED = {
    "--kv-bytes": ("SIZE", "KV cache on each GPU, HBM and beyond together"),
    "--recipe": ("TEXT|FILE", "a recipe, or a recommendation.txt of tools/report (its kv_cache)"),
    "--hbm-headroom": ("SIZE", "HBM to leave free beyond what vLLM does (default 0)"),
    "--admit": (
        "WHICH",
        "requests that run: all (that fit the KV cache), fast (that fit HBM), auto by the link",
    ),
    "--root": ("FOLDER", "plan for a recorded machine, or for gh200-480 or h200-pcie; with --dry-run"),
    "--probe": ("FILE", "plan by a kept answer of tools/probe --json; with --dry-run"),
}
_FLAGS = {
    "--dry-run": "print the plan and the command, start nothing",
    "--no-verify": "do not try out the memories first (at most 256 MiB each)",
}


def _parser(program: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=program,
        usage=f"{program} MODEL [OPTIONS OF THIS COMMAND] [ANY ARGUMENTS OF vllm serve]",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name, told in _FLAGS.items():
        parser.add_argument(name, action="store_true", help=told)
    for name, (metavar, told) in _VALUED.items():
        parser.add_argument(name, metavar=metavar, action=_Once, help=told)
    return parser


def _refuse_misspelt(given: str) -> None:
    name = given.partition("=")[0]
    spelt = name.replace("_", "-")
    if not spelt.startswith("--") or len(spelt) < len("--kv-"):
        return
    for own in [*_VALUED, *_FLAGS]:
        few = 1 if len(own) <= len("--recipe") else 2
        if own.startswith(spelt) or _edits(spelt, own) <= few:
            raise Error(f"{name} is no option; write {own}")


def _edits(one: str, other: str) -> int:
    """How many letters must be added, taken away, changed or swapped with the next."""
    rows = [list(range(len(other) + 1))]
    for at, letter in enumerate(one, start=1):
        rows.append([at])
        for behind, wanted in enumerate(other, start=1):
            changed = rows[at - 1][behind - 1] + (letter != wanted)
            least = min(changed, rows[at - 1][behind] + 1, rows[at][behind - 1] + 1)
            if at > 1 and behind > 1 and letter == other[behind - 2] and one[at - 2] == wanted:
                least = min(least, rows[at - 2][behind - 2] + 1)
            rows[at].append(least)
    return rows[-1][-1]
