"""Draws panels of lines, several beside each other where they share their axes."""

import itertools
import math

from matplotlib.ticker import LogLocator, NullFormatter

from .. import units
from .plot_axes import WIDE, mark_as_predicted, set_value_axis, title
from .style import CYCLE, FAINT, INK, styles


def set_ticks(axes, panel, most):
    """Put ticks where the points are, thinned out until they fit, with sizes written as sizes."""
    xs = sorted({x for line in panel.lines for x, _ in line.points})
    step = math.ceil(len(xs) / most)
    kept = xs[::step] if xs else []
    wide = min(xs, default=0) > 0 and max(xs) >= 8 * min(xs)
    if wide and panel.ticks != "percent":
        axes.set_xscale("log", base=2)
    label = units.size_text if panel.ticks == "size" else "{:g}".format
    turned = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if panel.ticks == "size" else {}
    axes.set_xticks(kept, [label(x) for x in kept], **turned)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_tick_params(which="minor", length=0)


def columns_of(names, width):
    """Columns of a legend below its panels."""
    longest = max(map(len, names), default=1)
    return max(1, int((130 if width == WIDE else 50) / (longest + 9)))


def legend_of(group):
    """(kind, name) of what is drawn in a group, each once, limits last."""
    lines = [line for panel in group for line in panel.lines]
    keys = dict.fromkeys((line.role, "" if line.role == "other" else line.label) for line in lines)
    ordered = sorted(keys, key=lambda key: ("series", "other", "limit").index(key[0]))
    texts = {"series": "{}", "other": "others, in the table", "limit": "limit: {}"}
    return ordered, [texts[role].format(label) for role, label in ordered]


def is_log(group):
    """Whether the values of panels with a common axis need a logarithmic one."""
    values = [y for panel in group for line in panel.lines for _, y in line.points]
    return group[0].log and max(values) > 5 * min(values) > 0


def draw_lines(axes, panel, style, most_ticks, log):
    """Draw every line, limits as dark dashes; returns what was drawn by (role, label)."""
    drawn = {}
    for line in panel.lines:
        xs, ys = zip(*line.points, strict=True)
        if line.role == "other":
            drawn[line.role, ""] = axes.plot(xs, ys, color=FAINT, linewidth=0.9, zorder=1)[0]
            continue
        colour, marker, dash = style[line.role, line.label]
        shape = {"marker": marker, "markersize": 5.5} if line.role == "series" else {}
        drawn[line.role, line.label] = axes.plot(
            xs, ys, color=colour, linestyle=dash, linewidth=1.6, zorder=3 if shape else 2, **shape
        )[0]
    values = [y for line in panel.lines for _, y in line.points]
    if log:
        axes.set_yscale("log")
        if max(values) < 60 * min(values):
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    else:
        axes.set_ylim(0, max(values) * 1.08)
    set_value_axis(axes.yaxis, log)
    set_ticks(axes, panel, most_ticks)
    axes.set_xlabel(panel.x_label)
    axes.grid(axis="y", color="#e3e3e3", zorder=0)
    return drawn


def series_styles(panels):
    """A style for each series of a family, or None where there are too many to tell apart in all panels."""
    labels = dict.fromkeys(line.label for panel in panels for line in panel.lines if line.role == "series")
    return styles(list(labels)) if len(labels) <= len(CYCLE) else None


def draw_group(part, group, series, width, simulated):
    """Draw panels beside each other with one legend: below, or beside a panel that is alone."""
    keys, names = legend_of(group)
    series = series or styles([label for role, label in keys if role == "series"])
    dashes = itertools.cycle([(0, (6, 3)), (0, (2, 2)), (0, (6, 2, 1, 2)), (0, (1, 1)), (0, (9, 4))])
    style = {key: series[key[1]] if key[0] == "series" else (INK, None, next(dashes)) for key in keys}
    alone = width == WIDE and len(group) == 1
    all_axes = part.subplots(1, len(group), squeeze=False, sharey=len(group) > 1)[0]
    drawn = {}
    for axes, panel in zip(all_axes, group, strict=False):
        title(axes, panel, 28 if len(group) > 1 else 80 if width == WIDE else 40)
        drawn |= draw_lines(axes, panel, style, 12 if alone else 6, is_log(group))
        if simulated:
            mark_as_predicted(axes)
    for axes in all_axes[len(group) :]:
        axes.set_axis_off()
    all_axes[0].set_ylabel(group[0].unit)
    place = (
        {"loc": "outside right center"}
        if alone
        else {"loc": "outside lower left", "ncols": columns_of(names, width)}
    )
    part.legend([drawn[key] for key in keys], names, frameon=False, fontsize=9, handlelength=3, **place)
