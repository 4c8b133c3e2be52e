"""From a machine and a user's wishes to a plan: recipe, sizes, and why."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

from ...errors import Error
from ...size import format_size, size_in_full
from ..machine.description import Gpu, Machine
from ..machine.locked_memory import locked_told
from ..machine.visible import chosen_gpus
from ..settings import TIERED
from .choosing import Choice, choose
from .gpu_share import UTILIZATION, free_of, utilization
from .limited import capped_by_limit
from .recipe_bounds import bounds
from .shares import MIB, RULE

SLOW_LINK = 20
"""HBM that is so many times faster than the link to the host is worth a warning."""
LONG_PROMPT = (
    "A prompt longer than HBM's part of the KV cache is served, but each step of its answer reads over the "
    "link what lies beyond HBM. The prompt itself is computed as fast as others: layer by layer that is "
    "copied into HBM before it is read (staging_bytes). With drafts, or layers of several kinds, it is slow, "
    "since each tile of its queries reads it over the link again; the server says so when it starts. "
    "--max-model-len refuses what is longer"
)
"""What reading it where it is means over a slow link."""


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
    """Of the model; 0 where that is not known."""
    host_taken: int = 0
    """Host memory that other options of vLLM take."""
    budget: int | None = None
    """CMM_LIMIT, by which the library replaces the recipe's limit."""
    locked: int | None = None
    """What a worker may lock of host memory; None without a limit."""


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
    """The whole KV cache, where that is given."""
    kv_why: str
    """Who gives it."""
    kv_in_hbm: int | None
    """HBM that the KV cache takes at most, where a limit of the recipe says so."""
    tier: str
    """Where the KV cache beyond HBM is."""
    reasons: tuple[Reason, ...]
    warnings: tuple[str, ...]
    memory: str = "recipe"
    """Where the worker takes memory from: "tiered" or "recipe"."""


def make_plan(machine: Machine, wishes: Wishes, users: Mapping[str, str] | None = None) -> Plan:
    """Refuses what cannot work. `users` names who uses each GPU, by its PCI address, for the message."""
    gpus = chosen_gpus(machine, wishes.gpus, wishes.visible)
    part = min(
        utilization(machine, gpu, wishes.utilization, (users or {}).get(gpu.bus or "", ""), wishes.host_taken)
        for gpu in gpus
    )
    smallest = min(gpus, key=lambda gpu: gpu.total)
    hbm = int(smallest.total * part) - wishes.hbm_headroom
    _check_fit(smallest, hbm, wishes)
    in_hbm = max(0, hbm - wishes.weights)
    chosen = choose(machine, gpus, wishes.recipe, hbm, wishes.host_taken, budget=wishes.budget)
    wanted = in_hbm + 1 if wishes.kv_bytes is None else wishes.kv_bytes
    if wanted > in_hbm + chosen.large_bytes:
        farther = choose(
            machine, gpus, wishes.recipe, hbm, wishes.host_taken, anywhere=True, budget=wishes.budget
        )
        if farther.large_bytes > chosen.large_bytes:
            chosen = farther
    capped = capped_by_limit(chosen.recipe, in_hbm, chosen.large_bytes, wishes.kv_bytes, wishes.budget)
    reasons = [
        *_hbm_reasons(machine, gpus, part, wishes),
        *(Reason(how, text) for how, text in chosen.reasons),
    ]
    if wishes.kv_bytes is not None:
        _check_kv(smallest, wishes.kv_bytes, in_hbm, chosen)
        reasons.append(Reason("asked", f"a KV cache of {format_size(wishes.kv_bytes)} on each GPU"))
    if chosen.large_bytes:
        reasons.append(Reason("rule", RULE))
    if capped.reason:
        reasons.append(Reason("asked", capped.reason))
    if chosen.memory == TIERED and (locked := locked_told(wishes.locked, capped.large_bytes)):
        reasons.append(Reason("reported", locked))
    speed, warning = _link(min(gpus, key=lambda gpu: gpu.link_rate or math.inf), chosen)
    return Plan(
        gpus=gpus,
        recipe=chosen.recipe,
        gpu_memory_utilization=part,
        hbm_headroom=wishes.hbm_headroom,
        hbm_bytes=hbm,
        large_bytes=capped.large_bytes,
        kv_bytes=capped.kv_bytes,
        kv_why="as asked"
        if wishes.kv_bytes is not None
        else f"by {bounds(chosen.recipe, wishes.budget).named}",
        kv_in_hbm=capped.kv_in_hbm,
        tier=chosen.tier,
        reasons=(*reasons, *speed),
        warnings=(*chosen.warnings, *warning),
        memory=chosen.memory,
    )


def _hbm_reasons(machine: Machine, gpus: Sequence[Gpu], part: float, wishes: Wishes) -> list[Reason]:
    asked = wishes.utilization is not None
    why = "as asked" if asked else "vLLM's own default" if part == UTILIZATION else "what is free"
    whose = "it" if len(gpus) == 1 else "each"
    told: dict[str, list[str]] = {}
    for gpu in gpus:
        told.setdefault(_free_now(machine, gpu), []).append(str(gpu.ordinal))
    found = [
        Reason("reported", text if len(told) == 1 else f"{text}, on GPU {', '.join(same)}")
        for text, same in told.items()
    ]
    found.append(Reason("asked" if asked else "rule", f"vLLM may use {part:g} of {whose}: {why}"))
    if wishes.hbm_headroom:
        found.append(Reason("asked", f"{format_size(wishes.hbm_headroom)} of HBM stay free beyond that"))
    if wishes.weights:
        found.append(Reason("reported", f"the weights take {format_size(wishes.weights)} on each GPU"))
    return found


def _free_now(machine: Machine, gpu: Gpu) -> str:
    memory = "the memory of CPU and GPU" if gpu.integrated else "GPU memory"
    free = "are free now, page cache included" if gpu.integrated else "are free now"
    left = free_of(machine, gpu)
    if left < gpu.free:
        free += f": the control group of this process may use {format_size(machine.now.limit or 0)}"
    return f"{format_size(left)} of {format_size(gpu.total)} of {memory} {free}"


def _check_fit(gpu: Gpu, hbm: int, wishes: Wishes) -> None:
    if hbm <= 0:
        raise Error(
            f"--hbm-headroom {format_size(wishes.hbm_headroom)} leaves nothing of what vLLM may use of GPU "
            f"{gpu.ordinal}, {format_size(hbm + wishes.hbm_headroom)}; ask for less"
        )
    if wishes.weights >= hbm:
        each = "GPU" if wishes.gpus == 1 else f"of {wishes.gpus} GPUs"
        raise Error(
            f"the model does not fit: its weights take {format_size(wishes.weights)} on each {each}, and "
            f"vLLM may use {format_size(hbm)} of it; only the KV cache can live beyond HBM, so use more "
            "GPUs (--tensor-parallel-size), or a smaller or quantized model"
        )


def _check_kv(gpu: Gpu, asked: int, in_hbm: int, chosen: Choice) -> None:
    most = (in_hbm + chosen.large_bytes) // MIB * MIB
    if asked <= most:
        return
    if chosen.large_bytes:
        full = (
            f"HBM takes {format_size(in_hbm)} and {chosen.tier} runs out at {format_size(chosen.large_bytes)}"
        )
    else:
        full = f"HBM runs out at {format_size(in_hbm)}, and no memory beyond it can be used"
    raise Error(
        f"a KV cache of {size_in_full(asked)} on each GPU is larger than GPU {gpu.ordinal} reaches: {full} "
        f"({chosen.bound}); ask for at most --kv-bytes {most // MIB}MiB"
    )


def _link(gpu: Gpu, chosen: Choice) -> tuple[list[Reason], list[str]]:
    """What reading beyond HBM costs: a reason where it is cheap, a warning where it is not."""
    if not chosen.large_bytes or not gpu.link_rate:
        return [], []
    carries = f"KV beyond HBM is read over {gpu.link} at up to {gpu.link_rate:.0f} GB/s"
    if not gpu.memory_rate:
        return [Reason("reported", carries)], []
    ratio = gpu.memory_rate / gpu.link_rate
    text = f"{carries}, HBM at up to {gpu.memory_rate:.0f} GB/s: {ratio:.0f} times slower"
    if ratio < SLOW_LINK:
        return [Reason("reported", text)], []
    return [], [
        f"{text}. Reading KV of which a tenth is there takes {0.9 + 0.1 * ratio:.0f} times as long. It pays "
        "where requests would wait or be computed anew; --recipe 'device | stats' keeps the KV cache in HBM",
        LONG_PROMPT,
    ]
