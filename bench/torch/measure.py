"""One process of allocators.py: what one allocator costs PyTorch, as JSON on standard output."""

import contextlib
import gc
import hashlib
import json
import statistics
import sys
import time
from pathlib import Path

SIZES = {"4 KiB": 4 << 10, "1 MiB": 1 << 20, "64 MiB": 64 << 20}


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
    """Nanoseconds of one tensor's allocation and free: the median of 15 batches."""
    import torch

    def batch(count: int) -> float:
        torch.cuda.synchronize()
        start = time.perf_counter_ns()
        for _ in range(count):
            torch.empty(size, dtype=torch.uint8, device="cuda")
        taken = time.perf_counter_ns() - start
        torch.cuda.synchronize()
        return taken / count

    batch(20)
    count = max(10, int(seconds * 1e9 / 15 / batch(20)))
    gc.disable()
    measured = [batch(count) for _ in range(15)]
    gc.enable()
    return statistics.median(measured)


def decode(layers: int, new_tokens: int, repeats: int) -> dict:
    """Tokens per second of a Llama with random weights: hidden size 2048, bf16, batch 8; and its logits."""
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
    )
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        model = LlamaForCausalLM(config).eval()
    prompt = torch.randint(0, 32000, (8, 32), generator=torch.Generator().manual_seed(1)).cuda()

    def generate(observe) -> float:
        """Seconds of decoding, the prompt's own pass left out."""
        out = model(input_ids=prompt, use_cache=True)
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(new_tokens):
            tokens = out.logits[:, -1].argmax(-1, keepdim=True)
            out = model(input_ids=tokens, past_key_values=out.past_key_values, use_cache=True)
            observe(out.logits)
        torch.cuda.synchronize()
        return time.perf_counter() - start

    hashed = hashlib.sha256()
    with torch.inference_mode():
        generate(lambda logits: hashed.update(logits.view(torch.uint8).cpu().numpy().tobytes()))
        seconds = [generate(lambda logits: None) for _ in range(repeats)]
    return {"tokens_per_s": 8 * new_tokens / statistics.median(seconds), "logits": hashed.hexdigest()}


def about() -> dict:
    import torch

    gpu = torch.cuda.get_device_properties(0)
    try:
        import transformers

        llama = transformers.__version__
    except ImportError:
        llama = None
    return {
        "gpu": gpu.name,
        "gpu_bytes": gpu.total_memory,
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "transformers": llama,
        "python": sys.version.split()[0],
    }


def main() -> None:
    mode, path, quick = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "quick"
    told = {}
    with enter(mode, path):
        for name, size in SIZES.items():
            told[f"alloc+free {name}, ns"] = allocate_and_free(size, 0.1 if quick else 0.5)
        told["about"] = about()
        if told["about"]["transformers"] is not None:
            llama = decode(2 if quick else 8, 16 if quick else 64, 3)
            told["Llama decode, tokens/s"], told["logits"] = llama["tokens_per_s"], llama["logits"]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
