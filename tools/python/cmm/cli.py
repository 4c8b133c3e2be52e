"""The command `cmm` of an installed package: its subcommands are serve and adapter."""

import sys

USAGE = """\
usage: cmm serve MODEL [OPTIONS]     vLLM with a KV cache larger than HBM; cmm serve --help
       cmm adapter OPTIONS           an allocator of PyTorch from a recipe; cmm adapter --help
"""


def main() -> int:
    """Run the subcommand; an unknown one is refused with exit status 2."""
    name, arguments = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    if name == "serve":
        from .vllm.serve import main as serve

        return serve(arguments)
    if name == "adapter":
        from .adapter import main as adapter

        return adapter(arguments, "cmm adapter")
    if name in ("--help", "-h"):
        print(USAGE, end="")
        return 0
    said = f"cmm has no command {name!r}" if name else "cmm needs a command"
    print(f"{said}\n{USAGE}", end="", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
