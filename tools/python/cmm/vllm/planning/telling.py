"""A plan as text: what will be done, why, what to know, and the command."""

import os
import shlex
import textwrap
from collections.abc import Iterable, Sequence

from ...printable import printable
from ...size import format_size
from ..settings import TIERED
from .admission import Admission
from .plan import Plan

ANY = Admission()
WIDTH = 100
LABEL = 12


def told(
    plan: Plan,
    warnings: Iterable[str],
    command: Sequence[str],
    admits: Admission = ANY,
    tokens: str = "",
) -> str:
    """Lines of at most 100 columns, but for the command, which stays in one line to be copied."""
    lines = [f"Plan for {_gpus(plan)}"]
    lines += _entry("recipe", plan.recipe)
    if plan.large_bytes and plan.memory == TIERED:
        lines += _entry("memory", "handles of HBM and of the host node in one range; the recipe without them")
    lines += _entry(
        "HBM",
        f"up to {format_size(plan.hbm_bytes)} of each GPU for weights, activations and KV cache "
        f"(--gpu-memory-utilization {plan.gpu_memory_utilization:g})",
    )
    lines += _entry("beyond HBM", _beyond(plan))
    if plan.kv_bytes is not None:
        lines += _entry(
            "KV cache", f"{format_size(plan.kv_bytes)} on each GPU, HBM and beyond together, {plan.kv_why}"
        )
    if tokens:
        lines += _entry("holds", tokens)
    if admits.text:
        lines += _entry("admits", admits.text)
    lines += ["", "Why"]
    for reason in plan.reasons:
        lines += _entry(reason.how, reason.text)
    if admits.reason:
        lines += _entry(*admits.reason)
    together = [*plan.warnings, *filter(None, [admits.warning]), *warnings]
    if together:
        lines += ["", "Warnings"]
        for each in together:
            lines += textwrap.wrap(printable(each), WIDTH, initial_indent="  - ", subsequent_indent="    ")
    return "\n".join([*lines, "", "Command", f"  {' '.join(map(_word, command))}"])


def _gpus(plan: Plan) -> str:
    name = printable(", ".join(dict.fromkeys(gpu.name for gpu in plan.gpus)))
    if len(plan.gpus) == 1:
        return f"GPU {plan.gpus[0].ordinal}: {name}"
    ordinals = ", ".join(str(gpu.ordinal) for gpu in plan.gpus)
    return f"GPUs {ordinals}: {name}"


def _beyond(plan: Plan) -> str:
    if not plan.large_bytes:
        return "nothing: the KV cache stays in HBM"
    if plan.kv_bytes is not None:
        return f"at most {format_size(plan.large_bytes)} for each GPU, in {plan.tier}"
    return f"{format_size(plan.large_bytes)} of KV cache for each GPU, in {plan.tier}"


def _entry(label: str, text: str) -> list[str]:
    """A label, and its text in a column of its own."""
    first = f"  {label:<{LABEL}}"
    return textwrap.wrap(
        printable(text),
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_on_hyphens=False,
    )


def _word(text: str) -> str:
    """As a shell reads it back, with nothing in it that acts on a terminal."""
    if text.isprintable():
        return shlex.quote(text)
    plain = (
        chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else f"\\x{byte:02x}"
        for byte in os.fsencode(text)
    )
    return f"$'{''.join(plain)}'"
