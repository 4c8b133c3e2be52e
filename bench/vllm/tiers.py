#!/usr/bin/env python3
"""What a KV cache of two memories is worth: every server has the same HBM for it, and the same host memory.

Stock vLLM; stock with its own offloading (--kv-offloading-size); with LMCache where that is installed;
cmm.vllm.Worker with blocks that keep their places, and with blocks that follow the requests. Each has a
process of its own. In each round every server runs a workload right after the others, in an order that
changes from round to round, so that no drift of the machine decides; what is compared is the ratio within a
round. The workloads are sized by the HBM:

cycled, returning, over, long, trace: see workloads.py
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(HERE)]

import workloads  # noqa: E402
from llama import LARGE, LLAMA  # noqa: E402
from tier_bars import judge, table  # noqa: E402
from tier_kinds import KINDS, environment, why_not  # noqa: E402
from turns import Failure, Process, in_turn, spread, write  # noqa: E402

SERVER = HERE / "tiers_server.py"
MODELS = {"small": LLAMA, "large": LARGE}
SPREAD = ("tokens_per_second",)
LATENCIES = ("ttft", "itl")
COUNTED = ("start_seconds", "preemptions", "hit_share", "remote_share", "brought", "staged_bytes")


def token_bytes(model: dict, gpus: int) -> int:
    """Bytes of KV for a token on each GPU."""
    size = model["hidden_size"] // model["num_attention_heads"]
    return 2 * 2 * size * model["num_hidden_layers"] * -(-model["num_key_value_heads"] // gpus)


def planned(options: argparse.Namespace) -> dict[str, workloads.Workload]:
    each = token_bytes(MODELS[options.model], options.tensor_parallel_size)
    in_hbm, beyond = (options.hbm_mib << 20) // each, (options.host_mib << 20) // each
    return {
        name: workloads.make(name, in_hbm, beyond, options.seed, options.trace) for name in options.workloads
    }


def settings(kind: str, options: argparse.Namespace, longest: int, at_once: int, beside: int) -> dict:
    """Of a server for workloads of these sizes, one of so many on the GPU."""
    length = longest + 16
    return {
        "kind": kind,
        "hbm_bytes": options.hbm_mib << 20,
        "host_bytes": options.host_mib << 20,
        "model": {**MODELS[options.model], "max_position_embeddings": length},
        "max_model_len": length,
        "max_num_seqs": min(at_once, 1024),
        "gpu_memory_utilization": options.gpu_memory_utilization / beside,
        "tensor_parallel_size": options.tensor_parallel_size,
        "compile": options.compile,
    }


def measure(
    asked: dict[str, workloads.Workload], options: argparse.Namespace, keep: Callable[[dict], None]
) -> None:
    """Each workload by each kind: figures of every round, or why there are none; kept after each answer."""
    left_out = {
        kind: {name: {"left_out": why} for name in asked}
        for kind in options.servers
        if (why := why_not(kind))
    }
    kinds = [kind for kind in options.servers if kind not in left_out]
    rounds: dict[str, dict[str, list]] = {kind: {} for kind in kinds}

    def note(name: str, kind: str, answer: dict) -> None:
        rounds[kind].setdefault(name, []).append(answer)
        keep(left_out | {kind: {of: joined(seen) for of, seen in rounds[kind].items()} for kind in kinds})

    if not kinds:
        keep(left_out)
    long = [name for name in asked if name == "long"]
    for names in ([name for name in asked if name not in long], long):
        if names and kinds:
            (_alone if options.apart else _beside)(kinds, names, asked, options, note)


def _beside(kinds: list[str], names: list[str], asked: dict, options: argparse.Namespace, note) -> None:
    """All servers are there at once, and take turns."""
    loads = [asked[name] for name in names]
    with ThreadPoolExecutor(len(kinds)) as threads:
        made = list(threads.map(lambda kind: Server(kind, loads, options, len(kinds)), kinds))
    servers = dict(zip(kinds, made, strict=True))
    try:
        for server in made:  # one after the other, for each profiles how much of the GPU is free
            server.start()
        for name in names:
            for number in range(options.rounds):
                for kind in in_turn(kinds, number):
                    note(name, kind, servers[kind].ask(asked[name]))
    finally:
        for server in made:
            server.end()


def _alone(kinds: list[str], names: list[str], asked: dict, options: argparse.Namespace, note) -> None:
    """One server is there at a time, made anew in each round."""
    for number in range(options.rounds):
        for kind in in_turn(kinds, number):
            server = Server(kind, [asked[name] for name in names], options, 1)
            try:
                server.start()
                for name in names:
                    note(name, kind, server.ask(asked[name]))
            finally:
                server.end()


class Server:
    """A process with a server of a kind, for these workloads, beside so many others on the GPU."""

    def __init__(
        self, kind: str, loads: list[workloads.Workload], options: argparse.Namespace, beside: int
    ) -> None:
        """Imports vLLM; what is refused, or ends, is the answer to every workload."""
        self._loads = ", ".join(load.name for load in loads)
        longest, at_once = (max(getattr(load, name) for load in loads) for name in ("longest", "at_once"))
        told = settings(kind, options, longest, at_once, beside)
        variables = environment(kind, told["host_bytes"])
        if options.exact:
            variables["VLLM_BATCH_INVARIANT"] = "1"
        self.process = Process(kind, [options.server, json.dumps(told)], variables)
        self._never: dict = {}
        self._took: dict = {}
        options.machine = self._answer("about")

    def start(self) -> None:
        """Makes the engine, with vLLM imported before that; how long it took is told beside its figures."""
        print(f"starting {self.process.name} for {self._loads}", file=sys.stderr, flush=True)
        begun = time.monotonic()
        answer = self._never or self._answer("start")
        self._took = {"start_seconds": time.monotonic() - begun}
        self._never = {why: text for why, text in answer.items() if why in ("refused", "failed")}

    def ask(self, load: workloads.Workload) -> dict:
        """The figures of a round, or why there are none."""
        print(f"{self.process.name}: {load.name}", file=sys.stderr, flush=True)
        return self._never or self._took | self._answer(load.to_json())

    def end(self) -> None:
        """Its memory is free again."""
        self.process.end()

    def _answer(self, what: str) -> dict:
        try:
            return self.process.ask(what)
        except Failure as ended:
            self._never = {"failed": str(ended)}
            return self._never


def joined(rounds: list[dict]) -> dict:
    """Rounds as one: spreads of rates and latencies, means of what was counted."""
    for each in rounds:
        if why := each.keys() & {"refused", "failed"}:
            return {name: each[name] for name in why}
    found = {name: spread([each[name] for each in rounds]) for name in SPREAD}
    for name in LATENCIES:
        found[name] = {
            part: spread([each[name][part] for each in rounds]) for part in ("mean", "p50", "p95", "p99")
        }
    for name in COUNTED:
        if values := [each[name] for each in rounds if name in each]:
            found[name] = statistics.fmean(values)
    found["digests"] = [each["digest"] for each in rounds]
    return found


def chosen(known: tuple[str, ...]):
    """Names joined by commas, of these; for argparse."""

    def read(text: str) -> list[str]:
        # The name of one server has a comma in it.
        whole = text.replace(", admit", "; admit").split(",")
        found = [each.strip().replace("; admit", ", admit") for each in whole]
        wrong = [each for each in found if each not in known]
        if wrong or len(set(found)) != len(found):
            raise argparse.ArgumentTypeError(f"{text!r} is no list of {', '.join(known)}")
        return found

    return read


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--servers", type=chosen(KINDS), default=list(KINDS), help=f"of {', '.join(KINDS)}")
    parser.add_argument(
        "--workloads", type=chosen(workloads.NAMES), default=list(workloads.NAMES), help="of those above"
    )
    parser.add_argument(
        "--model", choices=MODELS, default="small", help="3.75 billion parameters, or 60 billion (small)"
    )
    parser.add_argument("--hbm-mib", type=int, default=4096, help="MiB of KV cache in HBM (4096)")
    parser.add_argument("--host-mib", type=int, default=12288, help="MiB beyond it (12288)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each workload runs (3)")
    parser.add_argument("--seed", type=int, default=0, help="of the workloads (0)")
    parser.add_argument("--trace", type=Path, help="a file of Mooncake's kind in place of one made here")
    parser.add_argument(
        "--gpu-memory-utilization", type=float, default=0.9, help="of all servers on a GPU together (0.9)"
    )
    parser.add_argument(
        "--apart",
        action="store_true",
        help="one server on the GPU at a time, started anew in each round, where they do not fit together",
    )
    parser.add_argument("--tensor-parallel-size", type=int, default=1, help="GPUs of each server (1)")
    parser.add_argument("--no-compile", dest="compile", action="store_false", help="without torch.compile")
    parser.add_argument(
        "--exact",
        action="store_true",
        help="kernels whose results do not depend on the batch, for equal tokens",
    )
    parser.add_argument("--server", type=Path, default=SERVER, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "vllm", help="folder of tiers.json")
    parser.add_argument("--check", action="store_true", help="exit status 1 if a bar is missed")
    options = parser.parse_args(arguments)
    for name in ("hbm_mib", "host_mib", "rounds", "tensor_parallel_size"):
        if (value := getattr(options, name)) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1, not {value}")
    return options


def main() -> int:
    options = read_options()
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    unsaid = ("out", "check", "server", "machine", "trace")
    told = {key: value for key, value in vars(options).items() if key not in unsaid}
    told["trace"] = options.trace.name if options.trace else None
    found: dict = {}

    def keep(seen: dict) -> None:
        found.update(seen)
        machine = getattr(options, "machine", {})
        write(
            options.out / "tiers.json",
            {
                "context": {"kind": "tiers", "started": started, **told, **machine},
                "servers": found,
                "bars": judge(found),
            },
        )

    try:
        measure(planned(options), options, keep)
    except (Failure, ValueError, OSError) as failure:
        print(f"tiers: {failure}", file=sys.stderr)
        return 1
    bars = judge(found)
    print(table(found, bars))
    failed = any("failed" in seen for of_kind in found.values() for seen in of_kind.values())
    return 1 if failed or (options.check and not all(bar["held"] for bar in bars)) else 0


if __name__ == "__main__":
    sys.exit(main())
