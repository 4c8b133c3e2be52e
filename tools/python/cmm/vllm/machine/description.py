"""A machine as `tools/probe --json` tells it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ...errors import Error

SCHEMA = "cmm-platform 1"


@dataclasses.dataclass(frozen=True)
class Now:
    """Host memory that this process may use now, in bytes; None where nothing says so."""

    available: int | None = None
    """What the kernel gives without swapping, without HBM."""
    cache: Mapping[int, int] = dataclasses.field(default_factory=dict)
    """Of each NUMA node, what its page cache could give back."""
    limit: int | None = None
    """Of the control group that has least left."""
    used: int | None = None
    """Of that group, without what its page cache could give back."""
    total: int | None = None
    """All memory that the system shows, HBM that is a NUMA node included."""

    @property
    def left_in_group(self) -> int | None:
        """What the control group may still use; all of its limit where its use is unknown."""
        return None if self.limit is None else max(0, self.limit - (self.used or 0))


@dataclasses.dataclass(frozen=True)
class Gpu:
    """One GPU; sizes in bytes, rates in GB/s, None where the probe does not know."""

    ordinal: int
    name: str
    bus: str | None
    total: int
    free: int
    memory_rate: float | None
    link: str | None
    link_rate: float | None
    nearest_node: int | None
    addressing: str | None
    integrated: bool
    numa_node: int | None = None
    """The NUMA node that is its memory."""
    trouble: str = ""
    """Why its sizes are not known; they are 0 then."""


@dataclasses.dataclass(frozen=True)
class Tier:
    """Memory of one kind in one place; `gpu` and `node` are -1 where they do not apply."""

    name: str
    gpu: int
    node: int
    total: int
    kind: str = "host"
    """hbm, host, unified or carve_out."""


@dataclasses.dataclass(frozen=True)
class Reach:
    """How much of a tier a source hands out, and how that is known."""

    source: str
    tier: str
    total: int
    how: str
    evidence: str


@dataclasses.dataclass(frozen=True)
class Machine:
    """What a plan needs of the probe's description."""

    gpus: tuple[Gpu, ...]
    tiers: tuple[Tier, ...]
    reaches: tuple[Reach, ...]
    node_bytes: Mapping[int, int]
    node_free: Mapping[int, int]
    hbm_nodes: tuple[int, ...]
    memory_mode: str | None
    egm_mode: str | None
    wsl: bool
    no_gpu: str
    """Why no GPU answered."""
    now: Now
    warnings: tuple[str, ...] = ()
    """What the probe could not know of host memory, and assumed."""

    def host_tiers(self) -> list[Tier]:
        """Memory of the host that this system sees."""
        return [tier for tier in self.tiers if tier.kind in ("host", "unified")]

    def reach(self, source: str, tier: Tier) -> Reach:
        """How much of a tier a source hands out; nothing where the probe has no answer."""
        for each in self.reaches:
            if each.source == source and each.tier == tier.name:
                return each
        return Reach(source, tier.name, 0, "unknown", f"the probe knows no source {source}")


def read_machine(description: Any) -> Machine:
    """From the JSON of the probe. Refuses another program's."""
    if not isinstance(description, dict) or description.get("schema") != SCHEMA:
        raise Error(f'this is no answer of tools/probe --json: it has no "schema": "{SCHEMA}"')
    try:
        return _read(description)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Error(
            f"the answer of tools/probe --json lacks something or has it in another shape ({error!r}); "
            "use the probe and the package cmm of one version"
        ) from error


def _read(told: dict[str, Any]) -> Machine:
    facts = told["facts"]
    nodes = told["nodes"]
    now = _now(told)
    return Machine(
        gpus=tuple(_gpu(each, now) for each in told["gpus"]),
        tiers=tuple(
            Tier(
                each["name"],
                int(each["gpu"]),
                int(each["node"]),
                int(each["bytes"]["value"] or 0),
                each["kind"],
            )
            for each in told["tiers"]
        ),
        reaches=tuple(_reach(each) for each in told["reachable"]),
        node_bytes={int(node["id"]): int(node["bytes"]) for node in nodes},
        node_free={int(node["id"]): int(node["free_bytes"]) * bool(node["allowed"]) for node in nodes},
        hbm_nodes=tuple(int(node["id"]) for node in nodes if node["role"]["value"] == "HBM"),
        memory_mode=facts["memory_mode"]["value"],
        egm_mode=facts["egm_mode"]["value"],
        wsl=bool(facts["wsl"]["value"]),
        no_gpu=str(told["no_gpu"]),
        now=now,
        warnings=tuple(str(each) for each in told["host_memory"]["assumed"]),
    )


def _now(told: dict[str, Any]) -> Now:
    def number(known: dict[str, Any]) -> int | None:
        return None if known["value"] is None else int(known["value"])

    host = told["host_memory"]
    return Now(
        available=number(host["available_bytes"]),
        cache={int(node["id"]): int(node["cache_bytes"]) * bool(node["allowed"]) for node in told["nodes"]},
        limit=number(told["facts"]["memory_limit_bytes"]),
        used=number(host["used_bytes"]),
        total=number(told["facts"]["memory_total_bytes"]),
    )


def _gpu(told: dict[str, Any], now: Now) -> Gpu:
    def value(name: str) -> Any:
        return told[name]["value"]

    integrated = bool(value("integrated"))
    total, free, trouble = value("memory_bytes"), value("free_bytes"), ""
    if integrated and now.total is not None and now.available is not None:
        total, free = total or now.total, now.available  # page cache is free there, for vLLM as well
    for size, name in ((total, "memory_bytes"), (free, "free_bytes")):
        if size is None:
            trouble = str(told[name]["evidence"])
    if not trouble and total <= 0:
        trouble = f"its memory is said to be {total} bytes ({told['memory_bytes']['evidence']})"
    return Gpu(
        ordinal=int(told["ordinal"]),
        name=str(told["name"]),
        bus=value("bus"),
        total=0 if trouble else int(total),
        free=0 if trouble else int(free),
        memory_rate=value("memory_rate"),
        link=value("link"),
        link_rate=value("link_rate"),
        nearest_node=value("nearest_node"),
        addressing=value("addressing"),
        integrated=integrated,
        numa_node=value("numa_node"),
        trouble=trouble,
    )


def _reach(told: dict[str, Any]) -> Reach:
    known = told["bytes"]
    how = "verified" if told.get("verified_bytes") else known["how"]
    return Reach(told["source"], told["tier"], int(known["value"] or 0), how, known["evidence"])
