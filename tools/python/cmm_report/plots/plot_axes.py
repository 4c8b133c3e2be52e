"""What plots of lines and of bars share: widths, titles, ticks and marks."""

import textwrap

from matplotlib.ticker import NullFormatter

from .. import units

WIDE, NARROW = 9.6, 4.5  # inches
COLUMNS = 3  # of panels on a wide page


def number_label(value):
    """Write a tick: 0.5, 20, 4000."""
    return units.significant(value)


def set_value_axis(which, log):
    """Write numbers on the axis of values without exponents."""
    if log:
        which.set_minor_formatter(NullFormatter())
    which.set_major_formatter(lambda value, _: number_label(value))


def title(axes, panel, columns):
    """Write the title of a panel and which way is better, in lines that fit."""
    whole = f"{panel.title} ({panel.better})"
    lines = textwrap.wrap(panel.title, columns)
    axes.set_title(whole if len(whole) <= columns else "\n".join([*lines, f"({panel.better})"]))


def mark_as_predicted(axes):
    """Write across the axes that nothing there was measured."""
    place = {"transform": axes.transAxes, "ha": "center", "va": "center", "rotation": 12}
    axes.text(0.5, 0.5, "PREDICTED", fontsize=30, color="#000000", alpha=0.08, zorder=0, **place)
