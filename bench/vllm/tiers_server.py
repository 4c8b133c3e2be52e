"""One server of tiers.py, in a process of its own.

usage: tiers_server.py SETTINGS    a JSON object: "kind", "hbm_bytes", "host_bytes", "model", ...

Reads a line at a time: "about", "start", or a workload as JSON; answers each with a line of JSON. What vLLM
refuses is answered as {"refused": "..."}.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import turns
from mended import mend
from sessions import drive
from tier_kinds import engine_arguments
from workloads import Workload

os.environ.update(VLLM_ENABLE_V1_MULTIPROCESSING="0", VLLM_NO_USAGE_STATS="1", HF_HUB_OFFLINE="1")


class Engine:
    """vLLM's LLMEngine."""

    def __init__(self, settings: dict) -> None:
        from vllm import EngineArgs, LLMEngine, SamplingParams

        mend()
        self.model = tempfile.TemporaryDirectory(prefix="llama-")
        Path(self.model.name, "config.json").write_text(json.dumps(settings["model"]))
        known = {"has_watermark": "watermark" in EngineArgs.__dataclass_fields__}
        arguments = engine_arguments(settings | known, self.model.name)
        self._sampling = SamplingParams
        self.engine = LLMEngine.from_engine_args(EngineArgs(**arguments))

    def add(self, number: str, prompt: list[int], answer: int) -> None:
        sampling = self._sampling(temperature=0, max_tokens=answer, ignore_eos=True, detokenize=False)
        sampling.output_kind = _delta()
        self.engine.add_request(number, {"prompt_token_ids": prompt}, sampling)

    def step(self) -> list[tuple[str, list[int], bool]]:
        answers = self.engine.step()
        for each in answers:
            if each.finished:  # vLLM's counters leave out steps without tokens, in which hits are found
                self.asked += len(each.prompt_token_ids)
                self.found += each.num_cached_tokens or 0
        return [(each.request_id, list(each.outputs[0].token_ids), each.finished) for each in answers]

    def counted(self) -> dict:
        """vLLM's own counters, and those of our workers."""
        found = {
            metric.name: metric.value
            for metric in self.engine.get_metrics()
            if hasattr(metric, "value") and metric.name.startswith("vllm:")
        }
        found["cmm"] = self.engine.collective_rpc(blocks_of)
        return found

    def answer(self, what: str) -> dict:
        """Drives a workload; nothing is found again of what was asked before."""
        self.asked = self.found = 0
        before = self.counted()
        found = drive(self, Workload.from_json(what))
        found |= since(before, self.counted())
        found["hit_share"] = self.found / max(self.asked, 1)
        self.engine.reset_prefix_cache(reset_connector=True)
        return found


def _delta():
    from vllm.sampling_params import RequestOutputKind

    return RequestOutputKind.DELTA


def blocks_of(worker) -> dict:
    """What our worker counted; nothing of the stock one. Called in the worker."""
    following = getattr(worker, "_following", None)
    if following is None:
        return {}
    return {
        **following.pages.counters(),
        "hits": following.follower.hits,
        "brought": following.follower.brought,
        "staged_bytes": following.staging.bytes if following.staging is not None else 0,
    }


def since(before: dict, now: dict) -> dict:
    """What was counted between: preemptions, remote share."""

    def grown(name: str) -> float:
        return now.get(name, 0) - before.get(name, 0)

    found = {"preemptions": grown("vllm:num_preemptions")}
    workers = [
        {
            name: now_of[name] - of.get(name, 0)
            for name in ("read", "read_remote", "hits", "brought", "staged_bytes")
        }
        for of, now_of in zip(before["cmm"], now["cmm"], strict=True)
        if now_of
    ]
    read = sum(each["read"] for each in workers)
    if read:
        found["remote_share"] = sum(each["read_remote"] for each in workers) / read
        found["staged_bytes"] = sum(each["staged_bytes"] for each in workers)
        found["brought"] = sum(each["brought"] for each in workers)
    return found


def about() -> dict:
    import vllm

    return {"vllm": vllm.__version__}


REFUSED = (TypeError, ValueError, RuntimeError)
"""Errors of vLLM for what it cannot do; TypeError also of an argument that this vLLM has not."""


def main() -> None:
    settings = json.loads(sys.argv[1])
    turns.serve_made(turns.answer_channel(), about, lambda: Engine(settings).answer, REFUSED)


if __name__ == "__main__":
    main()
