#!/usr/bin/env python3
"""What PyTorch's allocations and a Llama cost with each allocator, side by side in one run.

native: PyTorch's caching. pool: the same over our memory. swap: our caching in its place. predecessor: an
allocator without a cache, predecessor.cpp. Each has a process of its own; in a round they measure one right
after the other, so that a drift of the machine hits all, and ratios are those of a round.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / "torch"), str(ROOT / "tools" / "python")]

from libraries import RECIPES  # noqa: E402

MODES = ("native", "pool", "swap", "predecessor")
SIZES = {"4 KiB": 4 << 10, "1 MiB": 1 << 20, "64 MiB": 64 << 20}
COST = "alloc+free"
RATE = "Llama decode, tokens/s"
# The bars: cost at most so many times native, tokens per second at least such a part of it.
BARS = {("pool", COST): 1.05, ("swap", COST): 1.5, ("pool", RATE): 0.99, ("swap", RATE): 0.99}


class Failure(Exception):
    """What stops the run, in one sentence."""


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


def find_libraries(folder: Path | None, scratch: Path) -> dict[str, Path]:
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
    ready = folder and folder / "predecessor.so"
    found["predecessor"] = ready.resolve() if ready and ready.exists() else build_predecessor(scratch)
    return found


class Worker:
    """One allocator's process, which measures whenever it is asked to."""

    def __init__(self, mode: str, library: Path, quick: bool) -> None:
        path = os.pathsep.join(filter(None, [str(ROOT / "tools" / "python"), os.environ.get("PYTHONPATH")]))
        self.mode = mode
        self.process = subprocess.Popen(
            [sys.executable, HERE / "measure.py", mode, library, "quick" if quick else "whole"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def ask(self, what: str):
        """What it measured; raises Failure if it has ended."""
        try:
            self.process.stdin.write(what + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise Failure(f"{self.mode} ended with {self.process.wait()}, see above")
        return json.loads(answer)

    def end(self) -> None:
        """It reads no more."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def measure(workers: list[Worker], rounds: int) -> list[dict]:
    """In each round every figure of every allocator, one right after the other."""
    for each in workers:  # all on the same cores, which differ and change their speed
        os.sched_setaffinity(each.process.pid, sorted(os.sched_getaffinity(0))[-2:])
    figures = {f"{COST} {name}, ns": f"allocate {size}" for name, size in SIZES.items()}
    figures[RATE] = "decode"
    for what in figures.values():
        for each in workers:
            each.ask(what)
    measured = []
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        told = {each.mode: {} for each in workers}
        for name, what in figures.items():
            for each in workers[number % len(workers) :] + workers[: number % len(workers)]:
                told[each.mode][name] = each.ask(what)
        measured.append(told)
    return measured


def spread(values: list[float]) -> dict:
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "values": values}


def summarize(rounds: list[dict]) -> dict:
    """Of every mode and figure: its values, and its ratios to native of the same round."""
    figures = [name for name in rounds[0]["native"] if name.startswith((COST, RATE))]
    return {
        mode: {
            name: {
                **spread([each[mode][name] for each in rounds]),
                "to_native": spread([each[mode][name] / each["native"][name] for each in rounds]),
            }
            for name in figures
        }
        for mode in MODES
    }


def judge(summary: dict, logits: dict[str, str]) -> list[dict]:
    bars = []
    for (mode, kind), limit in BARS.items():
        for name in [name for name in summary[mode] if name.startswith(kind)]:
            ratio = summary[mode][name]["to_native"]["median"]
            held = ratio <= limit if kind == COST else ratio >= limit
            bars.append({"mode": mode, "figure": name, "limit": limit, "to_native": ratio, "held": held})
    for mode in MODES[1:3]:
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
                cell += f" ({ratio['median']:.3f}×, {ratio['least']:.3f}–{ratio['most']:.3f})"
            cells.append(cell)
        lines.append(f"| {mode} | " + " | ".join(cells) + " |")
    missed = [f"{bar['mode']}, {bar['figure']}: {bar['to_native']:.3f}" for bar in bars if not bar["held"]]
    return "\n".join([*lines, "", "every bar is held" if not missed else "missed: " + "; ".join(missed)])


def write(path: Path, results: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(results, indent=1) + "\n")
    partial.rename(path)


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
    parser.add_argument("--check", action="store_true", help="exit status 1 if a bar is missed")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error(f"--rounds must be at least 1, not {options.rounds}")
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    workers = []
    try:
        libraries = find_libraries(options.libraries, options.out)
        workers = [Worker(mode, libraries[mode], options.quick) for mode in MODES]
        rounds = measure(workers, options.rounds)
        logits = {each.mode: each.ask("logits") for each in workers}
        machine = workers[0].ask("about")
    except (Failure, subprocess.CalledProcessError) as failure:
        print(f"allocators: {failure}", file=sys.stderr)
        return 1
    finally:
        for each in workers:
            each.end()
    summary = summarize(rounds)
    bars = judge(summary, logits)
    context = {"started": started, "rounds": options.rounds, "quick": options.quick}
    about = {**context, **machine, "recipes": {m: RECIPES[f"bench_{m}"] for m in ("pool", "swap")}}
    write(options.out / "allocators.json", {"context": about, "allocators": summary, "bars": bars})
    print(table(summary, bars))
    return 1 if options.check and not all(bar["held"] for bar in bars) else 0


if __name__ == "__main__":
    sys.exit(main())
