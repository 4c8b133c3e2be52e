"""What PyTorch programs do, played in every mode by test_modes.py, one process a mode."""

import os
import shutil
import threading

from world import MIB, Unavailable, digest, routed, settle, told


def every(here, *names) -> dict:
    """All scenarios of this file in one process."""
    import torch

    torch.use_deterministic_algorithms(True)
    played = {name: told(globals()[name], here) for name in names}
    if here.allocator is not None:
        import cmm.torch

        settle(here.device)
        played["memory"] = {"total": cmm.torch.stats(here.allocator).total_bytes}
    return played


@routed
def training(here) -> dict:
    """Three steps of a small network with attention: its losses, gradients and weights, to the bit."""
    import torch
    from torch import nn
    from torch.nn.attention import SDPBackend, sdpa_kernel

    torch.manual_seed(7)
    embed = nn.Embedding(1000, 256)
    attend = nn.MultiheadAttention(256, 4, batch_first=True)
    tail = nn.Sequential(nn.LayerNorm(256), nn.Linear(256, 1024), nn.GELU(), nn.Linear(1024, 1000))
    model = nn.ModuleList([embed, attend, tail]).to(here.device)
    tokens = torch.randint(0, 1000, (8, 65)).to(here.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    with sdpa_kernel(SDPBackend.MATH):
        for _ in range(3):
            optimizer.zero_grad()
            hidden = embed(tokens[:, :-1])
            hidden = hidden + attend(hidden, hidden, hidden, need_weights=False)[0]
            loss = nn.functional.cross_entropy(tail(hidden).flatten(0, 1), tokens[:, 1:].flatten())
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    gradients = digest(*(parameter.grad for parameter in model.parameters()))
    return {"losses": losses, "gradients": gradients, "weights": digest(*model.parameters())}


@routed
def llama(here) -> dict:
    """Greedy decoding of a small Llama with random weights: its tokens and logits, to the bit."""
    import torch

    try:
        from transformers import LlamaConfig, LlamaForCausalLM
    except ImportError as missing:
        raise Unavailable("transformers is not installed") from missing
    torch.manual_seed(11)
    sizes = {"hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 2}
    config = LlamaConfig(vocab_size=4096, num_attention_heads=8, num_key_value_heads=4, **sizes)
    model = LlamaForCausalLM(config).to(here.device, torch.bfloat16).eval()
    tokens = torch.randint(0, 4096, (4, 16)).to(here.device)
    cache, logits, said = None, [], []
    with torch.inference_mode():
        for _ in range(24):
            out = model(input_ids=tokens, past_key_values=cache, use_cache=True)
            cache = out.past_key_values
            tokens = out.logits[:, -1].argmax(-1, keepdim=True)
            logits.append(out.logits[:, -1].clone())
            said.append(tokens)
    return {"tokens": torch.cat(said, 1).tolist(), "logits": digest(*logits)}


def graphs(here) -> dict:
    """Capture, replay and release of CUDA graphs, again and again."""
    import torch

    given = torch.zeros(4 * MIB, device=here.device)  # 16 MiB

    def work():
        return (given * 2 + 1).relu() * 3

    side, captured = torch.cuda.Stream(here.device), torch.cuda.Stream(here.device)
    side.wait_stream(torch.cuda.current_stream(here.device))
    with torch.cuda.stream(side):
        work()
    torch.cuda.current_stream(here.device).wait_stream(side)

    wrong, overwritten, outlived, reserved = 0, 0, 0, []
    for _ in range(6):
        with here.route():
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=captured):
                result = work()
            bystanders = [torch.full_like(given, 5.0) for _ in range(4)]
            for value in (1.0, 4.0):
                given.fill_(value)
                graph.replay()
                torch.cuda.synchronize(here.device)
                wrong += int((result != (value * 2 + 1) * 3).sum())
            overwritten += sum(int((each != 5.0).sum()) for each in bystanders)
            graph.reset()
            bystanders = [torch.full_like(given, 6.0) for _ in range(4)]
            torch.cuda.synchronize(here.device)
            outlived += int((result != 27.0).sum())
            del graph, result, bystanders
        settle(here.device)  # outside: within a block its pool is in use
        reserved.append(taken(here))
    parked = 0
    if here.allocator is not None:
        import cmm.torch

        parked = cmm.torch.stats(here.allocator).parked_bytes
    counts = {"wrong": wrong, "overwritten": overwritten, "result_lost": outlived, "parked": parked}
    return {**counts, "growth": reserved[-1] - reserved[1]}


def taken(here) -> int:
    """Bytes of the GPU that this process's caching holds."""
    import torch

    if here.mode == "swap":
        import cmm.torch

        return cmm.torch.stats(here.allocator).reserved_bytes
    return torch.cuda.memory_reserved(here.device)


def overtaken(first, slow, record: bool) -> bool:
    """Whether memory was reused in one stream while a slow one still read it."""
    import torch

    seen = torch.zeros(MIB, device=first.device)
    torch.cuda.synchronize(first.device)
    with torch.cuda.stream(first):
        shared = torch.full((MIB,), 1.0, device=first.device)
    slow.wait_stream(first)
    with torch.cuda.stream(slow):
        torch.cuda._sleep(200_000_000)  # about 0.1 s
        seen.copy_(shared)
    if record:
        shared.record_stream(slow)
    del shared
    with torch.cuda.stream(first):
        kept = [torch.full((MIB,), 2.0, device=first.device) for _ in range(4)]
    torch.cuda.synchronize(first.device)
    del kept
    return bool((seen != 1.0).any())


@routed
def streams(here) -> dict:
    """A block read by another stream is not reused before that stream is done, if record_stream said so."""
    import torch

    both = torch.cuda.Stream(here.device), torch.cuda.Stream(here.device)
    recorded = sum(overtaken(*both, record=True) for _ in range(5))
    before = taken(here)
    recorded += sum(overtaken(*both, record=True) for _ in range(5))
    growth = taken(here) - before
    return {"recorded": recorded, "not_recorded": overtaken(*both, record=False), "growth": growth}


def threads(here) -> dict:
    """Two threads with a stream each allocate, fill, check and free."""
    import random

    import torch

    wrong, errors = [0, 0], []

    def allocates(number: int) -> None:
        chance = random.Random(number)
        kept = []
        try:
            with here.route(), torch.cuda.stream(torch.cuda.Stream(here.device)):
                for step in range(300):
                    value = float(number * 1000 + step)
                    kept.append((value, torch.full((chance.randrange(1, MIB),), value, device=here.device)))
                    if len(kept) > 8:
                        expected, tensor = kept.pop(chance.randrange(len(kept)))
                        wrong[number] += int((tensor != expected).sum())
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")

    both = [threading.Thread(target=allocates, args=(number,)) for number in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    return {"wrong": sum(wrong), "errors": errors}


def compiled(**options):
    """A function as torch.compile makes it, beside the function."""
    import torch
    from torch.utils._triton import has_triton

    if shutil.which("g++") is None or not has_triton():
        raise Unavailable("torch.compile needs Triton and g++")
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
    os.environ.setdefault(
        "TORCHINDUCTOR_CACHE_DIR", os.path.abspath("inductor")
    )  # goes with the test's folder
    torch._dynamo.reset()

    def plain(x, y):
        return torch.softmax(x @ y, -1).sum(0) + (x.sin() * y.cos()).mean()

    return plain, torch.compile(plain, **options)


def agree(plain, fast) -> bool:
    import torch

    for seed in range(6):
        torch.manual_seed(seed)
        x, y = torch.randn(512, 512, device="cuda"), torch.randn(512, 512, device="cuda")
        if not torch.allclose(plain(x, y), fast(x, y), rtol=1e-3, atol=1e-4):
            return False
    return True


@routed
def compile_plain(here) -> bool:
    """Code of torch.compile computes what the function does."""
    return agree(*compiled())


@routed
def compile_reduce_overhead(here) -> dict:
    """CUDA graph trees, which ask the allocator to save its state: a PyTorch limit when it is swapped."""
    plain, fast = compiled(mode="reduce-overhead")
    try:
        return {"agree": agree(plain, fast), "limit": ""}
    except RuntimeError as error:
        plain, fast = compiled()  # and the process goes on
        return {"agree": agree(plain, fast), "limit": str(error)}


@routed
def compile_cudagraphs(here) -> bool:
    """CUDA graphs without the trees: what swap mode offers instead of reduce-overhead."""
    return agree(*compiled(options={"triton.cudagraphs": True, "triton.cudagraph_trees": False}))
