"""The example engine on an H200."""

from .data import ROOT, link, load, number, table

FOLDER = "examples/engine/results"
SKEWED = ["remote", "hot_set", "all-in-hbm"]
SIZES = {
    "16 KiB": "16k",
    "16 KiB, an eighth of the HBM": "16k-small",
    "64 KiB": "64k",
    "512 KiB": "512k",
    "2 MiB": "2m",
}
RATIOS = ["1", "1.25", "2", "4"]
BASELINES = ["fault", "prefetch", "copy", "remote"]
PLACEMENTS = [*BASELINES, "fixed", "on_use", "hot_set", "all-in-hbm"]


def runs(name):
    """Of a file."""
    return load(f"{FOLDER}/h200-{name}.json")["runs"]


def span(values):
    """The least and the most, such as 6,485 to 6,688."""
    least, most = number(min(values)), number(max(values))
    return least if least == most else f"{least} to {most}"


def ratios(ours, theirs):
    """Of tokens per second, run by run."""
    pairs = zip(ours, theirs, strict=True)
    return [one["decoded_per_second"] / other["decoded_per_second"] for one, other in pairs]


def skewed(page):
    """Texts that read a fifth of their pages, by placement; every run there is."""
    hot = runs("skewed-hot_set")[0]
    rates = {name: span([run["decoded_per_second"] for run in runs(f"skewed-{name}")]) for name in SKEWED}
    times = ratios(runs("skewed-hot_set"), runs("skewed-remote"))
    return (
        f"On an H200 ({link('results', FOLDER, page)}), {hot['batch']} texts of "
        f"{number(hot['context'])} tokens that read {100 * hot['reads']:.0f} % of their pages, which take "
        f"{hot['live_over_hbm']:.2f} times what HBM has room for: {rates['remote']} tokens/s while decoding "
        f"with every page remote, {rates['hot_set']} with `hot_set` ({min(times):.1f} to {max(times):.1f} "
        f"times as many), {rates['all-in-hbm']} with everything in HBM. {len(times)} runs each."
    )


def sweeps(ratio, size):
    """The runs of each file with pages of a size that take so many times what HBM has room for."""
    names = (f"{FOLDER}/h200-sweep-{SIZES[size]}-{ratio}{which}.json" for which in ("", "-again"))
    return [load(name)["runs"] for name in names if (ROOT / name).exists()]


def to_another(runs, others):
    """`on_use` to the best of these."""
    rates = {run["placement"]: run["decoded_per_second"] for run in runs}
    return rates["on_use"] / max(rates[name] for name in others)


def against_baselines(ratio):
    """`on_use` to the best of what engines do without `cmm::kv`, over all sizes; such as 0.99 to 1.01."""
    measured = [runs for size in SIZES for runs in sweeps(ratio, size)]
    whole = [runs for runs in measured if set(BASELINES) <= {run["placement"] for run in runs}]
    found = [to_another(runs, BASELINES) for runs in whole]
    return " to ".join(dict.fromkeys(f"{ratio:.2f}" for ratio in (min(found), max(found))))


def sweep(page):
    """Tokens per second of every run, by how far pages have outgrown HBM and by the size of a page."""
    lines = []
    for ratio in RATIOS:
        for size in SIZES:
            rates = {
                name: [
                    run["decoded_per_second"]
                    for runs in sweeps(ratio, size)
                    for run in runs
                    if run["placement"] == name
                ]
                for name in PLACEMENTS
            }
            if any(rates.values()):
                lines.append([ratio, size, *(span(seen) if seen else "" for seen in rates.values())])
    heads = ["Pages take, times HBM", f"a page ({link('data', FOLDER, page)})"]
    heads += [f"`{placement}`" for placement in PLACEMENTS]
    fits = [to_another(runs, ["all-in-hbm"]) for size in SIZES for runs in sweeps("1", size)]
    told = ", ".join(f"{against_baselines(ratio)} at {ratio}" for ratio in RATIOS[1:])
    return (
        table(heads, ["---:"] * len(heads), lines)
        + f"\n\n`on_use` in the same run: at 1 {min(fits):.3f} to {max(fits):.3f} of `all-in-hbm`; to the "
        f"best baseline, where `copy` was among them, {told}."
    )


def cycled(page):
    """All live pages fit in HBM, after every slot has been used many times."""
    ours, theirs = (
        [run for run in runs("cycled") if run["placement"] == name] for name in ("on_use", "all-in-hbm")
    )
    pairs = ratios(ours, theirs)
    out, room = ours[0]["bytes_down"], ours[0]["fast"] * ours[0]["page_bytes"]
    return (
        f"Where what runs at once fits into HBM, `on_use` decodes at {min(pairs):.3f} to {max(pairs):.3f} of "
        f"the rate with everything in HBM ({len(pairs)} pairs, "
        f"{link('data', f'{FOLDER}/h200-cycled.json', page)}), while {out / room:.1f} times as many pages go "
        "out as HBM has room for."
    )


BLOCKS = {"engine": skewed, "engine_sweep": sweep, "engine_cycled": cycled}
