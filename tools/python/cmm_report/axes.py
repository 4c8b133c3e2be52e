"""What the axes of a set of rows have in common."""

from . import units


def values_of(rows, axis):
    """The values of an axis in the order of the rows."""
    return list(dict.fromkeys(row.axes[axis] for row in rows if axis in row.axes))


def names_of(rows):
    """Every axis of the rows, in the order of their names."""
    return list(dict.fromkeys(axis for row in rows for axis in row.axes))


def numeric_axis(rows, least):
    """The axis with most different numbers, if there are enough, and every row has one there."""
    counts = {}
    for axis in names_of(rows):
        if axis == "gpu":
            continue
        numbers = [units.number_of(row.axes.get(axis, "")) for row in rows]
        if None not in numbers and len(set(numbers)) >= least:
            counts[axis] = len(set(numbers))
    return max(counts, key=counts.get) if counts else None


def by_number(values):
    """Sort axis values as numbers where they are, as text elsewhere."""
    return sorted(values, key=lambda v: (units.number_of(v) is None, units.number_of(v) or 0, v))
