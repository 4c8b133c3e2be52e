#!/usr/bin/env python3
"""Runs the example engine and holds it against what its placements promise.

usage: bars.py ENGINE [OPTION OF THE ENGINE]...
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path


def run(command):
    """The runs of an engine at one ratio, by placement."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "runs.json"
        subprocess.run([*command, "--json", out], check=True, stdout=subprocess.DEVNULL)
        return {each["placement"]: each for each in json.loads(out.read_text())["runs"]}


def bars(command):
    """Each bar: what it says, the figure, and the least that it must be."""
    for ratio in ("0.75", "1"):
        runs = run([*command, "--ratio", ratio])
        share = runs["all-in-hbm"]["p50"] / runs["on_use"]["p50"]
        yield f"at {ratio} times HBM on_use is as fast as all in HBM", share, 0.99
    for ratio in ("1.25", "2", "4"):
        runs = run([*command, "--ratio", ratio])
        for other in ("remote", "fixed"):
            speed = runs["on_use"]["decoded_per_second"] / runs[other]["decoded_per_second"]
            yield f"at {ratio} times HBM on_use is no slower than {other}", speed, 0.99
    runs = run([*command, "--ratio", "2", "--reads", "0.2"])
    speed = runs["hot_set"]["decoded_per_second"] / runs["remote"]["decoded_per_second"]
    yield (
        "at 2 times HBM, with four fifths of reads in a fifth of pages, hot_set is faster than remote",
        speed,
        3,
    )


def main():
    """Say which bars hold; the exit status is 1 where one does not."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    missed = 0
    for what, figure, least in bars(sys.argv[1:]):
        print(f"{'ok' if figure >= least else 'MISSED'}: {what}: {figure:.3f}, at least {least}", flush=True)
        missed += figure < least
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
