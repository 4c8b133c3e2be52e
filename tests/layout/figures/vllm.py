"""What a KV cache beyond HBM costs vLLM, over every run there is."""

from .data import ROOT, link, load, ratio, table

SHARES = [0, 25, 50, 75]
WITHOUT_REUSE = "vllm-0.33-half-full"  # another question: half of the cache is never used
KNOWN = {"stock", *(f"cmm, {share} % on the host" for share in SHARES)}


def parameters(model):
    """Of a Llama without tied embeddings, in billions."""
    hidden, layers = model["hidden_size"], model["num_hidden_layers"]
    heads, kv_heads = model["num_attention_heads"], model["num_key_value_heads"]
    attention = 2 * hidden * hidden + 2 * hidden * hidden * kv_heads // heads
    feed_forward = 3 * hidden * model["intermediate_size"]
    norms = (2 * layers + 1) * hidden
    return (2 * model["vocab_size"] * hidden + layers * (attention + feed_forward) + norms) / 1e9


def runs():
    """Every file of results of the servers of spill.py."""
    return {
        path.stem: str(path.relative_to(ROOT))
        for path in sorted((ROOT / "bench/vllm/results").glob("*.json"))
        if set(load(str(path.relative_to(ROOT)))["servers"]) <= KNOWN
    }


def about(context, short=False):
    """What a run was of."""
    gpus = {1: "", 2: "two "}[context["tensor_parallel_size"]]
    gpu = context["gpu"].removeprefix("NVIDIA ").partition(" ")[0]
    words = [f"{gpus}{gpu}", f"vLLM {context['vllm'].rpartition('.')[0]}"]
    if context["compile"]:
        words.append("torch.compile")
    if not short:
        words.append(f"{parameters(context['model']):.2f} billion")
    return ", ".join(words)


def same_tokens(result):
    """Whether greedy decoding gave the tokens of stock vLLM in all servers."""
    return all(server["same_tokens"] for server in result["servers"].values())


def spill(page):
    """Tokens per second by the share on the host, each run a line."""
    lines = []
    for stem, path in runs().items():
        result = load(path)
        context = result["context"]
        if not same_tokens(result):
            raise ValueError(f"{path} has other tokens than stock vLLM")
        half_full = "; half of the cache in use" if WITHOUT_REUSE in stem else ""
        cells = []
        for share in SHARES:
            server = result["servers"].get(f"cmm, {share} % on the host")
            cells.append(ratio(server["to_stock"]) if server else "")
        lines.append(
            [f"{about(context)}, {context['rounds']} rounds{half_full} ({link('data', path, page)})", *cells]
        )
    head = ["KV cache on the host", *(f"{share} %" for share in SHARES)]
    return table(head, ["---"] + ["---:"] * len(SHARES), lines)


def tier_runs():
    """Every file of results of tiers.py, with its context."""
    paths = (
        str(path.relative_to(ROOT)) for path in sorted((ROOT / "bench/vllm/results").glob("*tiers*.json"))
    )
    return {path: load(path) for path in paths}


def milliseconds(seconds):
    """Such as 12."""
    return f"{1000 * seconds:.0f}"


def tiers(page):
    """Servers with the same HBM, each workload of each run; what was refused or failed is said in a word."""
    lines = []
    for path, result in tier_runs().items():
        context, servers = result["context"], result["servers"]
        sizes = f"{context['hbm_mib'] / 1024:g}+{context['host_mib'] / 1024:g} GiB"
        for workload in dict.fromkeys(name for seen in servers.values() for name in seen):
            of_stock = servers["stock"][workload].get("tokens_per_second", {}).get("values")
            for kind, seen in servers.items():
                figures = seen[workload]
                if "tokens_per_second" not in figures:
                    word = "refused" if "refused" in figures else "failed"
                    cells = [word, "", "", ""]
                else:
                    values = figures["tokens_per_second"]["values"]
                    spans = [
                        f"{min(values):,.0f} to {max(values):,.0f}" if len(values) > 1 else f"{values[0]:.1f}"
                    ]
                    ratios = (
                        [one / other for one, other in zip(values, of_stock, strict=True)] if of_stock else []
                    )
                    spans.append(f"{min(ratios):.2f} to {max(ratios):.2f}" if ratios else "")
                    times = " / ".join(
                        milliseconds(figures["ttft"][part]["median"]) for part in ("mean", "p99")
                    )
                    beyond = f"{figures['remote_share']:.0%}" if "remote_share" in figures else ""
                    cells = [*spans, times, beyond]
                lines.append([f"{workload}, {sizes} ({link('data', path, page)})", kind, *cells])
    head = ["Workload, HBM+host", "server", "tokens/s", "to stock", "TTFT mean / p99, ms", "read beyond HBM"]
    return table(head, ["---", "---", "---:", "---:", "---:", "---:"], lines)


BLOCKS = {"vllm": spill, "tiers": tiers}
