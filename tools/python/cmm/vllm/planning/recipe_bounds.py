"""What the text of a recipe says of sizes and places: its limits, and the nodes and GPUs that it names."""

import dataclasses
import re

from ...errors import Error
from ...size import parse_size

_LIMIT = re.compile(r"\blimit\b(?:\s*\{\s*(?:\.?bytes\s*=)?\s*(?:cmm::)?([^{}]*?)\s*\})?")
_SPILL = re.compile(r"\bspill\s*\{")
_NODE = re.compile(r"\bhost_numa\s*[:(]\s*(?:\.id\s*=)?\s*(\d+)", re.ASCII)
_DEVICE = re.compile(r"\bdevice\s*[:(]\s*(?:\.id\s*=)?\s*(\d+)", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Bytes of a recipe's own limits; None without one."""

    whole: int | None
    """Of all that the recipe hands out."""
    large: int | None
    """Of what stands before a spill, which is the larger memory alone."""
    named: str = "the recipe's limit"
    """As messages name it."""


def bounds(recipe: str, budget: int | None = None) -> Bounds:
    """The smallest limit of each kind; one of the fast memory of a spill bounds neither.

    A budget, which is CMM_LIMIT, takes the place of the one limit there is, or stands behind all. Refuses it
    where the library will, at more limits than one.
    """
    outside = _without_fast_parts(recipe)
    first_spill = _SPILL.search(outside)
    limits = list(_LIMIT.finditer(outside))
    if budget is not None and len(limits) > 1:
        raise Error(
            f"CMM_LIMIT is set, and the recipe {recipe!r} has {len(limits)} limits, so it is not clear which "
            "is meant; unset it, or write one limit"
        )
    whole = [budget] if budget is not None and not limits else []
    large = []
    for found in limits:
        before_spill = first_spill is not None and found.start() < first_spill.start()
        if budget is not None:
            size = budget
        elif found[1] in (None, "", "no_limit"):
            continue
        else:
            size = parse_size(found[1], "the recipe's limit")
        (large if before_spill else whole).append(size)
    named = "CMM_LIMIT" if budget is not None else Bounds.named
    return Bounds(min(whole, default=None), min(large, default=None), named)


def nodes(recipe: str) -> list[int]:
    """The NUMA nodes that a recipe names, in order."""
    return sorted({_number(found) for found in _NODE.findall(recipe)})


def devices(recipe: str) -> list[int]:
    """The GPUs that a recipe names by number, in order."""
    return sorted({_number(found) for found in _DEVICE.findall(recipe)})


def bound_to_a_node(recipe: str) -> bool:
    """Whether its host memory is that of one node: else the kernel takes of any, the nearest first."""
    return bool(re.search(r"\bnearest_numa\b|\bhost_numa\b|\begm\b|\begm_numa\b", recipe))


def _number(digits: str) -> int:
    return int(digits[-18:]) if digits.lstrip("0") == digits[-18:].lstrip("0") else 1 << 62


def _without_fast_parts(recipe: str) -> str:
    """With the braces of each spill emptied."""
    kept, at = [], 0
    for found in _SPILL.finditer(recipe):
        if found.start() < at:
            continue  # of a spill inside another
        depth, end = 1, found.end()
        while end < len(recipe) and depth:
            depth += {"{": 1, "}": -1}.get(recipe[end], 0)
            end += 1
        kept.append(recipe[at : found.end()] + "}")
        at = end
    return "".join([*kept, recipe[at:]])
