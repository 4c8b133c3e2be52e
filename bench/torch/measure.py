"""One allocator of allocators.py, in a process of its own that measures whenever it is told to.

usage: measure.py MODE LIBRARY quick|whole

Reads a line at a time, "about", "logits", "allocate BYTES" or "decode", and answers each with a line of JSON.
"""

import contextlib
import gc
import hashlib
import sys
import time
from pathlib import Path

import turns

WARM_UP = 20
BATCH = 8
PROMPT = 32


def enter(mode: str, path: Path):
    """Makes PyTorch allocate as `mode` says; gives the context in which it does."""
    import torch

    if mode == "native":
        return contextlib.nullcontext()
    if mode == "predecessor":
        names = ("predecessor_allocate", "predecessor_free")
        torch.cuda.memory.change_current_allocator(
            torch.cuda.memory.CUDAPluggableAllocator(str(path), *names)
        )
        return contextlib.nullcontext()
    import cmm.torch

    allocator = cmm.torch.load(path)
    if mode == "pool":
        return cmm.torch.use_pool(allocator)
    cmm.torch.swap_global(allocator)
    return contextlib.nullcontext()


def allocate_and_free(size: int, seconds: float) -> float:
    """Nanoseconds of one tensor's allocation and free, over about so many seconds."""
    import torch

    def batch(count: int) -> float:
        torch.cuda.synchronize()
        start = time.perf_counter_ns()
        for _ in range(count):
            torch.empty(size, dtype=torch.uint8, device="cuda")
        taken = time.perf_counter_ns() - start
        torch.cuda.synchronize()
        return taken / count

    batch(WARM_UP)
    return batch(max(WARM_UP, int(seconds * 1e9 / batch(WARM_UP))))


class Llama:
    """Greedy decoding with random weights in bf16: hidden size 2048, batch 8, the same tokens each time.

    It goes by turns of a few tokens, so that processes that take turns measure within a tenth of a second of
    one another; after the last turn of a text it starts anew.
    """

    def __init__(self, layers: int, new_tokens: int, turn: int) -> None:
        import torch
        from transformers import LlamaConfig, LlamaForCausalLM

        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=32000,
            hidden_size=2048,
            intermediate_size=5632,
            num_hidden_layers=layers,
            num_attention_heads=16,
            num_key_value_heads=16,
            max_position_embeddings=1024,
            dtype="bfloat16",
        )
        torch.set_default_dtype(torch.bfloat16)
        with torch.device("cuda"):
            self.model = LlamaForCausalLM(config).eval()
        torch.set_default_dtype(torch.float32)
        self.new_tokens, self.turn = new_tokens, turn
        self.out, self.decoded = None, 0
        self.prompt = torch.randint(
            0, 32000, (BATCH, PROMPT), generator=torch.Generator().manual_seed(1)
        ).cuda()

    def start(self) -> None:
        """The prompt's own pass."""
        self.out = self.model(input_ids=self.prompt, use_cache=True)
        self.decoded = 0

    def step(self) -> None:
        """One more token of each of the batch."""
        tokens = self.out.logits[:, -1].argmax(-1, keepdim=True)
        self.out = self.model(input_ids=tokens, past_key_values=self.out.past_key_values, use_cache=True)
        self.decoded += 1

    def decode(self) -> float:
        """Tokens per second over one turn, the prompt's own pass left out."""
        import torch

        with torch.inference_mode():
            if self.out is None or self.decoded >= self.new_tokens:
                self.start()
            self.step()
            torch.cuda.synchronize()
            start = time.perf_counter()
            for _ in range(self.turn):
                self.step()
            torch.cuda.synchronize()
        return BATCH * self.turn / (time.perf_counter() - start)

    def logits(self) -> str:
        """A hash of the bits of all logits of one text."""
        import torch

        hashed = hashlib.sha256()
        with torch.inference_mode():
            self.start()
            while self.decoded < self.new_tokens:
                self.step()
                hashed.update(self.out.logits.view(torch.uint8).cpu().numpy().tobytes())
        self.out = None
        return hashed.hexdigest()


def about() -> dict:
    import transformers

    versions = {"transformers": transformers.__version__, "python": sys.version.split()[0]}
    return {**turns.about_machine(), **versions}


def main() -> None:
    mode, path, quick = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "quick"
    channel = turns.answer_channel()
    with enter(mode, path):
        llama = Llama(2, 16, 3) if quick else Llama(8, 64, 7)
        gc.collect()
        gc.freeze()

        def answer(line: str):
            what, *argument = line.split()
            if what == "about":
                return about()
            if what == "logits":
                return llama.logits()
            if what == "allocate":
                return allocate_and_free(int(argument[0]), 0.01 if quick else 0.04)
            return llama.decode()

        turns.serve(channel, answer)


if __name__ == "__main__":
    main()
