"""A machine as `tools/probe --json` tells it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..errors import Error
from .host_memory import Now

SCHEMA = "cmm-platform 1"


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


@dataclasses.dataclass(frozen=True)
class Tier:
    """Memory of one kind in one place; `gpu` and `node` are -1 where they do not apply."""

    name: str
    gpu: int
    node: int
    total: int


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

    def host_tiers(self) -> list[Tier]:
        """Memory of the host that this system sees."""
        return [tier for tier in self.tiers if tier.gpu < 0 and tier.node >= 0]

    def reach(self, source: str, tier: Tier) -> Reach:
        """How much of a tier a source hands out; nothing where the probe has no answer."""
        for each in self.reaches:
            if each.source == source and each.tier == tier.name:
                return each
        return Reach(source, tier.name, 0, "unknown", f"the probe knows no source {source}")


def read_machine(description: Any, now: Now) -> Machine:
    """From the JSON of the probe. Refuses another program's."""
    if not isinstance(description, dict) or description.get("schema") != SCHEMA:
        raise Error(f'this is no answer of tools/probe --json: it has no "schema": "{SCHEMA}"')
    try:
        return _read(description, now)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Error(
            f"the answer of tools/probe --json lacks something or has it in another shape ({error!r}); "
            "use the probe and the package cmm of one version"
        ) from error


def _read(told: dict[str, Any], now: Now) -> Machine:
    facts = told["facts"]
    limit = facts["memory_limit_bytes"]["value"]
    return Machine(
        gpus=tuple(_gpu(each) for each in told["gpus"]),
        tiers=tuple(
            Tier(each["name"], int(each["gpu"]), int(each["node"]), int(each["bytes"]["value"] or 0))
            for each in told["tiers"]
        ),
        reaches=tuple(_reach(each) for each in told["reachable"]),
        node_bytes={int(node["id"]): int(node["bytes"]) for node in told["nodes"]},
        node_free={int(node["id"]): int(node["free_bytes"]) for node in told["nodes"]},
        hbm_nodes=tuple(int(node["id"]) for node in told["nodes"] if int(node["gpu"]) >= 0),
        memory_mode=facts["memory_mode"]["value"],
        egm_mode=facts["egm_mode"]["value"],
        wsl=bool(facts["wsl"]["value"]),
        no_gpu=facts["cuda_driver"]["evidence"],
        now=now if limit is None else dataclasses.replace(now, limit=int(limit)),
    )


def _gpu(told: dict[str, Any]) -> Gpu:
    def value(name: str) -> Any:
        return told[name]["value"]

    return Gpu(
        ordinal=int(told["ordinal"]),
        name=str(told["name"]),
        bus=value("bus"),
        total=int(value("memory_bytes")),
        free=int(value("free_bytes")),
        memory_rate=value("memory_rate"),
        link=value("link"),
        link_rate=value("link_rate"),
        nearest_node=value("nearest_node"),
        addressing=value("addressing"),
        integrated=bool(value("integrated")),
    )


def _reach(told: dict[str, Any]) -> Reach:
    known = told["bytes"]
    how = "verified" if told.get("verified_bytes") else known["how"]
    return Reach(told["source"], told["tier"], int(known["value"] or 0), how, known["evidence"])
