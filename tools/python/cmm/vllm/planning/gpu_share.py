"""How much of a GPU's own memory vLLM may use."""

from ...errors import Error
from ...size import format_size
from ..machine.description import Gpu, Machine
from .shares import reserve

UTILIZATION = 0.92
"""What vLLM takes of a GPU unless told otherwise."""
BUSY = 0.1
"""A GPU is busy when others use more than this part of its memory."""


CACHED = 0.01
"""Page cache on HBM is worth a word when it takes more than this part of it."""


def utilization(machine: Machine, gpu: Gpu, asked: float | None, users: str, taken: int = 0) -> float:
    """The part that is asked for, else UTILIZATION or what is free.

    Refuses a busy GPU, and more than is free. `users` names who uses the GPU, for the message. Of memory
    that CPU and GPU share some is kept back, and `taken` bytes are for other options of vLLM.
    """
    by = f" by {users}" if users else ""
    kept = reserve(gpu.total, 1) + taken if gpu.integrated else 0
    free = free_of(machine, gpu)
    most = max(0, free - kept) * 100 // gpu.total / 100
    cached = _page_cache(machine, gpu)
    if asked is not None:
        if asked * gpu.total > free:
            rest = f"the rest is in use{by}" if by else ""
            rest = f"page cache takes {format_size(cached)}" if cached else rest
            cure = _drop(gpu) if cached else "end what uses the GPU"
            if free < gpu.free:
                rest = f"since its control group may use {format_size(machine.now.limit or 0)}"
                cure = "raise its limit"
            raise Error(
                f"--gpu-memory-utilization {asked:g} asks for {format_size(int(asked * gpu.total))} of "
                f"{_name(gpu)}, and {format_size(free)} are free{', ' + rest if rest else ''}; ask for at "
                f"most {most:g}, or {cure}"
            )
        return asked
    if most <= 0:
        raise Error(
            f"{_name(gpu)} has {format_size(free)} free, of which {format_size(kept)} are kept for the "
            f"system, so nothing is left for vLLM; end what uses it{by and f' ({users})'}"
        )
    in_use = gpu.total - free
    if not gpu.integrated and in_use > BUSY * gpu.total:
        share = f"or share it with --gpu-memory-utilization {most:g} or less"
        if cached and in_use - cached <= BUSY * gpu.total:
            raise Error(
                f"{format_size(cached)} of page cache fill the HBM of {_name(gpu)}, which is NUMA node "
                f"{gpu.numa_node}, so {format_size(free)} of its {format_size(gpu.total)} are free; "
                f"{_drop(gpu)}, {share}"
            )
        files = f", {format_size(cached)} of it page cache on NUMA node {gpu.numa_node}" if cached else ""
        raise Error(
            f"{_name(gpu)} is busy: {format_size(in_use)} of its {format_size(gpu.total)} are in use{by}"
            f"{files}; end that, choose another GPU by CUDA_VISIBLE_DEVICES, {share}"
        )
    return min(UTILIZATION, most)


def free_of(machine: Machine, gpu: Gpu) -> int:
    """As vLLM counts it. Of memory that CPU and GPU share a control group may have less."""
    left = machine.now.left_in_group
    return min(gpu.free, left) if gpu.integrated and left is not None else gpu.free


def _page_cache(machine: Machine, gpu: Gpu) -> int:
    """What the kernel keeps of files in HBM that is a NUMA node; 0 where that is little."""
    if gpu.numa_node is None or gpu.integrated:
        return 0
    cached = machine.now.cache.get(gpu.numa_node, 0)
    return cached if cached > CACHED * gpu.total else 0


def _drop(gpu: Gpu) -> str:
    return (
        "drop it by `sync; echo 1 > /proc/sys/vm/drop_caches` as root, and read large files under numactl "
        f"--membind of the host's nodes, which keeps them out of node {gpu.numa_node}"
    )


def _name(gpu: Gpu) -> str:
    return f"GPU {gpu.ordinal} ({gpu.name})"
