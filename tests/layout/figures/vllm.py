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
        servers = [result["servers"].get(f"cmm, {share} % on the host", {}) for share in SHARES]
        cells = [ratio(server["to_stock"]) if server else "" for server in servers]
        steps = servers[0].get("gpu_step")
        cells.append(f"{steps['to_stock']['median']:.3f}" if steps else "")
        lines.append(
            [f"{about(context)}, {context['rounds']} rounds{half_full} ({link('data', path, page)})", *cells]
        )
    head = ["KV cache on the host", *(f"{share} %" for share in SHARES), "0 %, by the GPU's time of a step"]
    return table(head, ["---"] + ["---:"] * (len(SHARES) + 1), lines)


def tier_runs():
    """Every file of results of tiers.py, with its context."""
    paths = (
        str(path.relative_to(ROOT)) for path in sorted((ROOT / "bench/vllm/results/tiers").glob("*.json"))
    )
    return {path: load(path) for path in paths}


def least_to_most(values, digits):
    """Such as 375 to 382, or one figure of one round."""
    told = list(dict.fromkeys(f"{value:,.{digits}f}" for value in (min(values), max(values))))
    return " to ".join(told)


def by_round(ours, theirs):
    """Ratios of one server to another; a round that only one of them has finished counts for neither."""
    return [one / other for one, other in zip(ours, theirs, strict=False)]


def tier_cells(figures, of_stock):
    """Of a server and a workload: rates, ratios to stock's in the same round, latency, reads beyond HBM."""
    if "tokens_per_second" not in figures:
        return ["refused" if "refused" in figures else "failed", "", "", ""]
    values = figures["tokens_per_second"]["values"]
    ratios = by_round(values, of_stock) if of_stock else []
    times = (f"{1000 * figures['ttft'][part]['median']:.0f}" for part in ("mean", "p99"))
    return [
        least_to_most(values, 0 if min(values) >= 10 else 1),
        least_to_most(ratios, 2) if ratios else "",
        " / ".join(times),
        f"{figures['remote_share']:.0%}" if "remote_share" in figures else "",
    ]


def memories(context):
    """The KV cache of a server of tiers.py, such as 4+12 GiB: in HBM and beyond it."""
    return f"{context['hbm_mib'] / 1024:g}+{context['host_mib'] / 1024:g} GiB"


def tiers(page):
    """Servers with the same HBM, each workload of each run; what was refused or failed is said in a word."""
    lines = []
    for path, result in tier_runs().items():
        context, servers = result["context"], result["servers"]
        for workload in dict.fromkeys(name for seen in servers.values() for name in seen):
            of_stock = servers.get("stock", {}).get(workload, {}).get("tokens_per_second", {}).get("values")
            name = f"{workload}, {memories(context)}, {context['model']} model ({link('data', path, page)})"
            lines += [
                [name, kind, *tier_cells(seen[workload], of_stock)]
                for kind, seen in servers.items()
                if workload in seen
            ]
    head = ["Workload, HBM+host", "server", "tokens/s", "to stock", "TTFT mean / p99, ms", "read beyond HBM"]
    return table(head, ["---", "---", "---:", "---:", "---:", "---:"], lines)


def to_native(kind, workload):
    """Tokens per second to those of vLLM's offloading, round by round, of every run that has both."""
    told = []
    for result in tier_runs().values():
        both = [result["servers"].get(name, {}).get(workload, {}) for name in (kind, "native")]
        if all("tokens_per_second" in figures for figures in both):
            ratios = by_round(*(figures["tokens_per_second"]["values"] for figures in both))
            rounds = f"{len(ratios)} round{'s' * (len(ratios) > 1)}"
            told.append(f"{least_to_most(ratios, 2)} ({memories(result['context'])}, {rounds})")
    return ", ".join(told)


def first_token_of_long():
    """Seconds to the first token of a context of twice HBM's KV, of every run that staged what it reads."""
    told = []
    for result in tier_runs().values():
        figures = result["servers"].get("cmm following", {}).get("long", {})
        if figures.get("staged_bytes"):
            seconds = least_to_most(figures["ttft"]["mean"]["values"], 1)
            told.append(f"{seconds} s ({memories(result['context'])}, {result['context']['model']} model)")
    return ", ".join(told)


def gain(page):
    """What blocks that follow are worth beside vLLM's own offloading."""
    returning = to_native("cmm following", "returning")
    over = to_native("cmm following, admit fast", "over")
    loose = to_native("cmm following", "over")
    data = link("every run", "bench/vllm/results/tiers", page)
    return (
        f"Tokens per second to those of vLLM's own offloading with the same HBM and host memory, on one H200 "
        f"over PCIe 5 ({data}): chats that come back {returning}; more requests than HBM holds {over} as "
        f"`cmm serve` runs it there, {loose} with requests that are read beyond HBM. One context of twice "
        f"HBM's KV, which stock vLLM and its offloading refuse, has its first token after "
        f"{first_token_of_long()}."
    )


BLOCKS = {"vllm": spill, "tiers": tiers, "vllm_gain": gain}
