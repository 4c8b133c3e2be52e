"""A Llama with its weights in HBM and its KV cache in managed memory: one `with` around what fills the cache.

usage: llama_kv.py [ALLOCATOR.so]    without it, the recipe below is built
"""

import sys
import time

try:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, StaticCache
except ImportError as missing:
    print(f"left out: {missing.name} is not installed")
    sys.exit(77)
if not torch.cuda.is_available():
    print("left out: PyTorch sees no GPU")
    sys.exit(77)

import cmm.torch

RECIPE = "managed | threshold_prefetch{.below = 2GiB} | limit{1GiB} | stats"
BATCH, PROMPT, NEW = 8, 32, 64


def main() -> int:
    allocator = cmm.torch.load(sys.argv[1]) if sys.argv[1:] else cmm.torch.build(RECIPE)
    config = LlamaConfig(
        vocab_size=32000, hidden_size=1024, intermediate_size=2816, num_hidden_layers=4, num_attention_heads=8
    )
    model = LlamaForCausalLM(config).to("cuda", torch.bfloat16).eval()  # PyTorch's own memory
    tokens = torch.randint(0, 32000, (BATCH, PROMPT), device="cuda")

    cache = StaticCache(config=config, max_cache_len=PROMPT + NEW)
    shape = (BATCH, config.num_key_value_heads, config.head_dim)
    with cmm.torch.use_pool(allocator):  # ours
        cache.early_initialization(*shape, torch.bfloat16, torch.device("cuda"))

    with torch.inference_mode():
        logits = model(input_ids=tokens, past_key_values=cache).logits
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(NEW):
            tokens = logits[:, -1].argmax(-1, keepdim=True)
            logits = model(input_ids=tokens, past_key_values=cache).logits
        torch.cuda.synchronize()
    rate = BATCH * NEW / (time.perf_counter() - start)

    keys = cache.layers[0].keys
    used = cmm.torch.stats(allocator)
    print(
        f"{used.recipe}\n{rate:.0f} tokens/s with {used.live_bytes >> 20} MiB of managed memory for the cache"
    )
    print(f"keys of the first layer: {cmm.torch.residency(keys)}")
    cmm.torch.prefetch(keys, "host")  # out of the way, for a while
    torch.cuda.synchronize()
    print(f"after a prefetch to the host: {cmm.torch.residency(keys)}")
    return 0 if used.live_bytes > 0 and torch.isfinite(logits).all() else 1


if __name__ == "__main__":
    sys.exit(main())
