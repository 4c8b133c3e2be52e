"""Synthetic results in the shape of tools/bench's, every figure made up.

All families, failures, skips and several GPUs, measured and simulated. Run it with a folder to get files.
"""

import copy
import json
import math
import pathlib
import sys

SIZES = {"4KiB": 2**12, "2MiB": 2**21, "64MiB": 2**26, "1GiB": 2**30}
GPU_MEMORY, LINK = 4000.0, 55.0  # bytes per nanosecond


def row(name, nanoseconds, limit=None, **more):
    """A row with a narrow spread around its median."""
    made = {
        "name": name,
        "run_name": name,
        "samples": 51.0,
        "p50_ns": nanoseconds,
        "p25_ns": nanoseconds * 0.99,
        "p75_ns": nanoseconds * 1.01,
        "p95_ns": nanoseconds * 1.1,
        "p99_ns": nanoseconds * 1.3,
        "min_ns": nanoseconds * 0.97,
        "max_ns": nanoseconds * 1.5,
        "pass_spread": 0.01,
    }
    for key, rate in (("bytes", "bytes_per_second"), ("flops", "flops_per_second")):
        if key in more:
            made[rate] = more[key] / nanoseconds * 1e9
    if limit:
        words, bound, source = limit
        made |= {
            "limit": words,
            "limit_ns": bound,
            "limit_ratio": bound / nanoseconds,
            "limit_source": source,
        }
    return made | more


def allocate():
    """Allocators whose cost does and does not grow with the size."""
    costs = {
        "cudaMalloc": (80000, 1e-4),
        "cudaMallocAsync": (1500, 0),
        "cudaMallocManaged": (23000, 0),
        "driver_managed_pool": (2300, 0),
        "predecessor": (60000, 0.01),
        "managed": (25000, 0),
        "managed+threshold_prefetch": (62000, 0.01),
        "managed+threshold_prefetch+pool": (1000, 0),
        "managed+threshold_prefetch+pool+stats": (1050, 0),
        "device_pool": (2000, 0),
        "device+pool": (990, 0),
    }
    for text, size in SIZES.items():
        for name, (fixed, each) in costs.items():
            more = {"reference_ns": 2300.0, "speedup": 2300 / (fixed + each * size)}
            yield row(f"allocate/allocator:{name}/bytes:{text}", fixed + each * size, **more)
    yield row("replay/trace:decode/allocator:cudaMalloc", 9100.0)
    yield row("replay/trace:decode/allocator:managed+threshold_prefetch+pool", 325.0)


def page_fault():
    """First use, where a prefetch pays from 64 MiB to below 2 GiB; ways of moving pages; strides; density."""
    rates = {
        "none": 12.0,
        "advise_only": 30.0,
        "always_prefetch": 280.0,
        "egm_numa": 50.0,
        "cudaMalloc": 3800.0,
    }
    for text, size in {**SIZES, "2GiB": 2**31}.items():
        limit = ("write of cudaMalloc memory", size / GPU_MEMORY + 3000, "measured")
        for policy, rate in rates.items():
            fixed = 60000 if "prefetch" in policy else 15000
            time = 2**31 / 20 if policy == "always_prefetch" and text == "2GiB" else size / rate
            yield row(
                f"page_fault/what:first_use/policy:{policy}/bytes:{text}", fixed + time, limit, bytes=size
            )
    for name, rate in {"to_gpu_by_fault": 10.6, "to_gpu_by_prefetch": 47.5, "to_cpu_by_fault": 3.6}.items():
        yield row(
            f"page_fault/what:{name}/bytes:1GiB",
            2**30 / rate,
            ("link", 2**30 / LINK, "measured"),
            bytes=2**30,
        )
    for what, factor in {"gpu_touches_fresh": 1, "gpu_reads_cpu_pages": 2, "cpu_touches_fresh": 4}.items():
        for stride, each in {"4KiB": 273, "64KiB": 1840, "2MiB": 7757}.items():
            name = f"page_fault/what:{what}/stride:{stride}/bytes:64MiB"
            yield row(name, each * factor * 1000.0, ns_per_page=float(each * factor), pages=1000)
    for touched in (10, 25, 50, 100):
        yield row(f"page_fault/what:density/touched:{touched}pct/bytes:64MiB", 1e6 + touched * 3e4)
    yield row("page_fault/what:one_fault_fresh", 62000.0, p99_ns=700000.0, samples=303.0)


def bandwidth(gpus):
    """Links by piece and memory, the GPU's own memory, latency, and peers where there are several GPUs."""
    for gpu in range(gpus):
        end = f"/gpu:{gpu}" if gpus > 1 else ""
        for what in ("h2d", "d2h", "both"):
            for engine in ("copy", "sm"):
                for block in ("64KiB", "2MiB", "256MiB"):
                    rate = LINK * (0.3 if block == "64KiB" and engine == "copy" else 0.97) * (1 + gpu / 50)
                    name = (
                        f"bandwidth/what:{what}/engine:{engine}/memory:pinned/block:{block}/bytes:1GiB{end}"
                    )
                    yield row(
                        name, 2**30 / rate, ("PCIe 5 x16", 2**30 / LINK / 1.1, "published"), bytes=2**30
                    )
        for memory in ("device", "managed"):
            for op in ("read", "write", "copy"):
                name = f"bandwidth/what:device/engine:sm/op:{op}/memory:{memory}/bytes:4GiB{end}"
                yield row(name, 2**32 / GPU_MEMORY, ("HBM", 2**32 / 4800, "published"), bytes=2**32)
        for memory, base in {"device": 300, "pinned": 1200}.items():
            for size in ("1MiB", "64MiB", "1GiB"):
                yield row(
                    f"bandwidth/what:latency/memory:{memory}/bytes:{size}{end}", base + len(size) * 10.0
                )
        if gpus > 1:
            yield row(f"bandwidth/what:peer/to:{(gpu + 1) % gpus}{end}", 2**30 / 370, bytes=2**30)


def gemm():
    """Products whose resident operands cost nothing and whose cold ones are slow once."""
    for kind, rate in {"bf16": 850.0, "fp8": 1500.0, "fp32": 50.0}.items():
        for n in (1024, 2048, 4096, 8192):
            flops = 2.0 * n**3
            ideal = flops / rate / 1e3 + 4000
            limit = ("published peak", flops / (rate * 1.15) / 1e3, "published")
            times = {
                "device": (1, 1.2),
                "managed_resident": (1.002, 1.2),
                "managed_cold": (1.01, 40),
                "managed_remote": (90, 95),
            }
            for operands, factors in times.items():
                for call, factor in zip(("steady", "first"), factors, strict=True):
                    name = f"gemm/type:{kind}/n:{n}/operands:{operands}/call:{call}"
                    yield row(name, ideal * factor, limit, flops=flops)


def kv_access():
    """A step that is slow by faults and fastest by remote reads."""
    rates = {
        "resident": 4000.0,
        "fault": 4.6,
        "remote": 51.0,
        "prefetch": 18.0,
        "copy": 17.5,
        "batched_prefetch": 20.5,
        "batched_copy": 36.0,
    }
    for block in ("16KiB", "64KiB", "2MiB"):
        for host in (0, 25, 50, 75, 100):
            for access, rate in rates.items():
                if access == "resident" and host > 0:
                    continue
                if block == "2MiB":
                    rate = {"fault": 13.8, "copy": 51.5, "batched_copy": 52.0}.get(access, rate)
                size = 2**29
                time = size * (1 - host / 100) / GPU_MEMORY + size * host / 100 / rate + 20000
                limit = ("link and HBM", size * host / 100 / LINK + size / 4800 + 1, "measured")
                yield row(f"kv_access/access:{access}/block:{block}/host:{host}pct", time, limit, bytes=size)


def kv_tier():
    """Kernels that fill the link from two thread blocks on, and a copy engine that slows products less."""
    limit = ("read of host memory by a kernel", 2**28 / 50.9, "measured")
    movers = {f"{by}/ctas:{n}": (by, n) for by in ("registers", "ring") for n in (1, 2, 4, 8, 16)}
    movers["engine"] = ("engine", 0)
    for way in ("up", "down", "swap"):
        for page, copied in {"16KiB": 17.0, "64KiB": 36.0, "2MiB": 54.0}.items():
            for name, (by, ctas) in movers.items():
                rate = copied if by == "engine" else min(50.4, 32.0 * ctas)
                plain = f"kv_tier/way:{way}/by:{name}/page:{page}"
                yield row(f"{plain}/beside:nothing", 2**28 / rate, limit, bytes=2**28)
                if page == "2MiB" or ctas > 4:
                    continue
                for columns, alone in {"m16": 46e3, "m256": 60e3, "m8192": 1.6e6}.items():
                    lost = 1.05 if by == "engine" else 1 + 0.065 * ctas
                    lost = 1.0 if columns == "m8192" else lost
                    yield row(f"{plain}/beside:{columns}", 2**28 / rate, limit, bytes=2**28)
                    yield row(
                        f"{plain}/product:{columns}",
                        alone * lost,
                        ("the product alone", alone, "measured"),
                        reference_ns=alone,
                        speedup=1 / lost,
                    )
    for pages in (1, 8, 64):
        yield row(f"kv_tier/way:up/by:registers/ctas:4/page:64KiB/cpu:{pages}pages", 3000.0 + pages)


def with_bytes(made, *sizes):
    """The result with a row of kv_access for each of these sizes, each slower than the one before."""
    rows = []
    for entry in made["benchmarks"]:
        if not entry["name"].startswith("kv_access/"):
            rows.append(entry)
            continue
        for which, size in enumerate(sizes):
            times = {key: value * (which + 1) for key, value in entry.items() if key.endswith("_ns")}
            rows.append({**entry, **times, "name": f"{entry['name']}/bytes:{size}"})
    return {**made, "benchmarks": rows}


def unusual():
    """A family and axes that the report knows nothing of, a failed row and a skipped one."""
    for n in (1, 2, 4, 8):
        yield row(f"teleport/gates:{n}/colour:blue", 1e5 / n)
    yield row("checksum/kind:crc", 2e5)
    yield {
        "name": "gemm/type:fp8/n:16384/operands:device/call:steady",
        "error_occurred": True,
        "error_message": "cublasLtMatmul failed: out of memory <b>",
    }
    yield {
        "name": "bandwidth/what:h2d/engine:copy/memory:egm/block:2MiB/bytes:1GiB",
        "skipped": "this machine has no EGM memory",
    }


def known(value, how, evidence):
    """A fact as tools/probe writes it."""
    return {"value": value, "how": how, "evidence": evidence}


PLATFORM = {
    "schema": "cmm-platform 1",
    "facts": {
        "memory_mode": known("separate", "inferred", "the GPU is no NUMA node and its link is PCIe"),
        "egm_mode": known(None, "unknown", "/proc/iomem is not readable here"),
        "host_page_bytes": known(4096, "reported", "sysconf(_SC_PAGESIZE)"),
    },
    "uvm_parameters": {"uvm_perf_access_counter_threshold": "256"},
    "gpus": [
        {
            "ordinal": 0,
            "name": "Synthetic GPU",
            "memory_bytes": known(150109880320, "verified", "allocated and read back"),
            "link": known("PCIe", "reported", "sysfs, current_link_speed"),
            "link_rate": known(63.0, "reported", "sysfs, current_link_speed and width"),
            "egm": known(False, "reported", "NVML"),
        }
    ],
    "nodes": [
        {
            "id": 0,
            "cpus": "0-15",
            "bytes": 2**38,
            "free_bytes": 2**37,
            "gpu": -1,
            "role": known("host memory", "inferred", "it has CPUs"),
        }
    ],
    "tiers": [
        {
            "name": "HBM of GPU 0",
            "gpu": 0,
            "node": -1,
            "bytes": known(150109880320, "verified", "cudaMemGetInfo"),
        }
    ],
    "reachable": [
        {
            "source": "managed",
            "tier": "HBM of GPU 0",
            "bytes": known(150109880320, "inferred", "all of the tier"),
        }
    ],
    "advice": ["The EGM carve-out is not visible to this system, so it cannot be used here."],
    "unseen": ["/proc/iomem shows no addresses to this process"],
}


def probed(nodes, addressing):
    """What tools/probe tells of a machine with two GPUs and host memory on these NUMA nodes."""
    size = known(2**38, "reported", "MemTotal")
    unknown = known(None, "unknown", "not looked for")
    gpu = dict.fromkeys(("bus", "memory_rate", "link", "link_rate", "numa_node"), unknown)
    gpu |= {"name": "Synthetic GPU", "memory_bytes": size, "free_bytes": size}
    gpu |= {
        "addressing": known(addressing, "reported", "CUDA"),
        "integrated": known(False, "reported", "CUDA"),
    }
    counted = {"free_bytes": 2**37, "cache_bytes": 0, "bytes": 2**38, "allowed": True}
    role = known("host memory", "inferred", "it has CPUs")
    facts = dict.fromkeys(
        ("memory_mode", "egm_mode", "wsl", "memory_limit_bytes", "memory_total_bytes"), unknown
    )
    return {
        "schema": "cmm-platform 1",
        "facts": facts,
        "gpus": [
            {**gpu, "ordinal": i, "nearest_node": known(nodes[i % len(nodes)], "reported", "CUDA")}
            for i in range(2)
        ],
        "nodes": [{"id": node, "role": role, **counted} for node in nodes],
        "tiers": [
            {"name": f"host memory, node {node}", "kind": "host", "gpu": -1, "node": node, "bytes": size}
            for node in nodes
        ],
        "reachable": [],
        "host_memory": {"available_bytes": unknown, "used_bytes": unknown, "assumed": []},
        "no_gpu": "",
    }


def measured(gpus=1):
    """A measured result."""
    rows = [*allocate(), *page_fault(), *bandwidth(gpus), *gemm(), *kv_access(), *kv_tier(), *unusual()]
    machine = {
        "platform": "cuda",
        "simulated": "false",
        "gpu": "Synthetic GPU",
        "driver": "580",
        "gpus": str(gpus),
    }
    context = {
        "date": "2026-01-01T00:00:00+00:00",
        "schema": "cmm-bench 2",
        "cmm_version": "0.1.0",
        "quick": False,
        "complete": True,
        "repetitions": 3,
        "machine": machine,
        "platform": PLATFORM,
    }
    return copy.deepcopy({"context": context, "benchmarks": rows})


def simulated():
    """The same rows as a simulated machine predicts them, most of them some percent off."""
    made = measured()
    made["benchmarks"] = [entry for entry in made["benchmarks"] if "p50_ns" in entry]
    for which, entry in enumerate(made["benchmarks"]):
        factor = 1 + 0.1 * math.sin(which * 1.7)
        if entry["name"].startswith("page_fault/what:cpu_touches_fresh"):
            factor = 1.9
        for key in entry:
            if key.endswith("_ns") and not key.startswith("limit"):
                entry[key] *= factor
        entry["pass_spread"] = 0.0
    machine = {
        "platform": "sim:synthetic-gpu",
        "simulated": "true: every time is predicted by the profile synthetic-gpu",
    }
    made["context"] |= {
        "machine": machine,
        "profile": [
            {"name": "hbm_bytes_per_second", "value": 4e12, "unit": "B/s", "source": "made up for tests"}
        ],
        "calibration": [made["benchmarks"][0]["name"], "page_fault/what:one_fault_fresh"],
    }
    del made["context"]["platform"]
    return made


def main(folder):
    """Write every result as a file."""
    out = pathlib.Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    for name, result in {"measured": measured(), "eight_gpus": measured(8), "simulated": simulated()}.items():
        (out / f"synthetic_{name}.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main(sys.argv[1])
