"""What findings are made of: a sentence with its rows, and the rows that belong together."""

from dataclasses import dataclass

from .. import units
from ..units import times_text
from .spread import is_clear, ratio

WAYS = {
    "fault": "by faults",
    "remote": "by reading them where they are",
    "prefetch": "by one prefetch for each block",
    "batched_prefetch": "by one batched prefetch",
    "copy": "by one copy for each block",
    "batched_copy": "by one batched copy",
}


@dataclass(frozen=True)
class Sentence:
    """One finding; `kind` is "good", "bad" or "note"."""

    kind: str
    head: str
    text: str
    rows: list


NEARLY_ONE = 1.1  # a factor below it is not worth a warning


def find(rows, **axes):
    """The first row that matches."""
    return next((row for row in rows if row.matches(**axes)), None)


def size(row, axis="bytes"):
    """A row's axis as a number."""
    return units.number_of(row.axes.get(axis, "")) or 0


def largest_pair(rows, one, other, axis="bytes"):
    """The rows that match `one` and `other` and agree in all else, at the largest value of the axis."""
    pairs = []
    for row in rows:
        if row.matches(**one):
            wanted = {**row.axes, **other}
            partner = next((r for r in rows if r.axes == wanted), None)
            if partner:
                pairs.append((size(row, axis), row, partner))
    return max(pairs, key=lambda pair: pair[0])[1:] if pairs else None


def resident_pair(result):
    """How fast resident managed memory is against cudaMalloc's: the speed, of what, and its two rows."""
    gemm = result.family("gemm")
    for kind in ("bf16", "fp8", "fp32"):
        pair = largest_pair(
            [r for r in gemm if r.matches(type=kind)],
            {"operands": "managed_resident", "call": "steady"},
            {"operands": "device"},
            "n",
        )
        if pair:
            speed = pair[0].speed_against(pair[1])
            return speed, f"A {kind} matrix product of size {pair[0].axes.get('n')}", list(pair)
    pair = largest_pair(
        result.family("bandwidth"),
        {"what": "device", "op": "read", "memory": "managed"},
        {"memory": "device"},
    ) or largest_pair(
        result.family("page_fault"),
        {"what": "gpu_first_touch", "policy": "always_prefetch"},
        {"policy": "cudaMalloc"},
    )
    return (pair[1].time / pair[0].time, "A kernel", list(pair)) if pair else None


def versus(slow, fast, what="as long"):
    """ "12 times as long", or that no difference is seen."""
    if is_clear(slow, fast) is False:
        return "no clear difference"
    times = ratio(slow, fast)
    return f"{times_text(times)} {what}" if times >= 1 else f"{times_text(1 / times)} as fast"
