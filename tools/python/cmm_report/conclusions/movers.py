"""The recommendation of movers: how pages of a KV cache move, by direction, size and what runs beside."""

from collections import defaultdict
from dataclasses import dataclass
from statistics import mean

from .. import units

WAYS = ("up", "down", "swap")
AS_GOOD = 0.97  # of the fastest rate, from which fewer thread blocks count more
FEW_COLUMNS = 1024  # products below wait for memory, as those of a decode step do


@dataclass(frozen=True)
class Mover:
    """What moved the pages of a row: `ctas` is 0 for the copy engine."""

    kind: str
    ctas: int

    @property
    def text(self):
        """As the library reads it."""
        return self.kind if self.kind == "engine" else f"{self.kind} {self.ctas}"


@dataclass
class Choice:
    """A line of the recommendation, the rows it comes from, and why."""

    way: str
    beside: str
    page: str
    mover: Mover
    rows: list
    reason: str

    @property
    def text(self):
        """As the library reads it."""
        return f"{self.way} {self.beside} {self.page} {self.mover.text}"


def mover_of(row):
    """The mover of a row, or None where it names none that the library knows."""
    kind, ctas = row.axes.get("by"), row.axes.get("ctas", "0")
    if kind not in ("registers", "ring", "engine") or not (ctas.isascii() and ctas.isdigit()):
        return None
    count = int(ctas)
    return Mover(kind, count) if (count == 0) == (kind == "engine") and count <= 1024 else None


def rate_of(row):
    """Bytes in a nanosecond."""
    return row.values["bytes"] / row.time


def by_page(rows):
    """Rows of one direction by page size, smallest first; those without a size or a mover left out."""
    pages = defaultdict(dict)
    for row in rows:
        page, mover = row.axes.get("page", ""), mover_of(row)
        if units.size_of(page) and mover and row.get("bytes") and row.axes.get("gpu", "0") == "0":
            pages[page][mover] = row
    return sorted(pages.items(), key=lambda item: units.size_of(item[0]))


def alone(rows, way):
    """The fewest thread blocks that reach nearly the fastest rate; the copy engine where none does."""
    for page, movers in by_page([row for row in rows if row.matches(way=way, beside="nothing")]):
        best = max(rate_of(row) for row in movers.values())
        good = [mover for mover, row in movers.items() if rate_of(row) >= AS_GOOD * best]
        kernels = [mover for mover in good if mover.ctas]
        mover = min(kernels or good, key=lambda each: (each.ctas, movers[each].time, each.kind))
        row = movers[mover]
        reason = f"{way}, {page}, nothing beside: {units.rate_text(rate_of(row) * 1e9)}"
        if row.get("limit_ratio"):
            whom = "a kernel" if mover.ctas else "the faster of copy engine and kernel"
            reason += f", {units.percent_text(row.values['limit_ratio'])} of what the link gives {whom}"
        yield Choice(way, "nothing", page, mover, [row], reason + ".")


def columns_of(row):
    """The columns of the product beside a row, or None."""
    text = row.axes.get("product") or row.axes.get("beside", "")
    return int(text[1:]) if text[:1] == "m" and text[1:].isdigit() else None


def slowdown(row):
    """By which share of its time the product is slowed; what is within chance may be below 0."""
    return max(1 / row.values["speedup"] - 1, 0.0)


def beside(rows, way, name, wanted):
    """The mover that costs the products beside it least time for each byte it moves."""
    moves = [r for r in rows if r.matches(way=way) and "beside" in r.axes and wanted(columns_of(r))]
    slowed = [r for r in rows if r.matches(way=way) and "product" in r.axes and wanted(columns_of(r))]
    slowed = [r for r in slowed if r.get("speedup")]
    for page, _ in by_page(moves):
        seen = {}
        for mover in {mover_of(row) for row in moves if row.axes.get("page") == page} - {None}:
            here = [r for r in moves if r.axes.get("page") == page and mover_of(r) == mover]
            there = [r for r in slowed if r.axes.get("page") == page and mover_of(r) == mover]
            if there:
                lost, rate = mean(slowdown(r) for r in there), mean(rate_of(r) for r in here)
                seen[mover] = (lost, rate, here + there)
        if not seen:
            continue
        within_chance = 0.005
        mover = min(
            seen, key=lambda each: ((seen[each][0] + within_chance) / seen[each][1], each.ctas, each.kind)
        )
        lost, rate, named = seen[mover]
        reason = (
            f"{way}, {page}, beside a {name}: {units.rate_text(rate * 1e9)} while products take "
            f"{units.percent_text(lost)} more time."
        )
        yield Choice(way, name, page, mover, named, reason)


def movers(result):
    """The choices of a result; none where it has no rows of the family."""
    rows = result.family("kv_tier")
    found = []
    for way in WAYS:
        found += alone(rows, way)
        found += beside(rows, way, "decode", lambda columns: columns and columns < FEW_COLUMNS)
        found += beside(rows, way, "prefill", lambda columns: columns and columns >= FEW_COLUMNS)
    return found


def as_text(result, choices):
    """What `cmm::kv::read_mover_rows` reads: a line for each choice, with reasons in comments."""
    lines = [
        f"# How pages of a KV cache move on {result.title}.",
        "# Lines are WAY BESIDE SIZE MOVER [THREAD BLOCKS]; # begins a comment.",
    ]
    for choice in choices:
        lines += [f"# {choice.reason}", choice.text]
    return "\n".join(lines) + "\n"


def as_json(choices):
    """The same for programs."""
    return [
        {
            "way": choice.way,
            "beside": choice.beside,
            "page": choice.page,
            "mover": choice.mover.kind,
            "ctas": choice.mover.ctas,
            "reason": choice.reason,
            "rows": [row.name for row in choice.rows],
        }
        for choice in choices
    ]
