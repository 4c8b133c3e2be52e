"""The allocator libraries of the tests and the benches: what each is called and its recipe.

`python3 tests/torch/libraries.py FOLDER` builds them all there with tools/adapter. With
CMM_TORCH_LIBRARIES=FOLDER the tests load them from it; otherwise the package builds each when asked for.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

RECIPES = {
    "pool": "managed | threshold_prefetch{.below = 2GiB} | limit{2GiB} | stats",
    "swap": "managed | threshold_prefetch{.below = 2GiB} | limit{2GiB} | pool | stats",
    "remote": "managed | prefer{host} | accessed_by{device} | limit{1GiB} | stats",
    "untouched": "managed | prefer{device} | limit{1GiB} | stats",
    "bench_pool": "managed | threshold_prefetch{.below = 2GiB} | limit{2GiB} | stats",
    "bench_swap": "managed | threshold_prefetch{.below = 2GiB} | limit{2GiB} | pool | stats",
}


def library(name: str):
    """The allocator `name`, ready-made or built now."""
    import cmm.torch

    folder = os.environ.get("CMM_TORCH_LIBRARIES")
    if folder is None:
        return cmm.torch.build(RECIPES[name])
    return cmm.torch.load(Path(folder) / f"{name}.so")


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print("usage: python3 tests/torch/libraries.py FOLDER", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, recipe in RECIPES.items():
        print(f"{name}.so: {recipe}", flush=True)
        adapter = [ROOT / "tools" / "adapter", "--recipe", recipe, "-o", folder / f"{name}.so"]
        subprocess.run(adapter, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
