"""What a worker compiles at its first start, compiled ahead of it, such as for an image.

usage: python3 -m cmm.vllm.prepared FOLDER    which CMM_CACHE_DIR names when the server starts
"""

import sys
from pathlib import Path

from ..building.cache import cache_folder
from ..building.compiler import find_compiler
from ..errors import Error
from ..kv.building import compiled
from .machine.host_memory import reader


def prepare(folder: Path, platform: str = "cuda") -> list[Path]:
    """The library of KV pages and the reader of host memory, in a folder as `cache_folder` takes it.

    Loads none of them and needs no GPU. What is there already stays.
    """
    cache = cache_folder(folder)
    return [compiled(platform, cache=cache, compiler=find_compiler()), reader(cache)]


def main() -> int:
    """Run the command. Errors are one sentence and exit status 1."""
    if len(sys.argv) != 2:
        print("\n".join(__doc__.splitlines()[2:]), file=sys.stderr)
        return 2
    try:
        for made in prepare(Path(sys.argv[1])):
            print(made)
    except Error as error:
        print(f"cmm.vllm.prepared: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
