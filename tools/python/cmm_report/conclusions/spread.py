"""Whether two rows differ by more than chance."""

from .. import units


def ratio(row, base):
    """How many times as long as the base the row takes."""
    return row.time / base.time


def is_clear(row, base):
    """Whether the rows differ by more than either spreads; None where neither tells its spread."""
    spreads = [one.spread for one in (row, base) if one.spread is not None]
    if not spreads:
        return None
    times = ratio(row, base)
    return max(times, 1 / times) - 1 > max(spreads)


def ratio_text(row, base):
    """The ratio, or "unclear" with why."""
    clear = is_clear(row, base)
    text = f"{units.significant(ratio(row, base))}×"
    if clear is None:
        return f"unclear ({text}, no spread known)"
    if clear:
        return text
    spread = max(one.spread for one in (row, base) if one.spread is not None)
    return f"unclear ({text}, spread {units.percent_text(spread)})"
