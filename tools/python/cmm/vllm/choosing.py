"""Which memory holds the KV cache beyond HBM, by which recipe, and how much of it."""

import dataclasses
import re
from collections.abc import Sequence

from ..errors import Error
from ..size import format_size
from .machine import Gpu, Machine, Reach
from .shares import nearest_tier, share

IN_HBM = "device | stats"
"""The KV cache stays where vLLM has it."""
EGM = "egm | spill{device, .headroom = %dMiB} | stats"
HOST_SOURCES = ("managed", "egm", "managed_pool", "system")
"""Sources that reach host memory."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """Bytes are for each GPU. `bound` says what limits them, reasons are pairs of how and text."""

    recipe: str
    large_bytes: int
    tier: str
    bound: str
    reasons: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


def choose(machine: Machine, gpus: Sequence[Gpu], asked: str | None, hbm: int) -> Choice:
    """The recipe that is asked for, or the one that this machine is best served by; `hbm` is what vLLM may use."""
    if asked is not None:
        return _asked(machine, gpus, asked, hbm)
    if any(gpu.integrated for gpu in gpus):
        why = (
            "CPU and GPU share one memory, so there is no second one to spill to: the KV cache has all of it"
        )
        return Choice(IN_HBM, 0, "", why, (("reported", why),))
    tier = nearest_tier(machine, gpus[0])
    managed = machine.reach("managed", tier)
    if managed.total:
        recipe = f"managed | prefer{{{_preferred(machine, gpus)}}} | accessed_by{{device}} | stats"
        return _beyond(machine, gpus, recipe, managed, hbm)
    egm = machine.reach("egm", tier)
    if egm.total:
        headroom = max(gpu.total - int(hbm) for gpu in gpus) + LEFT_BY_SPILL
        return _beyond(machine, gpus, EGM % (headroom >> 20), egm, hbm)
    why = f"no source reaches {tier.name}: {managed.evidence}; {egm.evidence}"
    if machine.wsl:
        why = f"WSL: {why}"
    return Choice(IN_HBM, 0, "", why, ((managed.how, why),), (f"The KV cache stays in HBM: {why}",))


LEFT_BY_SPILL = 4 << 30
"""HBM in bytes that a spill leaves for activations and CUDA graphs; it fills HBM before those are there."""


def _preferred(machine: Machine, gpus: Sequence[Gpu]) -> str:
    """The nearest node where there are several and the driver obeys a node, else the host as a whole."""
    several = len(machine.host_tiers()) > 1
    return "nearest_numa" if several and all(gpu.addressing == "ATS" for gpu in gpus) else "host"


def _asked(machine: Machine, gpus: Sequence[Gpu], asked: str, hbm: int) -> Choice:
    source = re.match(r"\s*\(*\s*(\w*)", asked)
    name = source[1] if source else ""
    if name in ("device", "device_pool"):
        why = f"the recipe takes from {name}, which is HBM alone"
        return Choice(asked, 0, "", why, (("asked", why),))
    if name not in HOST_SOURCES:
        raise Error(
            f"the recipe {asked!r} begins with {name or asked!r}, and a KV cache needs one of the sources "
            f"{', '.join(HOST_SOURCES)}, device or device_pool; write such as 'managed | prefer{{host}} | "
            "accessed_by{device} | stats'"
        )
    if any(gpu.integrated for gpu in gpus):
        why = "CPU and GPU share one memory, so there is no second one to spill to"
        return Choice(asked, 0, "", why, (("asked", "this recipe"), ("reported", why)))
    tier = nearest_tier(machine, gpus[0])
    reach = machine.reach(name, tier)
    if not reach.total:
        raise Error(
            f"the recipe takes from {name}, which does not reach {tier.name} on this machine: {reach.evidence}; leave "
            "--recipe out, and cmm serve chooses one that works"
        )
    return _beyond(machine, gpus, asked, reach, hbm, asked=True)


def _beyond(
    machine: Machine, gpus: Sequence[Gpu], recipe: str, reach: Reach, hbm: int, asked: bool = False
) -> Choice:
    """With as much of the larger memory as its GPUs may have."""
    found = share(machine, gpus, reach.source)
    reasons = [("asked", "this recipe")] if asked else []
    reasons.append(
        (reach.how, f"{reach.source} reaches {format_size(reach.total)} of {reach.tier}: {reach.evidence}")
    )
    reasons += _modes(machine, gpus)
    large, warnings = found.bytes, []
    if large and not places_blocks(recipe):
        large = max(0, large - hbm) >> 20 << 20
        reasons.append(
            (
                "rule",
                f"this recipe places whole tensors, and the KV cache may be one: {reach.tier} must hold all of it",
            )
        )
        if re.search(r"spill", recipe) and not re.search(r"headroom|budget", recipe):
            warnings.append(
                "The recipe's spill has neither .headroom nor .budget and may fill HBM that vLLM needs for activations; "
                "write such as spill{device, .headroom = 16GiB}"
            )
    reasons.append(("inferred", found.bound))
    if not large:
        warnings.append(f"No host memory is left for a KV cache, so it stays in HBM: {found.bound}")
    warnings += _carve_out(machine)
    tier = "host memory, nearest nodes" if len({nearest_tier(machine, g) for g in gpus}) > 1 else reach.tier
    recipe = recipe if large or asked else IN_HBM
    return Choice(recipe, large, tier, found.bound, tuple(reasons), tuple(warnings))


def places_blocks(recipe: str) -> bool:
    """Whether the worker places blocks by itself, some in HBM and some on the host, or the recipe whole tensors."""
    return recipe.startswith("managed") and "spill" not in recipe


def _modes(machine: Machine, gpus: Sequence[Gpu]) -> list[tuple[str, str]]:
    found = []
    for node in machine.hbm_nodes:
        found.append(
            ("reported", f"NUMA node {node} is HBM: it is counted as HBM, and never again as host memory")
        )
    if machine.memory_mode == "CDMM":
        found.append(
            (
                "reported",
                "CDMM: the driver keeps HBM to itself; managed memory migrates as ever, malloc memory does not",
            )
        )
    if machine.egm_mode == "guest":
        found.append(
            (
                "reported",
                "the memory of this virtual machine is EGM; the worker places managed memory block by block",
            )
        )
    return found


def _carve_out(machine: Machine) -> list[str]:
    hidden = [tier for tier in machine.tiers if tier.gpu < 0 and tier.node < 0]
    if not hidden:
        return []
    kept = sum(tier.total for tier in hidden)
    seen = sum(tier.total for tier in machine.host_tiers())
    return [
        f"The firmware is in EGM mode and keeps about {format_size(kept)} of LPDDR for virtual machines. This system "
        f"does not see it and has {format_size(seen)} of host memory; what /proc/iomem or free show beyond that is "
        "HBM, listed as a NUMA node. So a KV cache of hundreds of GiB was never there. Turn EGM mode off in the "
        "firmware, and the GPU reaches all of LPDDR; or run inside the virtual machine that owns it"
    ]
