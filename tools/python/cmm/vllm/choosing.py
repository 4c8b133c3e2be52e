"""Which memory holds the KV cache beyond HBM, by which recipe, and how much of it."""

import dataclasses
import re
from collections.abc import Sequence

from ..errors import Error
from ..kv_recipe import IN_HBM, managed_recipe, pinned_recipe
from ..size import format_size
from .machine import Gpu, Machine, Reach
from .peculiarities import carve_out, carve_out_warnings, modes
from .settings import RECIPE, places_blocks
from .shares import MIB, nearest_tier, share

HOST_SOURCES = ("managed", "egm", "managed_pool", "system")
"""Sources that reach host memory."""
SHARED = "CPU and GPU share one memory, so there is no second one to spill to: the KV cache has what is free"


@dataclasses.dataclass(frozen=True)
class Choice:
    """Bytes are for each GPU. `bound` says what limits them, reasons are pairs of how and text."""

    recipe: str
    large_bytes: int
    tier: str
    bound: str
    reasons: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


def choose(machine: Machine, gpus: Sequence[Gpu], asked: str | None, hbm: int, taken: int) -> Choice:
    """The recipe asked for, else the best for this machine.

    vLLM uses `hbm` bytes of each GPU, and for each `taken` bytes of host memory for other things.
    """
    if any(gpu.integrated for gpu in gpus):
        reasons = [("asked", "this recipe")] if asked else []
        return Choice(asked or IN_HBM, 0, "", SHARED, (*reasons, ("reported", SHARED)))
    if asked is not None:
        return _asked(machine, gpus, asked, hbm, taken)
    tier = nearest_tier(machine, gpus[0])
    managed, egm = machine.reach("managed", tier), machine.reach("egm", tier)
    if managed.total:
        recipe = managed_recipe(_preferred(machine, gpus))
        return _beyond(machine, gpus, recipe, managed, hbm, taken)
    if egm.total:
        recipe = pinned_recipe(max(gpu.total for gpu in gpus) - hbm)
        return _beyond(machine, gpus, recipe, egm, hbm, taken)
    where = "WSL: nothing" if machine.wsl else "nothing"
    why = f"{where} reaches {tier.name}: {managed.evidence}; {egm.evidence}"
    return Choice(IN_HBM, 0, "", why, ((managed.how, why),), (f"The KV cache stays in HBM, for {why}",))


def _preferred(machine: Machine, gpus: Sequence[Gpu]) -> str:
    """The nearest node where there are several and the driver obeys a node, else the host as a whole."""
    several = len(machine.host_tiers()) > 1
    return "nearest_numa" if several and all(gpu.addressing == "ATS" for gpu in gpus) else "host"


def _asked(machine: Machine, gpus: Sequence[Gpu], asked: str, hbm: int, taken: int) -> Choice:
    found = re.match(r"[\s(]*(\w*)", asked)
    name = found[1] if found else ""
    if name in ("device", "device_pool"):
        why = f"the recipe takes from {name}, which is HBM alone"
        return Choice(asked, 0, "", why, (("asked", why),))
    if name not in HOST_SOURCES:
        raise Error(
            f"the recipe {asked!r} has no source that can hold a KV cache; begin it with one of "
            f"{', '.join(HOST_SOURCES)}, device or device_pool, such as {RECIPE}"
        )
    tier = nearest_tier(machine, gpus[0])
    reach = machine.reach(name, tier)
    if not reach.total:
        raise Error(
            f"the recipe takes from {name}, which does not reach {tier.name} here: {reach.evidence}; leave "
            "--recipe out, and cmm serve chooses one"
        )
    return _beyond(machine, gpus, asked, reach, hbm, taken, asked=True)


def _beyond(
    machine: Machine,
    gpus: Sequence[Gpu],
    recipe: str,
    reach: Reach,
    hbm: int,
    taken: int,
    asked: bool = False,
) -> Choice:
    """With as much of the larger memory as its GPUs may have."""
    found = share(machine, gpus, reach.source)
    large = max(0, found.bytes - taken)
    reasons = [("asked", "this recipe")] if asked else []
    for tier in dict.fromkeys(nearest_tier(machine, gpu) for gpu in gpus):
        near = machine.reach(reach.source, tier)
        evidence = f"{near.source} reaches {format_size(near.total)} of {near.tier}: {near.evidence}"
        reasons.append((near.how, evidence))
    reasons += [*modes(machine), *(("reported", each) for each in found.bounds)]
    if taken:
        reasons.append(("asked", f"other options of vLLM take {format_size(taken)} of it for each GPU"))
    warnings = []
    if large and not places_blocks(recipe):
        large = max(0, large - hbm)
        whole = f"this recipe places whole tensors, and the KV cache may be one: {reach.tier} must hold all"
        reasons.append(("rule", whole))
        if "spill" in recipe and not re.search(r"headroom|budget", recipe):
            warnings.append(
                "The recipe's spill has neither .headroom nor .budget and may fill HBM that vLLM needs for "
                "activations; write such as spill{device, .headroom = 16GiB}"
            )
    large = large // MIB * MIB
    bound = f"{found.bound}{carve_out(machine)}"
    if not large:
        warnings.append(f"No host memory is left for a KV cache, so it stays in HBM: {found.bound}")
    several = len({nearest_tier(machine, gpu) for gpu in gpus}) > 1
    return Choice(
        recipe if large or asked else IN_HBM,
        large,
        "the host memory nearest to each GPU" if several else reach.tier,
        bound,
        tuple(reasons),
        (*warnings, *carve_out_warnings(machine)),
    )
