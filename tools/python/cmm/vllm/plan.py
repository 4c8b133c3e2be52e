"""From a machine and a user's wishes to a plan: recipe, sizes, and why."""

import dataclasses

from ..errors import Error
from ..size import format_size
from .choosing import IN_HBM, Choice, choose
from .machine import Gpu, Machine
from .shares import GIB, RULE, nearest_tier, reserve
from .visible import chosen_gpus

UTILIZATION = 0.92
"""What vLLM takes of a GPU unless told otherwise."""
BUSY = 0.1
"""A GPU is busy when others use more than this part of its memory."""
SLOW_LINK = 20
"""HBM that is so many times faster than the link to the host is worth a warning."""


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What the user asks for; sizes in bytes for each GPU."""

    gpus: int = 1
    """How many: tensor times pipeline times data parallel size on this machine."""
    visible: str | None = None
    """CUDA_VISIBLE_DEVICES, where the probe did not obey it already."""
    recipe: str | None = None
    kv_bytes: int | None = None
    hbm_headroom: int = 0
    utilization: float | None = None
    weights: int = 0
    """Of the model, on each GPU; 0 where that is not known."""


@dataclasses.dataclass(frozen=True)
class Reason:
    """One fact behind a plan; `how` is verified, reported, inferred, unknown, asked or rule."""

    how: str
    text: str


@dataclasses.dataclass(frozen=True)
class Plan:
    """How to start vLLM on this machine; sizes in bytes for each GPU."""

    gpus: tuple[Gpu, ...]
    recipe: str
    gpu_memory_utilization: float
    hbm_headroom: int
    hbm_bytes: int
    """HBM for weights, activations and KV cache at most."""
    large_bytes: int
    kv_bytes: int | None
    tier: str
    """Where the KV cache beyond HBM is."""
    reasons: tuple[Reason, ...]
    warnings: tuple[str, ...]


def make_plan(machine: Machine, wishes: Wishes, users: str = "") -> Plan:
    """Refuses what cannot work. `users` names who holds memory of the GPUs, for the message about a busy one."""
    gpus = chosen_gpus(machine, wishes.gpus, wishes.visible)
    utilization = min(_utilization(machine, gpu, wishes, users) for gpu in gpus)
    hbm = min(int(gpu.total * utilization) for gpu in gpus) - wishes.hbm_headroom
    _check_fit(gpus[0], hbm, wishes)
    chosen = choose(machine, gpus, wishes.recipe, hbm)
    reasons = [
        *_hbm_reasons(gpus[0], utilization, wishes),
        *(Reason(how, text) for how, text in chosen.reasons),
    ]
    if chosen.large_bytes:
        reasons.append(Reason("rule", RULE))
    if wishes.kv_bytes is not None:
        _check_kv(gpus[0], wishes.kv_bytes, hbm - wishes.weights, chosen)
        reasons.append(Reason("asked", f"a KV cache of {format_size(wishes.kv_bytes)} on each GPU"))
    speed, warning = _link(gpus[0], chosen)
    return Plan(
        gpus=gpus,
        recipe=chosen.recipe,
        gpu_memory_utilization=utilization,
        hbm_headroom=wishes.hbm_headroom,
        hbm_bytes=hbm,
        large_bytes=chosen.large_bytes,
        kv_bytes=wishes.kv_bytes,
        tier=chosen.tier,
        reasons=(*reasons, *speed),
        warnings=(*chosen.warnings, *warning),
    )


def _utilization(machine: Machine, gpu: Gpu, wishes: Wishes, users: str) -> float:
    """The part of a GPU's memory that vLLM may use: what is asked for, else UTILIZATION or what is free."""
    kept = reserve(gpu.total, 1) if gpu.integrated else 0
    most = max(0, gpu.free - kept) * 100 // gpu.total / 100
    if gpu.integrated and machine.now.available is not None:
        most = min(most, max(0, machine.now.available - kept) * 100 // gpu.total / 100)
    if wishes.utilization is not None:
        if wishes.utilization * gpu.total > gpu.free:
            raise Error(
                f"--gpu-memory-utilization {wishes.utilization:g} asks for "
                f"{format_size(int(wishes.utilization * gpu.total))} of GPU {gpu.ordinal} ({gpu.name}), and "
                f"{format_size(gpu.free)} are free{users}; ask for at most {most:g}, or end what uses the GPU"
            )
        return wishes.utilization
    if not gpu.integrated and gpu.total - gpu.free > BUSY * gpu.total:
        raise Error(
            f"GPU {gpu.ordinal} ({gpu.name}) is busy: {format_size(gpu.total - gpu.free)} of its "
            f"{format_size(gpu.total)} are in use{users}; end that, choose another GPU by CUDA_VISIBLE_DEVICES, or "
            f"share it with --gpu-memory-utilization {most:g} or less"
        )
    if most <= 0:
        raise Error(
            f"GPU {gpu.ordinal} ({gpu.name}) shares its memory with the CPUs, and of the {format_size(gpu.free)} that "
            f"are free {format_size(kept)} are kept for the system; end other programs"
        )
    return min(UTILIZATION, most)


def _hbm_reasons(gpu: Gpu, utilization: float, wishes: Wishes) -> list[Reason]:
    memory = "memory of CPU and GPU" if gpu.integrated else "GPU memory"
    asked = wishes.utilization is not None
    why = "as asked" if asked else "vLLM's own default" if utilization == UTILIZATION else "what is free"
    found = [
        Reason("reported", f"{format_size(gpu.free)} of {format_size(gpu.total)} of {memory} are free now"),
        Reason("asked" if asked else "rule", f"vLLM may use {utilization:g} of it: {why}"),
    ]
    if wishes.hbm_headroom:
        found.append(Reason("asked", f"{format_size(wishes.hbm_headroom)} of HBM stay free beyond that"))
    if wishes.weights:
        found.append(Reason("reported", f"the weights take {format_size(wishes.weights)} on each GPU"))
    return found


def _check_fit(gpu: Gpu, hbm: int, wishes: Wishes) -> None:
    if hbm <= 0:
        raise Error(
            f"--hbm-headroom {format_size(wishes.hbm_headroom)} leaves nothing of the memory that vLLM may use on GPU "
            f"{gpu.ordinal} ({format_size(gpu.total)} together); ask for less"
        )
    if wishes.weights >= hbm:
        raise Error(
            f"the model does not fit: its weights take {format_size(wishes.weights)} on each of {wishes.gpus} GPUs, "
            f"and vLLM may use {format_size(hbm)} of each; only the KV cache can live beyond HBM, so use more GPUs "
            "(--tensor-parallel-size) or a smaller or quantized model"
        )


def _check_kv(gpu: Gpu, asked: int, in_hbm: int, chosen: Choice) -> None:
    """In HBM less the weights, or wholly in the larger memory where the cache is not split."""
    most = max(in_hbm, 0) + chosen.large_bytes
    if asked <= most:
        return
    full = (
        f"{chosen.tier} holds {format_size(chosen.large_bytes)} of it ({chosen.bound})"
        if chosen.large_bytes
        else f"nothing beyond HBM can hold any of it: {chosen.bound}"
    )
    raise Error(
        f"a KV cache of {format_size(asked)} on each GPU is more than GPU {gpu.ordinal} reaches: at most "
        f"{format_size(in_hbm)} of HBM, and {full}; ask for at most {format_size(most // GIB * GIB or most)}"
    )


def _link(gpu: Gpu, chosen: Choice) -> tuple[list[Reason], list[str]]:
    """What reading beyond HBM costs: a reason where it is cheap, a warning where it is not."""
    if not chosen.large_bytes or not gpu.link_rate or chosen.recipe == IN_HBM:
        return [], []
    if not gpu.memory_rate:
        return [Reason("reported", f"{gpu.link} to the host carries up to {gpu.link_rate:.0f} GB/s")], []
    ratio = gpu.memory_rate / gpu.link_rate
    text = (
        f"KV beyond HBM is read over {gpu.link} at up to {gpu.link_rate:.0f} GB/s, HBM at up to "
        f"{gpu.memory_rate:.0f} GB/s: {ratio:.0f} times slower"
    )
    if ratio < SLOW_LINK:
        return [Reason("reported", text)], []
    cost = 0.1 * ratio + 0.9
    return [], [
        f"{text}; a decode step that finds a tenth of its KV there reads about {cost:.0f} times as long. It pays "
        "where the alternative is to recompute or refuse requests; --recipe 'device | stats' keeps the KV cache in HBM"
    ]


__all__ = ["Plan", "Reason", "Wishes", "make_plan", "nearest_tier"]
