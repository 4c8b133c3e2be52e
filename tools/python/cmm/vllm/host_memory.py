"""How much host memory is free now."""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..errors import Error

NODES = Path("sys/devices/system/node")


@dataclasses.dataclass(frozen=True)
class Now:
    """Host memory that is free now, in bytes; None where nothing says so."""

    available: int | None = None
    """Of the whole system, HBM that is a NUMA node included."""
    cache: Mapping[int, int] = dataclasses.field(default_factory=dict)
    """Of each NUMA node, what its page cache could give back."""
    limit: int | None = None
    """Of the control group."""
    used: int | None = None
    """Of the control group, without what its page cache could give back."""

    @property
    def left_in_group(self) -> int | None:
        """What the control group may still use; all of its limit where its use is unknown."""
        return None if self.limit is None else max(0, self.limit - (self.used or 0))


def read_now(root: Path) -> Now:
    """From /proc and /sys of this machine, or of a recorded one."""
    lines = _pairs(root / "proc/meminfo")
    cache = {}
    for folder in (root / NODES).glob("node[0-9]*"):
        told = _pairs(folder / "meminfo", skip=2)
        cache[int(folder.name[4:])] = told.get("Active(file)", 0) + told.get("Inactive(file)", 0)
    group = root / "sys/fs/cgroup"
    limit, used = _number(group / "memory.max"), _number(group / "memory.current")
    given_back = _pairs(group / "memory.stat", unit=1).get("inactive_file", 0)
    if limit is None and (limit := _number(group / "memory/memory.limit_in_bytes")) is not None:
        used = _number(group / "memory/memory.usage_in_bytes")
        given_back = _pairs(group / "memory/memory.stat", unit=1).get("total_inactive_file", 0)
        limit = limit if limit < 1 << 60 else None  # what version 1 writes for none
    return Now(lines.get("MemAvailable"), cache, limit, None if used is None else max(0, used - given_back))


def available_host_memory(hbm_nodes: Iterable[int], root: Path = Path("/")) -> int:
    """Bytes that the kernel gives without swapping, within the control group's limit. Refuses other systems.

    HBM that is a NUMA node is named by the caller: the kernel counts it, and it is no host memory.
    """
    now = read_now(root)
    if now.available is None:
        raise Error("/proc/meminfo does not say how much memory is available (MemAvailable); cmm needs Linux")
    hbm = sum(
        _pairs(root / NODES / f"node{node}" / "meminfo", skip=2).get("MemFree", 0) for node in hbm_nodes
    )
    free = max(0, now.available - hbm)
    return free if now.left_in_group is None else min(free, now.left_in_group)


def _pairs(path: Path, skip: int = 0, unit: int = 1024) -> dict[str, int]:
    """Lines such as "MemFree: 17 kB" in bytes; none of a file that this user cannot see."""
    try:
        lines = [line.split()[skip:] for line in path.read_text().splitlines()]
    except OSError:
        return {}
    return {line[0].rstrip(":"): int(line[1]) * unit for line in lines if len(line) > 1 and line[1].isdigit()}


def _number(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
