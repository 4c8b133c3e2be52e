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


def versus(slow, fast, what="as long"):
    """ "12 times as long", or that no difference is seen."""
    if is_clear(slow, fast) is False:
        return "no clear difference"
    times = ratio(slow, fast)
    return f"{times_text(times)} {what}" if times >= 1 else f"{times_text(1 / times)} as fast"
