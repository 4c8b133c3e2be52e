"""How many requests may run at once: as many as the whole KV cache holds, or as HBM's part of it does."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from ...errors import Error
from ...kv_recipe import FOR_ACTIVATIONS
from ...text_file import read_text
from .plan import SLOW_LINK, Plan

OPTION = "--watermark"
"""vLLM's: a request is only admitted beside others while that part of all blocks stays free."""
ALL, FAST, AUTO = "all", "fast", "auto"
STAY = (
    "Requests run while the KV cache holds them: fewer would not bring blocks that keep their places to HBM"
)


@dataclasses.dataclass(frozen=True)
class Admission:
    """What the plan says of it: `watermark` is what vLLM is told, `kept` our scheduler in place of that."""

    watermark: float | None = None
    kept: float | None = None
    text: str = ""
    reason: tuple[str, str] | None = None
    warning: str = ""


def admission(
    plan: Plan,
    asked: str,
    weights: int,
    *,
    given: str | None,
    has_option: bool,
    scheduler: str | None = None,
    follows: bool = True,
) -> Admission:
    """By what was asked for, the link, and whether this vLLM has the option; our scheduler where it has not.

    `given` is the user's own watermark, `scheduler` their own scheduler. Where blocks do not follow
    (`follows`), fewer requests would not bring them to HBM.
    """
    if not plan.large_bytes:
        return Admission()
    if given is not None:
        return Admission(text=f"as {OPTION} {given} says")
    part = host_part(plan, weights)
    wanted = asked == FAST or (asked == AUTO and follows and _is_slow(plan))
    why = ("asked", f"--admit {asked}") if asked != AUTO else ("rule", _link(plan) if follows else STAY)
    if not wanted or part <= 0:
        return Admission(text="as many requests as the whole KV cache holds", reason=why)
    unknown = "; the weights are not known, so that it may be more" if not weights else ""
    if not has_option and scheduler is None:
        return Admission(
            kept=part,
            text="requests while they fit in HBM, and one that is larger alone (a scheduler of cmm keeps "
            f"{part:g} of all blocks free of them, as this vLLM has no {OPTION}{unknown})",
            reason=why,
        )
    if not has_option:
        lost = (
            f"this vLLM has no {OPTION}, and --scheduler-cls names {scheduler}, so that more requests may "
            "run than HBM holds"
        )
        return Admission(
            text="as many requests as the whole KV cache holds",
            reason=("reported", lost),
            warning=f"{lost[0].upper()}{lost[1:]}" if asked == FAST else "",
        )
    return Admission(
        watermark=part,
        text=f"requests while they fit in HBM, and one that is larger ({OPTION} {part:g}{unknown})",
        reason=why,
    )


def host_part(plan: Plan, weights: int) -> float:
    """The part of the KV cache that lies beyond HBM, in thousandths, rounded up."""
    in_hbm = max(0, plan.hbm_bytes - weights - FOR_ACTIVATIONS)
    if plan.kv_in_hbm is not None:
        in_hbm = min(in_hbm, plan.kv_in_hbm)
    whole = plan.kv_bytes if plan.kv_bytes is not None else in_hbm + plan.large_bytes
    beyond = max(0, whole - in_hbm)
    return min(999, -(-beyond * 1000 // max(whole, 1))) / 1000


def tokens_told(plan: Plan, weights: int, model: str | None, model_gpus: int) -> str:
    """How many tokens the KV cache holds; empty where the model does not say what a token takes."""
    each = token_bytes(model, model_gpus)
    if not each:
        return ""
    in_hbm = max(0, plan.hbm_bytes - weights - FOR_ACTIVATIONS)
    whole = plan.kv_bytes if plan.kv_bytes is not None else in_hbm + plan.large_bytes
    return (
        f"about {whole // each:,} tokens, {min(in_hbm, whole) // each:,} of them in HBM: a context may be as "
        "long as all of it"
    )


def token_bytes(model: str | None, model_gpus: int) -> int:
    """Bytes of KV for a token on each GPU, by a local model's config.json; 0 where it does not show."""
    try:
        told = json.loads(read_text(Path(model) / "config.json", "give a model")) if model else {}
    except (Error, ValueError, RecursionError):
        return 0
    told = told.get("text_config", told) if isinstance(told, dict) else {}
    try:
        return max(0, _token_bytes(told, model_gpus))
    except (TypeError, ValueError, AttributeError, ArithmeticError):
        return 0


def _token_bytes(told: dict[str, Any], model_gpus: int) -> int:
    layers = told.get("num_hidden_layers", 0)
    if "layer_types" in told or "sliding_window_pattern" in told or told.get("use_sliding_window"):
        return 0  # layers differ in what they keep
    if "kv_lora_rank" in told:
        return int(layers * (told["kv_lora_rank"] + told.get("qk_rope_head_dim", 0)) * 2)
    heads = told.get("num_attention_heads", 0)
    size = told.get("head_dim") or told.get("hidden_size", 0) // heads
    kept = -(-told.get("num_key_value_heads", heads) // model_gpus)
    return int(2 * layers * kept * size * 2)


def check_asked(asked: str | None) -> str:
    """One of the three words; `auto` where nothing is asked for."""
    if asked is None:
        return AUTO
    if asked not in (ALL, FAST, AUTO):
        raise Error(
            f"--admit is {asked!r}; write all (as many requests as the whole KV cache holds), fast (as many "
            "as fit in HBM) or auto (by the link)"
        )
    return asked


def _is_slow(plan: Plan) -> bool:
    return any(
        gpu.link_rate and gpu.memory_rate and gpu.memory_rate >= SLOW_LINK * gpu.link_rate
        for gpu in plan.gpus
    )


def _link(plan: Plan) -> str:
    if _is_slow(plan):
        return (
            "Requests run while HBM holds them, since the link to the rest is slow; --admit all lets all run"
        )
    return "Requests run while the KV cache holds them, since the link is fast; --admit fast keeps to HBM"
