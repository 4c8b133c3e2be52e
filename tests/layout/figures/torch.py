"""PyTorch's allocations and a Llama with each allocator, over every run there is."""

from .data import ROOT, digits, link, load, table

FIGURES = {
    "alloc+free 4 KiB, ns": "4 KiB alloc+free",
    "alloc+free 1 MiB, ns": "1 MiB",
    "alloc+free 64 MiB, ns": "64 MiB",
    "Llama decode, tokens/s": "Llama decode, tokens/s",
}
MODES = {
    "pool": "pool mode",
    "swap": "swap mode",
    "predecessor": "managed memory with no cache",
}


def runs():
    """Every file of results."""
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "bench/torch/results").glob("*.json"))


def allocators(page):
    """Of each mode and figure, the ratios to native: the least and most median of the runs."""
    lines = [["native caching", *("1" for _ in FIGURES)]]
    for mode, words in MODES.items():
        cells, counted = [], 0
        for figure in FIGURES:
            found = [load(run)["allocators"] for run in runs()]
            medians = sorted(each[mode][figure]["to_native"]["median"] for each in found if mode in each)
            counted = len(medians)
            shown = [f"{each:.2f}" if each < 2 else digits(each) for each in (medians[0], medians[-1])]
            cells.append(shown[0] if len(medians) == 1 else f"{shown[0]} to {shown[1]}")
        lines.append([f"{words}, {counted} run{'s' * (counted > 1)}", *cells])
    context = load(runs()[0])["context"]
    head = [f"{context['gpu']}, torch {context['torch'].partition('+')[0]}", *FIGURES.values()]
    rounds = ", ".join(str(load(run)["context"]["rounds"]) for run in runs())
    folder = link("bench/torch/results", "bench/torch/results", page)
    shown = table(head, ["---"] + ["---:"] * len(FIGURES), lines)
    return (
        f"{shown}\n\nEach cell is the least and the most of the medians of all runs in {folder} ({rounds} "
        "rounds), as a ratio to native of the same turn: times, and for the decode tokens per second. "
        "The decode "
        "is bound by the host, hence the spread. Logits are the same to the bit in every run."
    )


def logits_agree():
    """Whether every run found the same logits."""
    return all(
        bar["held"] for run in runs() for bar in load(run)["bars"] if bar["figure"] == "logits identical"
    )


if not logits_agree():
    raise ValueError("a run in bench/torch/results has other logits than native PyTorch")

BLOCKS = {"torch": allocators}
