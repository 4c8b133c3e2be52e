"""One server of spill.py, in a process of its own that measures whenever it is told to.

usage: measure.py SETTINGS    a JSON object: "worker" (cmm or stock), "kv_bytes", "hbm_bytes", "library", ...

Reads a line at a time, "start", "about", "tokens", "memory", "decode" or "gpu", and answers each with a
line of JSON.
"""

import hashlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import turns
from llama import LLAMA, WITHOUT_COMPILING
from memory_kinds import memory_of

os.environ.update(
    VLLM_ENABLE_V1_MULTIPROCESSING="0",  # nothing between this process and the workers
    VLLM_NO_USAGE_STATS="1",
    HF_HUB_OFFLINE="1",
)

PROFILED_TOKENS = 48
"""Of each request under the profiler, whose own time grows with them."""


class Server:
    """Stock vLLM or ours, with a small Llama of dummy weights."""

    def __init__(self, settings: dict) -> None:
        from vllm import LLM, SamplingParams

        self.model = tempfile.TemporaryDirectory(prefix="llama-")
        Path(self.model.name, "config.json").write_text(json.dumps(LLAMA))
        ours = {}
        if settings["worker"] == "cmm":
            told = {key: settings[key] for key in ("library", "recipe", "hbm_bytes") if key in settings}
            if settings["blocks"] == "fixed":
                told |= {"memory": "recipe", "blocks": "fixed"}  # the price of blocks that stay beyond HBM
            ours = {"worker_cls": "cmm.vllm.Worker", "additional_config": {"cmm": told}}
        self.requests, self.new_tokens = settings["requests"], settings["new_tokens"]
        self.workers = settings["tensor_parallel_size"]
        self.llm = LLM(
            self.model.name,
            load_format="dummy",
            skip_tokenizer_init=True,
            max_model_len=1024,
            max_num_seqs=self.requests,
            gpu_memory_utilization=settings["gpu_memory_utilization"],
            kv_cache_memory_bytes=settings["kv_bytes"],
            enable_prefix_caching=settings.get("prefix_caching", False),
            seed=0,
            tensor_parallel_size=settings["tensor_parallel_size"],
            **({} if settings["compile"] else {"compilation_config": WITHOUT_COMPILING}),
            **ours,
        )
        self.sampling = lambda tokens: SamplingParams(
            temperature=0, max_tokens=tokens, ignore_eos=True, detokenize=False
        )

    def generate(self, new_tokens: int) -> tuple[float, list[list[int]]]:
        """New tokens per second, and the tokens."""
        prompts = [
            {"prompt_token_ids": [(7 * each + 13 * at) % 31000 + 3 for at in range(64)]}
            for each in range(self.requests)
        ]
        start = time.perf_counter()
        outputs = self.llm.generate(prompts, self.sampling(new_tokens), use_tqdm=False)
        taken = time.perf_counter() - start
        tokens = [list(output.outputs[0].token_ids) for output in outputs]
        return sum(map(len, tokens)) / taken, tokens

    def gpu_seconds(self) -> float | None:
        """What the kernels of a step take, whatever the host does meanwhile; None where workers are apart."""
        import torch
        from torch.profiler import ProfilerActivity, profile

        if self.workers > 1:
            return None
        tokens = min(self.new_tokens, PROFILED_TOKENS)
        with profile(activities=[ProfilerActivity.CUDA]) as seen:
            self.generate(tokens)
        taken = sum(each.self_device_time_total for each in seen.key_averages())
        torch.cuda.synchronize()
        return taken / 1e6 / tokens

    def answer(self, what: str):
        if what == "memory":
            return self.llm.collective_rpc(memory_of)
        if what == "gpu":
            return self.gpu_seconds()
        rate, tokens = self.generate(self.new_tokens)
        return rate if what == "decode" else hashlib.sha256(json.dumps(tokens).encode()).hexdigest()


def main() -> None:
    settings = json.loads(sys.argv[1])
    channel = turns.answer_channel()
    import vllm  # before the first line is read, so that processes import at the same time

    about = {"vllm": vllm.__version__, "model": LLAMA}
    turns.serve_made(channel, lambda: about, lambda: Server(settings).answer)


if __name__ == "__main__":
    main()
