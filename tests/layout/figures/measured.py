"""The run of cmm_bench on an H200, and two runs of one machine."""

import statistics

from .data import link, load, median_ns, rate, rows, table, time

H200 = "bench/results/h200-pcie/results.json"
FIRST, SECOND = (f"bench/results/h200-pcie/stability/{name}.json" for name in ("first", "second"))
RANGE = "bench/results/h200-pcie/kv_range/first.json"
CALIBRATED = [f"bench/results/h200-pcie/calibrate/{name}/profile.json" for name in ("first", "second")]
PAIRED = "bench/results/h200-pcie/allocate_paired"
MOVERS = [f"bench/results/h200-pcie/kv_tier/{name}.json" for name in ("first", "second")]
STEP = "block:64KiB/host:50pct/bytes:256MiB"
POOLED = "managed+threshold_prefetch+pool"


def step(access):
    """A decode step by a way of access."""
    return median_ns(H200, f"kv_access/access:{access}/{STEP}")


def pair(allocator, size):
    """An allocate and a free."""
    return median_ns(H200, f"allocate/allocator:{allocator}/bytes:{size}")


def first_use(policy, size="1GiB"):
    """From the request until a kernel has written it."""
    return median_ns(H200, f"page_fault/what:first_use/policy:{policy}/bytes:{size}")


def three(page):
    """The figures that matter, for the first page."""
    pooled, raw = pair(POOLED, "64MiB"), pair("cudaMallocManaged", "64MiB")
    placed, faults = first_use("always_prefetch"), first_use("none")
    remote, prefetched = step("remote"), step("prefetch")
    lines = [
        [
            "Allocate and free 64 MiB, warm: a pool over managed memory",
            f"**{time(pooled)}**",
            f"`cudaMallocManaged` and `cudaFree`: {time(raw)}",
            f"{raw / pooled:.0f}",
        ],
        [
            "1 GiB from the request until a kernel has written it: prefetched",
            f"**{time(placed)}**",
            f"page faults: {time(faults)}",
            f"{faults / placed:.0f}",
        ],
        [
            "A decode step over 256 MiB of KV, half of it on the host: read where it is",
            f"**{time(remote)}**",
            f"prefetched block by block: {time(prefetched)}",
            f"{prefetched / remote:.0f}",
        ],
    ]
    head = [f"One H200 on PCIe 5 ({link('data', H200, page)})", "With cmm", "Without", "Times"]
    return table(head, ["---", "---:", "---:", "---:"], lines)


def about_the_run(page):
    """What the run was."""
    context = load(H200)["context"]
    known = context["platform"]["gpus"][0]
    driver = context["platform"]["facts"]["driver"]["value"]
    cuda = context["platform"]["facts"]["cuda_runtime"]["value"]
    return (
        f"One run on one {known['name']} ({known['link_rate']['evidence'].removeprefix('NVML: ')}, "
        f"driver {driver}, CUDA {cuda}): {len(rows(H200))} rows, all in {link('one file', H200, page)}. "
        "Look at the ratios; machines of one kind differ, and one machine from day to day."
    )


def kv_access(_page):
    """A decode step by way of access."""
    ways = {
        "remote": "kernels read them where they are: `prefer{host}`, `accessed_by{device}`",
        "batched_copy": "one batch of copies from pinned memory, then the step",
        "copy": "a loop of copies from pinned memory",
        "fault": "page faults",
        "batched_prefetch": "one batch of prefetches",
        "prefetch": "a loop of prefetches",
    }
    best = min(map(step, ways))
    lines = []
    for way, words in ways.items():
        factor = step(way) / best
        shown = f"{factor:.1f}" if factor < 10 else f"{factor:.0f}"
        lines.append([words, time(step(way)), "1" if way == "remote" else shown])
    resident = median_ns(H200, "kv_access/access:resident/block:64KiB/host:0pct/bytes:256MiB")
    lines.append(["for comparison: all blocks on the GPU", time(resident), ""])
    head = ["A decode step that reads 256 MiB of KV, half of its 64 KiB blocks on the host", "Time", "Times"]
    return table(head, ["---", "---:", "---:"], lines)


def placing(_page):
    """Managed memory until it is written."""
    lines = []
    for policy, words in {
        "none": "no policy: page faults",
        "advise_only": "`advise_only`",
        "always_prefetch": "`always_prefetch`",
        "cudaMalloc": "for comparison: `cudaMalloc`",
    }.items():
        spent = first_use(policy)
        lines.append([words, time(spent), rate(2**30 / spent * 1e9)])
    head = ["1 GiB of managed memory, from the request until a kernel has written it", "Time", "Rate"]
    return table(head, ["---", "---:", "---:"], lines)


def allocating(_page):
    """Allocate and free by size."""
    sizes = ["4KiB", "2MiB", "64MiB", "1GiB"]
    lines = [
        [words, *(time(pair(allocator, size)) for size in sizes)]
        for allocator, words in {
            POOLED: "`managed \\| threshold_prefetch \\| pool`",
            "driver_managed_pool": "the driver's managed pool",
            "rmm_managed_prefetch_pool": "RMM: pool over managed memory, with prefetch",
            "cudaMallocManaged": "`cudaMallocManaged` + `cudaFree`",
            "predecessor": "the predecessor's recipe: advise, prefetch, no cache",
        }.items()
    ]
    head = ["Allocate and free, warm", *(f"{size[:-3]} {size[-3:]}" for size in sizes)]
    return table(head, ["---"] + ["---:"] * len(sizes), lines)


def products(_page):
    """Matrix products on managed memory."""
    found = sorted(
        row["speedup"]
        for name, row in rows(H200).items()
        if name.startswith("gemm/") and "operands:managed_resident/call:steady" in name
    )
    cold = median_ns(H200, "gemm/type:bf16/n:8192/operands:managed_cold/call:first")
    warm = median_ns(H200, "gemm/type:bf16/n:8192/operands:managed_resident/call:steady")
    return (
        f"Managed memory that is resident costs nothing: matrix products of {len(found)} types and sizes run "
        f"at {found[0]:.3f} to {found[-1]:.3f} of the speed of `cudaMalloc` memory, taken in turn. The first "
        f"call on cold operands takes {cold / warm:.0f} times as long (bf16, size 8192), once."
    )


def prefetches(_page):
    """Up to which blocks page faults bring them sooner than the driver's prefetch."""

    def slower_up_to(access):
        found = []
        for block in ("16KiB", "64KiB", "256KiB", "2MiB"):
            spent, faults = (
                median_ns(H200, f"kv_access/access:{way}/block:{block}/host:50pct/bytes:256MiB")
                for way in (access, "fault")
            )
            if spent < faults:
                return f"{found[-1][:-3]} {found[-1][-3:]}"
            found.append(block)
        raise ValueError(f"{access} is never faster than page faults")

    return (
        "The driver's prefetch moves scattered blocks slower than page faults do: one after the other up to "
        f"blocks of {slower_up_to('prefetch')}, in one batch up to {slower_up_to('batched_prefetch')}."
    )


def between(first, second):
    """Of rows that two runs share, by how much the second differs from the first."""
    ours, theirs = rows(first), rows(second)
    return sorted(
        abs(theirs[name]["p50_ns"] / row["p50_ns"] - 1)
        for name, row in ours.items()
        if row.get("p50_ns") and theirs.get(name, {}).get("p50_ns")
    )


def stability(page):
    """Two runs of one machine."""
    found = between(FIRST, SECOND)
    near = sum(each <= 0.35 for each in found) / len(found)
    folder = link("two runs, one after the other on one machine", "bench/results/h200-pcie/stability", page)
    return (
        f"How much a real row moves: {folder}, share {len(found)} rows; the median row differs by "
        f"{100 * statistics.median(found):.1f} % and {100 * near:.0f} % of them by at most 35 %. Rows that "
        "wait for the host's CPU move most."
    )


def movers(page):
    """The movers of KV pages, in both runs of their family."""
    ways = {
        "up": "to HBM",
        "down": "to the host",
    }
    kinds = {"registers/ctas:4": "a kernel of 4 thread blocks", "engine": "the copy engine"}
    lines = []
    for kind, words in kinds.items():
        for way, where in ways.items():
            cells = []
            for page_size in ("16KiB", "64KiB", "2MiB"):
                name = f"kv_tier/way:{way}/by:{kind}/page:{page_size}/beside:nothing"
                found = sorted(rows(run)[name]["bytes_per_second"] / 1e9 for run in MOVERS)
                low, high = f"{found[0]:.1f}", f"{found[-1]:.1f}"
                cells.append(low if low == high else f"{low} to {high}")
            lines.append([f"{words}, {where}", *cells])
    folder = link("both runs", "bench/results/h200-pcie/kv_tier", page)
    head = [f"Moving scattered KV pages, GB/s ({folder}, least and most)", "16 KiB", "64 KiB", "2 MiB"]
    return table(head, ["---", "---:", "---:", "---:"], lines)


def ranges(page):
    """The movers of KV pages within ranges of two sizes: the least of all page sizes against the link."""

    def least(name, size):
        found = [row["limit_ratio"] for key, row in rows(RANGE).items() if name in key and key.endswith(size)]
        return f"{min(found):.3f}"

    kinds = {"by:registers/ctas:4": "a kernel of 4 thread blocks", "by:ring/ctas:4": "a ring of 4"}
    kinds["by:engine"] = "the copy engine"
    ways = {"up": "to HBM", "down": "to the host", "swap": "both ways at once"}
    lines = [
        [f"{words}, {where}", *(least(f"way:{way}/{kind}", size) for size in ("2GiB+2GiB", "40GiB+40GiB"))]
        for kind, words in kinds.items()
        for way, where in ways.items()
    ]
    what = "Scattered KV pages of 16 KiB to 2 MiB, the least of five sizes, of what the link gives"
    head = [f"{what} ({link('data', RANGE, page)})", "range of 4 GiB", "of 80 GiB"]
    return table(head, ["---", "---:", "---:"], lines)


def calibrations(page):
    """Two profiles of one machine, one after the other."""
    first, second = ({each["name"]: each for each in load(path)["figures"]} for path in CALIBRATED)
    fitted = [name for name, each in first.items() if each["source"] == "calibrated by a row of cmm_bench"]
    apart = sorted(abs(second[name]["value"] / first[name]["value"] - 1) for name in fitted)
    folder = link("two calibrations", "bench/results/h200-pcie/calibrate", page)
    apart_in_rounds = []
    for path in CALIBRATED:
        rounds = [f"{path.removesuffix('profile.json')}round-{turn}.json" for turn in (1, 2, 3)]
        for name in fitted:
            times = [median_ns(each, first[name]["row"]) for each in rounds]
            apart_in_rounds.append(max(times) / min(times))
    return (
        f"On one H200 {folder}, one after the other, took half a minute each; their {len(fitted)} fitted "
        f"figures differ by {100 * statistics.median(apart):.0f} % in the median and "
        f"{100 * apart[-1]:.0f} % at most. As the host changes its speed, the rounds of one are up to "
        f"{max(apart_in_rounds):.1f} times apart; the fastest counts."
    )


def paired(page):
    """Warm allocate and free, before and now, in turns."""

    def least(when):
        found = [rows(f"{PAIRED}/{when}-{turn}.json") for turn in (1, 2, 3)]
        names = set.intersection(*map(set, found))
        return {name: min(run[name]["p50_ns"] for run in found) for name in names}

    before, now = least("before"), least("now")
    found = sorted((now[name] / before[name], name) for name in before.keys() & now.keys())
    usual = statistics.median(times for times, _ in found)
    times, name = found[-1]
    layers = name.split("allocator:")[1].split("/")[0].replace("+", " | ")
    return (
        "Against the pool as it was before it merged across finished streams, "
        f"{link('in turns on one H200', PAIRED, page)}, the least of three runs: the median of {len(found)} "
        f"allocators and sizes takes {usual:.2f} times as long, the last but one {found[-2][0]:.2f}, and the "
        f"last, `{layers}`, {times:.2f}."
    )


BLOCKS = {
    "ranges": ranges,
    "calibrations": calibrations,
    "paired": paired,
    "three": three,
    "about the run": about_the_run,
    "kv_access": kv_access,
    "placing": placing,
    "allocating": allocating,
    "products": products,
    "prefetches": prefetches,
    "stability": stability,
    "movers": movers,
}
