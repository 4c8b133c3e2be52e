#!/usr/bin/env python3
"""What a KV cache beyond HBM costs vLLM: tokens per second and tokens of our worker beside the stock one.

Stock vLLM, and cmm.vllm.Worker with shares of the KV cache on the host; a small Llama of dummy weights,
decoded greedily, with requests that fill the cache. Each server has a process of its own, and they take
turns. Ratios are those of one turn.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "bench"))

from turns import Failure, Process, spread, take_turn, write  # noqa: E402

STOCK = "stock"
BAR = 0.98
GPU_BAR = 0.99
GPU_ROUNDS = 3
"""Turns that are profiled: the GPU's time varies little."""


def ours_with(share: int) -> str:
    return f"cmm, {share} % on the host"


def shares(text: str) -> list[int]:
    """Per cent, such as 0,25; for argparse."""
    found = text.split(",")
    if len(set(found)) != len(found) or not all(each.isdigit() and int(each) <= 100 for each in found):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of per cent; write such as 0,25,50,75")
    return [int(each) for each in found]


def servers(options: argparse.Namespace) -> dict[str, dict]:
    """The settings of each server."""
    kv_bytes = options.kv_mib << 20
    common = {
        "kv_bytes": kv_bytes,
        "requests": options.requests,
        "new_tokens": options.new_tokens,
        "gpu_memory_utilization": options.gpu_memory_utilization,
        "tensor_parallel_size": options.tensor_parallel_size,
        "compile": options.compile,
        "blocks": options.blocks,
    }
    source = {"library": str(options.library.resolve())} if options.library else {}
    ours = {
        ours_with(share): {
            "worker": "cmm",
            "hbm_bytes": kv_bytes * (100 - share) // 100,
            **source,
            **common,
        }
        for share in options.host_shares
    }
    return {STOCK: {"worker": "stock", **common}, **ours}


def measure(
    processes: list[Process], rounds: int, seconds: float, keep: Callable[[dict], None] = lambda found: None
) -> dict:
    """What each server did; kept before the GPU's time is asked for, and after each time."""
    for each in processes:  # one after the other, for each profiles how much of the GPU is free
        print(f"starting {each.name}", file=sys.stderr, flush=True)
        each.ask("start")
    tokens = {each.name: each.ask("tokens") for each in processes}
    turns = []
    end = time.monotonic() + seconds
    for number in range(rounds):
        if turns and time.monotonic() >= end:
            print(f"no more rounds after {seconds:g} seconds", file=sys.stderr, flush=True)
            break
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        turns.append(take_turn(processes, "decode", number))
    workers = {each.name: each.ask("memory") for each in processes}
    found = {
        each.name: {
            "tokens_per_second": spread([turn[each.name] for turn in turns]),
            "to_stock": spread([turn[each.name] / turn[STOCK] for turn in turns]),
            "same_tokens": tokens[each.name] == tokens[STOCK],
            "workers": workers[each.name],
        }
        for each in processes
    }
    keep(found)
    profiled: list[dict] = []
    for number in range(min(rounds, GPU_ROUNDS)):
        print(f"the GPU's time of a step, {number + 1}", file=sys.stderr, flush=True)
        profiled.append(take_turn(processes, "gpu", number))
        if profiled[-1][STOCK] is None:  # workers are apart
            break
        for name, seen in found.items():
            seen["gpu_step"] = gpu_step(name, profiled)
        keep(found)
    return found


def gpu_step(name: str, turns: list[dict]) -> dict:
    """The GPU's time of a step in seconds, and stock's beside it."""
    return {
        "seconds": spread([turn[name] for turn in turns]),
        "to_stock": spread([turn[STOCK] / turn[name] for turn in turns]),
    }


def judge(found: dict, blocks: str = "fixed") -> list[dict]:
    """The bars: the same tokens, the right memory, and the rate of a resident KV cache.

    Blocks that follow lie in one range of both memories, which begins with memory of the GPU.
    """
    bars = []
    for name, seen in found.items():
        kind = "managed" if name != STOCK and blocks == "fixed" else "device"
        right = all(each["kv"] == [kind] and each["weights"] == ["device"] for each in seen["workers"])
        bars.append({"server": name, "bar": f"KV cache {kind}, weights device", "held": right})
        bars.append({"server": name, "bar": "the tokens of stock vLLM", "held": seen["same_tokens"]})
    resident = found.get(ours_with(0))
    if resident and "gpu_step" in resident:
        ratio = resident["gpu_step"]["to_stock"]["median"]
        bar = f"at least {GPU_BAR} of stock by the GPU's time of a step"
        bars.append({"server": ours_with(0), "bar": bar, "held": ratio >= GPU_BAR, "figure": ratio})
        high = resident["to_stock"]["confidence"][1]
        bar = f"at least {GPU_BAR} of stock by tokens per second, within its interval"
        bars.append({"server": ours_with(0), "bar": bar, "held": high >= GPU_BAR, "figure": high})
    elif resident:
        ratio, (low, high) = resident["to_stock"]["median"], resident["to_stock"]["confidence"]
        bars.append(
            {
                "server": ours_with(0),
                "bar": f"at least {BAR} of stock",
                "held": ratio >= BAR,
                "certain": not low < BAR <= high,
                "figure": ratio,
            }
        )
    return bars


def on_host(worker: dict) -> float:
    """The share of a worker's KV cache that is on the host."""
    return sum(share for place, share in worker.get("residency", {}).items() if place.startswith("host"))


def table(found: dict, bars: list[dict]) -> str:
    lines = [
        "| Server | tokens/s | to stock (95 %) | KV on the host | same tokens |",
        "|---|---:|---:|---:|---|",
    ]
    for name, seen in found.items():
        ratio = seen["to_stock"]
        low, high = ratio["confidence"]
        host = statistics.mean(map(on_host, seen["workers"]))
        rate = f"{seen['tokens_per_second']['median']:.0f}"
        same = "yes" if seen["same_tokens"] else "NO"
        lines.append(
            f"| {name} | {rate} | {ratio['median']:.3f} ({low:.3f}–{high:.3f}) | {host:.0%} | {same} |"
        )
    missed = [bar for bar in bars if not bar["held"]]
    lines += ["", f"missed: {named(missed)}" if missed else "every bar is held"]
    unsure = [bar for bar in bars if not bar.get("certain", True)]
    if unsure:
        lines.append(f"not certain by these rounds, take more: {named(unsure)}")
    return "\n".join(lines)


def named(bars: list[dict]) -> str:
    return "; ".join(f"{bar['server']}: {bar['bar']}" for bar in bars)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9, help="how often each is measured (9)")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="begin no round after so many seconds of them"
    )
    parser.add_argument(
        "--host-shares", type=shares, default=[0, 25, 50, 75], help="per cent on the host (0,25,50,75)"
    )
    parser.add_argument(
        "--kv-mib", type=int, default=1024, help="MiB of KV cache of each server, on each GPU (1024)"
    )
    parser.add_argument("--requests", type=int, default=63, help="at once (63)")
    parser.add_argument("--new-tokens", type=int, default=192, help="of each request (192)")
    parser.add_argument(
        "--gpu-memory-utilization", type=float, default=0.14, help="of the GPU for each server (0.14)"
    )
    parser.add_argument("--tensor-parallel-size", type=int, default=1, help="GPUs of each server (1)")
    parser.add_argument(
        "--no-compile",
        dest="compile",
        action="store_false",
        help="without torch.compile, so that it starts sooner",
    )
    parser.add_argument(
        "--blocks",
        choices=("fixed", "follow"),
        default="fixed",
        help="fixed: managed memory, each block keeps its place; follow: as cmm serve has it (fixed)",
    )
    parser.add_argument("--library", type=Path, help="a ready allocator in place of one built now")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "vllm", help="folder of spill.json")
    parser.add_argument("--check", action="store_true", help="exit status 1 if a bar is missed")
    options = parser.parse_args()
    for name in ("rounds", "tensor_parallel_size"):
        if (value := getattr(options, name)) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1, not {value}")
    if not options.seconds > 0:
        parser.error(f"--seconds must be more than 0, not {options.seconds:g}")
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    unsaid = ("library", "out", "check", "seconds")
    told = {key: value for key, value in vars(options).items() if key not in unsaid}
    processes: list[Process] = []

    def keep(found: dict) -> None:
        told["rounds"] = len(found[STOCK]["tokens_per_second"]["values"])
        context = {"started": started, **told, **processes[0].ask("about")}
        bars = judge(found, options.blocks)
        write(options.out / "spill.json", {"context": context, "servers": found, "bars": bars})

    try:
        for name, settings in servers(options).items():
            processes.append(Process(name, [HERE / "measure.py", json.dumps(settings)]))
        found = measure(processes, options.rounds, options.seconds, keep)
    except Failure as failure:
        print(f"spill: {failure}", file=sys.stderr)
        return 1
    finally:
        for each in processes:
            each.end()
    bars = judge(found, options.blocks)
    print(table(found, bars))
    return 1 if options.check and not all(bar["held"] for bar in bars) else 0


if __name__ == "__main__":
    sys.exit(main())
