"""The table behind a plot: every row with its axes and figures, failed and skipped ones too."""

from dataclasses import dataclass

from . import axes, units


@dataclass
class Table:
    """Text in columns; the first `words` columns are words, the others figures."""

    heads: list
    words: int
    lines: list


def number(text):
    """Write a figure of a column, or a dash."""
    return text if text is not None else "–"


def limit_cell(row, simulated):
    """How much of its limit a row reaches, and which limit that is; a simulated run measures none."""
    if not row.get("limit_ratio"):
        return None
    source = row.texts.get("limit_source")
    if simulated and source == "measured":
        source = "predicted"
    name = ", ".join(filter(None, (row.texts.get("limit"), source)))
    return f"{units.percent_text(row.values['limit_ratio'])}{f' of {name}' if name else ''}"


def between(row, low, high):
    """Two times with a dash between, or one where they are the same."""
    if row.get(low) is None or row.get(high) is None:
        return None
    return " – ".join(dict.fromkeys(units.time_text(row.values[key]) for key in (low, high)))


def timed(row, key):
    """A time of the row."""
    return None if row.get(key) is None else units.time_text(row.values[key])


def late(row, key):
    """A quantile that the row has samples enough for."""
    return None if row.quantile(key) is None else units.time_text(row.quantile(key))


FIGURES = {
    "median": lambda row: units.time_text(row.time),
    "middle half": lambda row: between(row, "p25_ns", "p75_ns"),
    "95 in 100": lambda row: late(row, "p95_ns"),
    "99 in 100": lambda row: late(row, "p99_ns"),
    "rate": lambda row: rate[1] if (rate := row.rate()) else None,
    "each page": lambda row: timed(row, "ns_per_page"),
    "of its limit": lambda row: limit_cell(row, False),
    "against its baseline": lambda row: (
        f"{units.significant(row.values['speedup'])}×" if row.get("speedup") else None
    ),
    "between repetitions": lambda row: (
        None if row.get("pass_spread") is None else units.percent_text(row.values["pass_spread"])
    ),
}


def table_of(rows, simulated=False):
    """The table of a family; columns that no row fills, or that only repeat the median, are left out."""
    names = axes.names_of(rows)
    columns = {**FIGURES, "of its limit": lambda row: limit_cell(row, simulated)}
    figures = {head: [cell(row) if row.ok else None for row in rows] for head, cell in columns.items()}
    heads = [head for head, cells in figures.items() if any(cells)]
    heads = [head for head in heads if head == "median" or figures[head] != figures["median"]]
    lines = []
    for which, row in enumerate(rows):
        cells = [number(figures[head][which]) for head in heads]
        if not row.ok and cells:
            cells[0] = row.state
        lines.append([*(row.axes.get(name, "") for name in names), *cells])
    return Table([*names, *heads], len(names), lines)
