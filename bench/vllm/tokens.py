#!/usr/bin/env python3
"""Whether blocks that follow give the tokens of stock vLLM, in each way of running it.

Stock vLLM with all of the KV cache in HBM, cmm.vllm.Worker with a quarter of it there and blocks that follow,
and the same by careful copies; a small model of dummy weights, decoded greedily, with prompts that share
prefixes, come back and are preempted, and one that is longer than HBM holds. All have as many blocks, so vLLM
schedules them alike. Stock vLLM runs twice: where it differs from itself, as when a token decides by the
company that its request has in a batch, nothing is said of the others. The servers of a case run at once.
"""

import argparse
import dataclasses
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(HERE)]

import workloads  # noqa: E402
from llama import LLAMA  # noqa: E402
from tier_kinds import FOLLOWING, STOCK  # noqa: E402
from tiers import chosen, token_bytes  # noqa: E402
from turns import Failure, Process  # noqa: E402

SMALL = {
    **LLAMA,
    "hidden_size": 1024,
    "intermediate_size": 2816,
    "num_hidden_layers": 8,
    "num_attention_heads": 8,
}
SMALL |= {"num_key_value_heads": 8}
WINDOWED = {**SMALL, "architectures": ["MistralForCausalLM"], "model_type": "mistral", "sliding_window": 256}
HYBRID = {
    **SMALL,
    "architectures": ["FalconH1ForCausalLM"],
    "model_type": "falcon_h1",
    "hidden_size": 512,
    "intermediate_size": 1408,
    "num_hidden_layers": 2,
    "head_dim": 64,
    "mamba_d_ssm": 1024,
    "mamba_n_heads": 16,
    "mamba_d_head": 64,
    "mamba_n_groups": 1,
    "mamba_d_state": 16,
    "mamba_d_conv": 4,
    "mamba_chunk_size": 256,
    "tie_word_embeddings": False,
}
"""States beside attention in every layer, in blocks of one size; a state takes no more than 32 tokens."""
MIXED = {
    **SMALL,
    "architectures": ["Gemma3ForCausalLM"],
    "model_type": "gemma3_text",
    "head_dim": 128,
    "query_pre_attn_scalar": 128,
    "sliding_window": 256,
    "layer_types": (["sliding_attention"] * 3 + ["full_attention"]) * 2,
    "hidden_activation": "gelu_pytorch_tanh",
    "rope_theta": 1000000.0,
    "rope_local_base_freq": 10000.0,
}
"""Layers with a window beside layers without one, as groups of one pool of blocks."""
HBM, HOST, STAGING = 32 << 20, 96 << 20, 12 << 20
NGRAM = {"method": "ngram", "num_speculative_tokens": 3, "prompt_lookup_max": 4}


@dataclasses.dataclass(frozen=True)
class Case:
    """A way of running vLLM."""

    model: dict
    engine: dict = dataclasses.field(default_factory=dict)
    environment: dict = dataclasses.field(default_factory=dict)
    gpus: int = 1
    cached: int | None = None
    """Layers that keep keys and values of all tokens; all layers if None."""

    @property
    def token_bytes(self) -> int:
        """Of the KV cache on each GPU."""
        layers = self.model["num_hidden_layers"] if self.cached is None else self.cached
        return token_bytes({**self.model, "num_hidden_layers": layers}, self.gpus)


CASES = {
    "plain": Case(SMALL),
    "v1": Case(SMALL, environment={"VLLM_USE_V2_MODEL_RUNNER": "0"}),
    "sync": Case(SMALL, {"async_scheduling": False}),
    "v2": Case(SMALL, environment={"VLLM_USE_V2_MODEL_RUNNER": "1"}),
    "v2-sync": Case(SMALL, {"async_scheduling": False}, {"VLLM_USE_V2_MODEL_RUNNER": "1"}),
    "ngram": Case(SMALL, {"speculative_config": NGRAM}),
    "window": Case(WINDOWED),
    "mixed": Case(MIXED, cached=2),
    "mixed-v2": Case(MIXED, environment={"VLLM_USE_V2_MODEL_RUNNER": "1"}, cached=2),
    "hybrid": Case(HYBRID, {"mamba_cache_mode": "align"}),
    "hybrid-no-caching": Case(HYBRID, {"enable_prefix_caching": False}),
    "no-caching": Case(SMALL, {"enable_prefix_caching": False}),
    "chunked": Case(SMALL, {"max_num_batched_tokens": 256}),
    "tp2": Case(SMALL, gpus=2),
}
KINDS = {"stock": STOCK, "stock again": STOCK, "following": FOLLOWING, "careful": FOLLOWING}


def asked(case: Case) -> list[workloads.Workload]:
    """Prompts that come back, and more at once than there are blocks for."""
    each = case.token_bytes
    in_hbm, beyond = HBM // each, HOST // each
    crowded = workloads.make("over", in_hbm + beyond, in_hbm, 0)  # so that some are preempted
    shared = workloads.make("trace", in_hbm, beyond, 0)
    at_once = [dataclasses.replace(session, arrives=0.0) for session in shared.sessions]  # by no clock
    return [
        workloads.make("returning", in_hbm, beyond, 0),
        crowded,
        workloads.make("long", in_hbm, beyond, 0),
        dataclasses.replace(shared, sessions=at_once),
    ]


def settings(kind: str, case: Case, loads: list[workloads.Workload]) -> dict:
    """Of a server."""
    length = max(load.longest for load in loads) + 16
    stock = KINDS[kind] == STOCK
    return {
        "kind": KINDS[kind],
        "hbm_bytes": HBM + HOST if stock else HBM,
        "host_bytes": 0 if stock else HOST,
        "model": {**case.model, "max_position_embeddings": length},
        "max_model_len": length,
        "max_num_seqs": 64,
        "gpu_memory_utilization": 0.3,
        "tensor_parallel_size": case.gpus,
        "compile": False,
        "engine": case.engine,
        "cmm": {"blocks": "careful" if kind == "careful" else "follow", "staging_bytes": STAGING},
    }


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a server answered."""

    digests: dict[str, str]
    """Of the tokens of each workload."""
    preempted: float
    staged: float
    """Bytes that were copied for prompts, of what lies beyond HBM."""


def digests(kind: str, name: str, options: argparse.Namespace) -> Seen:
    """Of the tokens of each workload, and what was counted meanwhile."""
    case = CASES[name]
    loads = asked(case)
    variables = case.environment | ({"VLLM_BATCH_INVARIANT": "1"} if options.exact else {})
    told = json.dumps(settings(kind, case, loads))
    process = Process(f"{kind}, {name}", [options.server, told], variables)

    def answer(what: str) -> dict:
        answered = process.ask(what)
        if "refused" in answered:
            raise Failure(f"{kind} with {name} was refused: {answered['refused']}")
        return answered

    try:
        answer("start")
        answers = {load.name: answer(load.to_json()) for load in loads}
    finally:
        process.end()
    said = {load: each["digest"] for load, each in answers.items()}
    counted = (
        sum(each.get(what, 0) for each in answers.values()) for what in ("preemptions", "staged_bytes")
    )
    return Seen(said, *counted)


def verdict(found: dict[str, Seen]) -> tuple[bool, str]:
    """Whether all gave the tokens of stock vLLM, and in which workload one did not."""
    stock = found["stock"].digests
    other = {
        kind: [name for name, digest in seen.digests.items() if digest != stock[name]]
        for kind, seen in found.items()
    }
    preempted = f"preempted {', '.join(f'{seen.preempted:.0f}' for seen in found.values())}"
    if staged := max(seen.staged for seen in found.values()):
        preempted += f"; {staged / 2**20:.0f} MiB staged"
    if of_itself := other.pop("stock again"):
        return False, f"UNDECIDED: stock vLLM differs from itself in {', '.join(of_itself)}; {preempted}"
    wrong = [f"{kind} in {', '.join(names)}" for kind, names in other.items() if names]
    return not wrong, f"{'OTHER TOKENS: ' + '; '.join(wrong) if wrong else 'the same tokens'}; {preempted}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = tuple(CASES)
    parser.add_argument("--cases", type=chosen(known), default=list(known), help=f"of {', '.join(known)}")
    parser.add_argument(
        "--exact",
        action="store_true",
        help="kernels whose results do not depend on the batch (VLLM_BATCH_INVARIANT)",
    )
    parser.add_argument("--server", type=Path, default=HERE / "tiers_server.py", help=argparse.SUPPRESS)
    options = parser.parse_args()
    missed = 0
    for name in options.cases:
        with ThreadPoolExecutor(len(KINDS)) as threads:
            asking = {kind: threads.submit(digests, kind, name, options) for kind in KINDS}
        try:
            same, said = verdict({kind: each.result() for kind, each in asking.items()})
        except Failure as failure:
            same, said = False, f"NOT RUN: {failure}"
        missed += not same
        print(f"{name:12} {said}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
