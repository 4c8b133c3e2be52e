#!/usr/bin/env python3
"""Draw the results of tools/bench as SVG: what an allocation costs, and how fast pages come."""

import argparse
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

# Okabe and Ito's palette, which colour-blind readers can tell apart.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#777777"

ALLOCATORS = {
    "managed+threshold_prefetch+pool": ("managed | threshold_prefetch | pool", BLUE, "o", "-"),
    "driver_managed_pool": ("driver's managed pool", ORANGE, "s", "--"),
    "cudaMallocManaged": ("cudaMallocManaged + cudaFree", GREEN, "^", "--"),
    "cudaMalloc": ("cudaMalloc + cudaFree", GREY, "D", "--"),
    "predecessor": ("predecessor: advise, prefetch, no cache", RED, "v", "--"),
}

PAGE_RATES = {
    "what:populate/by:prefetch": ("populate: cmm prefetch", BLUE),
    "what:populate/by:one_cudaMemPrefetchAsync": ("populate: one cudaMemPrefetchAsync", ORANGE),
    "what:gpu_first_touch/policy:advise_only": ("first touch by a kernel, advise_only", BLUE),
    "what:gpu_first_touch/policy:none": ("first touch by a kernel, no policy", RED),
    "what:to_gpu_by_prefetch": ("host pages to the GPU, prefetch", BLUE),
    "what:to_gpu_by_fault": ("host pages to the GPU, faults", RED),
    "what:to_cpu_by_prefetch": ("GPU pages to the host, prefetch", BLUE),
    "what:to_cpu_by_fault": ("GPU pages to the host, faults", RED),
}

UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def size_in_bytes(text):
    """Read a size as the bench writes it: "4KiB"."""
    digits = text.rstrip("BKMGTi")
    return int(digits) * UNITS[text[len(digits) :] or "B"]


def size_label(size):
    """Write a power of two with its unit."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size >= UNITS[unit]:
            return f"{size // UNITS[unit]} {unit}"
    return f"{size} B"


def read_results(path):
    """Read a results file; end with one sentence when it is not one."""
    try:
        result = json.loads(path.read_text())
        if result["context"]["schema"] != "cmm-bench 1":
            raise KeyError("schema")
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        sys.exit(
            f"plot.py: {path} is no result of this version of tools/bench ({error}); give a results.json"
        )
    return result


def title_of(machine):
    """Name the machine, and say so when it is simulated."""
    if machine.get("simulated") == "false":
        return f"{machine['gpu']}, measured"
    return f"{machine['platform']}, simulated: predicted, not measured"


def rows_of(result, family):
    """Yield (name without the family, row) of the rows that have a time."""
    for row in result["benchmarks"]:
        name, _, rest = row["name"].partition("/")
        if name == family and "p50_ns" in row:
            yield rest, row


def new_figure(title, machine, height):
    """Make a figure whose title stands left, with the machine under it."""
    figure, axes = plt.subplots(figsize=(8, height), layout="constrained")
    axes.set_title(f"{title}\n", loc="left", fontsize=13, fontweight="bold")
    axes.text(0, 1.02, title_of(machine), transform=axes.transAxes, fontsize=9.5, color="#444444")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def plot_allocate(result, out):
    """Draw the time of an allocate and free pair over the size of the block."""
    lines = {}
    for name, row in rows_of(result, "allocate"):
        axes = dict(part.split(":", 1) for part in name.split("/"))
        lines.setdefault(axes["allocator"], []).append((size_in_bytes(axes["bytes"]), row["p50_ns"] / 1e3))
    if not any(key in lines for key in ALLOCATORS):
        return None
    figure, axes = new_figure(
        "Allocate and free, warm: microseconds for a pair", result["context"]["machine"], 4.6
    )
    for key, (label, colour, marker, style) in ALLOCATORS.items():
        if key not in lines:
            continue
        sizes, times = zip(*sorted(lines[key]), strict=True)
        axes.plot(sizes, times, style, color=colour, marker=marker, label=label, linewidth=1.8)
    sizes = sorted({size for line in lines.values() for size, _ in line})
    axes.set(xscale="log", yscale="log", xlabel="block size", ylabel="µs")
    axes.set_xticks(sizes, [size_label(size) for size in sizes], rotation=30, ha="right")
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(axis="y", color="#dddddd")
    axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(0, 1))
    axes.set_ylim(top=max(time for line in lines.values() for _, time in line) * 30)
    figure.savefig(out / "allocate.svg")
    return out / "allocate.svg"


def plot_pages(result, out):
    """Draw how many bytes a second become usable, for each way pages can come."""
    bars = []
    for prefix, (label, colour) in PAGE_RATES.items():
        for name, row in rows_of(result, "page_fault"):
            if name.startswith(prefix + "/") and "bytes_per_second" in row:
                bars.append((label, row["bytes_per_second"] / 1e9, colour))
    if not bars:
        return None
    figure, axes = new_figure("How fast managed pages come: GB/s", result["context"]["machine"], 4.4)
    labels, rates, colours = zip(*bars[::-1], strict=True)
    drawn = axes.barh(labels, rates, color=colours, height=0.65)
    axes.bar_label(drawn, [f"{rate:.3g}" for rate in rates], padding=4, fontsize=9)
    axes.set(xscale="log", xlabel="GB/s (logarithmic)")
    axes.set_xlim(1, max(rates) * 2.5)
    axes.xaxis.set_major_formatter("{x:g}")
    figure.savefig(out / "page_fault.svg")
    return out / "page_fault.svg"


def main():
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="a results.json that tools/bench wrote")
    parser.add_argument("--out", type=Path, help="folder for the SVG files (default: beside it)")
    options = parser.parse_args()
    out = options.out or options.results.parent
    result = read_results(options.results)
    out.mkdir(parents=True, exist_ok=True)
    drawn = [path for path in (plot_allocate(result, out), plot_pages(result, out)) if path]
    if not drawn:
        print("plot.py: the results have no rows that these plots show", file=sys.stderr)
    for path in drawn:
        print(f"drawn: {path}")


if __name__ == "__main__":
    main()
