"""PyTorch's memory statistics, answered from ours where they raise: in swap mode."""

import dataclasses
from collections.abc import Callable
from typing import Any

import torch

from .allocator import Allocator, chosen
from .statistics import Statistics, reset_peaks, stats

_METRICS = ("current", "peak", "allocated", "freed")
_UNKNOWN = dict.fromkeys(_METRICS, 0)
_UNSPLIT = ("inactive_split", "inactive_split_bytes", "segment")


@dataclasses.dataclass
class _Reporting:
    alloc: Allocator
    originals: dict[str, Callable[..., Any]]
    baselines: dict[int, Statistics] = dataclasses.field(default_factory=dict)


_reporting: _Reporting | None = None


def report_statistics(alloc: Allocator | None = None) -> None:
    """Let `torch.cuda` tell what `alloc` counted, until `restore_statistics`.

    Patches `memory_stats_as_nested_dict`, `reset_peak_memory_stats` and `reset_accumulated_memory_stats` of
    `torch.cuda.memory` and `torch.cuda`, on which `memory_stats`, `memory_allocated`, `max_memory_allocated`,
    `memory_reserved`, `max_memory_reserved` and `memory_summary` rest. `empty_cache` needs no patch;
    `memory_snapshot` and `torch.accelerator.memory` stay as they are.

    Keys are PyTorch's: `allocated_bytes`, `requested_bytes`, `active_bytes`, `allocation` and `active` tell
    tensors, `reserved_bytes` tells `current` and `peak` over all devices, `num_ooms` the requests that
    failed. What is not counted is 0: large_pool and small_pool, inactive_split, segment, oversize, retries,
    and `allocated` and `freed` of reserved_bytes; other keys are left out. Resetting peaks resets those of
    all devices.
    """
    global _reporting
    alloc = chosen(alloc)
    restore_statistics()
    patches = {
        "memory_stats_as_nested_dict": _memory_stats,
        "reset_peak_memory_stats": _reset_peaks,
        "reset_accumulated_memory_stats": _reset_accumulated,
    }
    _reporting = _Reporting(alloc, {name: getattr(torch.cuda.memory, name) for name in patches})
    _install(patches)


def restore_statistics() -> None:
    """Give PyTorch's functions back their place; does nothing where they have it."""
    global _reporting
    if _reporting:
        _install(_reporting.originals)
        _reporting = None


def _install(functions: dict[str, Callable[..., Any]]) -> None:
    for name, function in functions.items():
        for module in (torch.cuda.memory, torch.cuda):
            setattr(module, name, function)


def _current() -> _Reporting:
    if not _reporting:
        raise RuntimeError("restore_statistics was called; ask torch.cuda again instead of a kept function")
    return _reporting


def _memory_stats(device: torch.device | str | int | None = None) -> dict[str, Any]:
    """As `torch.cuda.memory_stats_as_nested_dict`, from the statistics of cmm."""
    reporting = _current()
    if not torch.cuda.is_initialized():
        return {}
    index = torch.cuda._utils._get_device_index(device, optional=True)
    now = stats(reporting.alloc, index)
    start = reporting.baselines.get(index)
    return _as_torch(now, start)


def _as_torch(now: Statistics, start: Statistics | None) -> dict[str, Any]:
    """PyTorch's nested dictionary; totals count from `start`, when accumulated statistics were reset."""

    def kinds(known: dict[str, int]) -> dict[str, dict[str, int]]:
        return {"all": known, "large_pool": dict(_UNKNOWN), "small_pool": dict(_UNKNOWN)}

    def counted(what: str) -> dict[str, int]:
        live, total = getattr(now, f"live_{what}"), getattr(now, f"total_{what}")
        total_before = getattr(start, f"total_{what}") if start else 0
        freed_before = total_before - getattr(start, f"live_{what}") if start else 0
        values = (live, getattr(now, f"peak_{what}"), total - total_before, total - live - freed_before)
        return dict(zip(_METRICS, values, strict=True))

    result: dict[str, Any] = {name: kinds(dict(_UNKNOWN)) for name in _UNSPLIT}
    result |= {
        name: kinds(counted("bytes")) for name in ("allocated_bytes", "requested_bytes", "active_bytes")
    }
    result |= {name: kinds(counted("blocks")) for name in ("allocation", "active")}
    result["reserved_bytes"] = kinds(
        _UNKNOWN | {"current": now.reserved_bytes, "peak": now.peak_reserved_bytes}
    )
    result |= {name: dict(_UNKNOWN) for name in ("oversize_allocations", "oversize_segments")}
    result["num_ooms"] = now.failed - (start.failed if start else 0)
    result["num_alloc_retries"] = 0
    return result


def _reset_peaks(device: torch.device | str | int | None = None) -> None:
    """As `torch.cuda.reset_peak_memory_stats`, of the statistics of cmm and on all devices."""
    reset_peaks(_current().alloc)


def _reset_accumulated(device: torch.device | str | int | None = None) -> None:
    """As `torch.cuda.reset_accumulated_memory_stats`, of the statistics of cmm."""
    reporting = _current()
    index = torch.cuda._utils._get_device_index(device, optional=True)
    reporting.baselines[index] = stats(reporting.alloc, index)
