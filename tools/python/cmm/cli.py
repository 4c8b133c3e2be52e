"""The command `cmm` of an installed package."""

import sys

from .errors import Error
from .printable import said_by

USAGE = """\
usage: cmm probe [OPTIONS]           what memory this machine has and how that is known; cmm probe --help
       cmm bench [OPTIONS]           what memory costs, measured or on a simulated machine; cmm bench --help
       cmm report RESULTS.json...    a page, plots and recipes of what was measured; cmm report --help
       cmm adapter OPTIONS           an allocator of PyTorch from a recipe; cmm adapter --help
       cmm serve MODEL [OPTIONS]     vLLM with a KV cache larger than HBM; cmm serve --help
       cmm --version                 the version of the package and of its headers
"""


def main() -> int:
    """Run the subcommand; an unknown one has exit status 2, an error one sentence and exit status 1."""
    name, arguments = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    if name in ("--help", "-h"):
        print(USAGE, end="")
        return 0
    try:
        if name == "--version":
            from .building.headers import version

            print(f"cmm {version()}")
            return 0
        if name in COMMANDS:
            return COMMANDS[name](arguments)
    except Error as error:
        print(said_by(f"cmm {name}", str(error)), file=sys.stderr)
        return 1
    said = f"cmm has no command {name!r}" if name else "cmm needs a command"
    print(f"{said}\n{USAGE}", end="", file=sys.stderr)
    return 2


def _probe(arguments: list[str]) -> int:
    from .building.programs import PROBE, run

    return run(PROBE, arguments)


def _bench(arguments: list[str]) -> int:
    from .building.programs import BENCH, run

    return run(BENCH, arguments)


def _report(arguments: list[str]) -> int:
    from cmm_report.cli import main as report

    return report(arguments, "cmm report")


def _adapter(arguments: list[str]) -> int:
    from .adapter import main as adapter

    return adapter(arguments, "cmm adapter")


def _serve(arguments: list[str]) -> int:
    from .vllm.serve import main as serve

    return serve(arguments)


COMMANDS = {"probe": _probe, "bench": _bench, "report": _report, "adapter": _adapter, "serve": _serve}

if __name__ == "__main__":
    sys.exit(main())
