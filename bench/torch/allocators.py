#!/usr/bin/env python3
"""What PyTorch's allocations and a Llama cost with each allocator, side by side in one run.

native: PyTorch's caching. pool: the same over our memory. swap: our caching in its place. predecessor: an
allocator without a cache, predecessor.cpp. Each has a process of its own; in a turn they measure one right
after the other, so that a drift of the machine hits all, and ratios are those of a turn.
"""

import argparse
import os
import shutil
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / "torch"), str(ROOT / "bench"), str(ROOT / "tools" / "python")]

from libraries import RECIPES  # noqa: E402
from turns import Failure, Process, check_place, spread, take_turn, write  # noqa: E402

MODES = ("native", "pool", "swap", "predecessor")
SIZES = {"4 KiB": 4 << 10, "1 MiB": 1 << 20, "64 MiB": 64 << 20}
COST = "alloc+free"
RATE = "Llama decode, tokens/s"
DECODE_TURNS = 8  # of a round: one text
# The bars: cost at most so many times native, tokens per second at least such a part of it.
BARS = {("pool", COST): 1.05, ("swap", COST): 1.5, ("pool", RATE): 0.99, ("swap", RATE): 0.99}


def find_cuda() -> Path:
    compiler = shutil.which("nvcc")
    home = os.environ.get("CUDA_HOME") or (
        Path(compiler).resolve().parents[1] if compiler else "/usr/local/cuda"
    )
    if not (Path(home) / "include" / "cuda_runtime_api.h").exists():
        raise Failure(
            f"no CUDA toolkit at {home}; set CUDA_HOME, or pass --libraries with predecessor.so in it"
        )
    return Path(home)


def build_predecessor(into: Path) -> Path:
    made = into / "predecessor.so"
    cuda = find_cuda()
    command = [
        "g++",
        "-std=c++20",
        "-O2",
        "-shared",
        "-fPIC",
        "-I",
        cuda / "include",
        HERE / "predecessor.cpp",
    ]
    command += ["-o", made, "-L", cuda / "lib64", "-lcudart"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"the predecessor's allocator could not be compiled:\n{done.stderr}")
    return made


def find_libraries(modes: list[str], folder: Path | None, scratch: Path) -> dict[str, Path]:
    """The .so of each mode: from a folder, or built."""
    scratch.mkdir(parents=True, exist_ok=True)
    found = {"native": Path("none")}
    for mode in ("pool", "swap"):
        ready = folder and folder / f"bench_{mode}.so"
        if ready and not ready.exists():
            raise Failure(f"{ready} is missing; python3 tests/torch/libraries.py {folder} builds it")
        if not ready:
            ready = scratch / f"bench_{mode}.so"
            adapter = [ROOT / "tools" / "adapter", "--recipe", RECIPES[f"bench_{mode}"], "-o", ready]
            subprocess.run(adapter, check=True, stdout=sys.stderr)
        found[mode] = ready.resolve()
    if "predecessor" not in modes:
        return found
    ready = folder and folder / "predecessor.so"
    found["predecessor"] = ready.resolve() if ready and ready.exists() else build_predecessor(scratch)
    return found


def start(mode: str, library: Path, quick: bool) -> Process:
    return Process(mode, [HERE / "measure.py", mode, library, "quick" if quick else "whole"])


def measure(workers: list[Process], rounds: int) -> dict[str, list[dict]]:
    """Of each figure, turns in which every allocator measured it, one right after the other."""
    for each in workers:  # all on the same cores, which differ and change their speed
        os.sched_setaffinity(each.process.pid, sorted(os.sched_getaffinity(0))[-2:])
    figures = {f"{COST} {name}, ns": f"allocate {size}" for name, size in SIZES.items()}
    figures[RATE] = "decode"
    for what in figures.values():
        for each in workers:
            each.ask(what)
    measured = {name: [] for name in figures}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        for name, what in figures.items():
            for turn in range(DECODE_TURNS if name == RATE else 1):
                measured[name].append(take_turn(workers, what, number + turn))
    return measured


def summarize(measured: dict[str, list[dict]], modes: list[str]) -> dict:
    """Of every mode and figure: its values, and its ratios to native of the same turn."""
    return {
        mode: {
            name: {
                **spread([turn[mode] for turn in turns]),
                "to_native": spread([turn[mode] / turn["native"] for turn in turns]),
            }
            for name, turns in measured.items()
        }
        for mode in modes
    }


def judge(summary: dict, logits: dict[str, str]) -> list[dict]:
    bars = []
    for (mode, kind), limit in BARS.items():
        for name in [name for name in summary[mode] if name.startswith(kind)]:
            ratio = summary[mode][name]["to_native"]["median"]
            held = ratio <= limit if kind == COST else ratio >= limit
            bars.append({"mode": mode, "figure": name, "limit": limit, "to_native": ratio, "held": held})
    for mode in ("pool", "swap"):
        same = logits[mode] == logits["native"]
        bars.append(
            {"mode": mode, "figure": "logits identical", "limit": 1, "to_native": int(same), "held": same}
        )
    return bars


def table(summary: dict, bars: list[dict]) -> str:
    names = list(summary["native"])
    lines = ["| Allocator | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for mode, figures in summary.items():
        cells = []
        for name in names:
            figure, ratio = figures[name], figures[name]["to_native"]
            cell = f"{figure['median']:.0f}"
            if mode != "native":
                low, high = ratio["confidence"]
                cell += f" ({ratio['median']:.3f}×, {low:.3f}–{high:.3f})"
            cells.append(cell)
        lines.append(f"| {mode} | " + " | ".join(cells) + " |")
    missed = [f"{bar['mode']}, {bar['figure']}: {bar['to_native']:.3f}" for bar in bars if not bar["held"]]
    return "\n".join([*lines, "", "every bar is held" if not missed else "missed: " + "; ".join(missed)])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=21, help="how often each is measured (21)")
    parser.add_argument("--quick", action="store_true", help="a small Llama and short measurements")
    parser.add_argument(
        "--libraries", type=Path, help="a folder with bench_pool.so, bench_swap.so, predecessor.so"
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "results" / "torch", help="folder of allocators.json"
    )
    parser.add_argument(
        "--without-predecessor", action="store_true", help="leave it out: it takes most of the time"
    )
    parser.add_argument("--check", action="store_true", help="exit status 1 if a bar is missed")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error(f"--rounds must be at least 1, not {options.rounds}")
    check_place(options.out / "allocators.json")
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    modes = [mode for mode in MODES if not (options.without_predecessor and mode == "predecessor")]
    workers = []
    try:
        libraries = find_libraries(modes, options.libraries, options.out)
        workers = [start(mode, libraries[mode], options.quick) for mode in modes]
        measured = measure(workers, options.rounds)
        logits = {each.name: each.ask("logits") for each in workers}
        machine = workers[0].ask("about")
    except (Failure, subprocess.CalledProcessError) as failure:
        print(f"allocators: {failure}", file=sys.stderr)
        return 1
    finally:
        for each in workers:
            each.end()
    summary = summarize(measured, modes)
    bars = judge(summary, logits)
    context = {"started": started, "rounds": options.rounds, "quick": options.quick}
    about = {**context, **machine, "recipes": {m: RECIPES[f"bench_{m}"] for m in ("pool", "swap")}}
    print(table(summary, bars))
    write(options.out / "allocators.json", {"context": about, "allocators": summary, "bars": bars})
    return 1 if options.check and not all(bar["held"] for bar in bars) else 0


if __name__ == "__main__":
    sys.exit(main())
