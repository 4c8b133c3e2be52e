"""The arguments of stock `vllm serve` for a plan."""

import json
import re
from typing import Any

from ...errors import Error
from ..planning.admission import Admission
from ..planning.plan import Plan
from ..scheduler import NAME as SCHEDULER
from ..settings import TIERED, read_settings
from .arguments import Arguments

WORKER = "cmm.vllm.Worker"


def vllm_arguments(given: Arguments, plan: Plan, admitted: Admission) -> list[str]:
    """What the user gave, then what the plan adds. Refuses settings that the user gave differently."""
    replaced = ["--additional-config", "--kv-cache-memory-bytes", "--gpu-memory-utilization"]
    arguments = given.without(*replaced)
    arguments += ["--worker-cls", WORKER]
    arguments += ["--gpu-memory-utilization", f"{plan.gpu_memory_utilization:g}"]
    if admitted.watermark is not None:
        arguments += ["--watermark", f"{admitted.watermark:g}"]
    if admitted.kept is not None:
        arguments += ["--scheduler-cls", SCHEDULER]
    if plan.kv_bytes is not None:
        arguments += ["--kv-cache-memory-bytes", str(plan.kv_bytes)]
    config = given.json_object("--additional-config")
    kept = {} if admitted.kept is None else {"watermark": admitted.kept}
    config["cmm"] = _joined(config.get("cmm", {}), settings(plan) | kept)
    return [*arguments, "--additional-config", json.dumps(config)]


def settings(plan: Plan) -> dict[str, Any]:
    """What the worker is told; sizes in bytes.

    Where the whole KV cache is given, not how much of it is beyond HBM: that follows, and at each other
    figure vLLM would compile its model anew.
    """
    told: dict[str, Any] = {"recipe": plan.recipe}
    if plan.large_bytes and plan.memory == TIERED:
        told["memory"] = TIERED
    if plan.kv_bytes is None:
        told["large_bytes"] = plan.large_bytes
    if plan.kv_in_hbm is not None:
        told["hbm_bytes"] = plan.kv_in_hbm
    if plan.hbm_headroom:
        told["hbm_headroom"] = plan.hbm_headroom
    return told


def _joined(theirs: Any, ours: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(theirs, dict):
        raise Error(f'"cmm" in --additional-config is {theirs!r}; write an object, or leave it out')
    for name, value in theirs.items():
        if name == "library":
            raise Error(
                '"cmm" in --additional-config names a library, and cmm serve gives a recipe; leave it out, '
                "or start vllm serve --worker-cls cmm.vllm.Worker yourself"
            )
        if name == "large_bytes" and name not in ours:
            raise Error(
                f'"cmm" in --additional-config has "large_bytes": {json.dumps(value)}, and --kv-bytes gives '
                "the whole KV cache; leave one of them out"
            )
        if name in ours and ours[name] != value:
            raise Error(
                f'"cmm" in --additional-config has "{name}": {json.dumps(value)}, and the plan has '
                f"{json.dumps(ours[name])}; leave it out, and override the plan by --recipe, --kv-bytes or "
                "--hbm-headroom"
            )
    joined = {**theirs, **ours}
    read_settings({"cmm": joined}, {})
    return joined


def vllm_size(text: str, where: str) -> int:
    """A size as vLLM writes it: 1k is 1000 and 1K is 1024 bytes. Refuses others."""
    found = re.fullmatch(r"\s*(\d{1,18})(\.\d{1,9})?([kmgtKMGT]?)\s*", text)
    if not found or (found[2] and not found[3].islower()):
        raise Error(f"{where} is {text!r}; write bytes, or such as 64G (1024 * 1024 * 1024 each)")
    power = "kmgt".find(found[3].lower()) + 1 if found[3] else 0
    return (
        int(float(found[1] + (found[2] or "")) * 1000**power)
        if found[2]
        else (int(found[1]) * (1000 if found[3].islower() else 1024) ** power)
    )
