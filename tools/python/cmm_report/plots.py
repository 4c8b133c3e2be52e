"""Draws panels as SVG with matplotlib, once for a wide page and once for a narrow one."""

import io
import itertools
import math
import re
import textwrap
from html import escape

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.ticker import NullFormatter

from . import units
from .style import BLUE, FAINT, GREY, INK, styles

SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "cmm",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
WIDE, NARROW = 9.6, 4.5  # inches
COLUMNS = 3  # of panels on a wide page


def groups_of(panels, width):
    """Panels that share their axes and can stand beside each other on a wide page, the other ones alone."""
    groups = []
    for panel in panels:
        last = groups[-1][-1] if groups else None
        alike = (
            last and last.lines and panel.lines and (last.x_label, last.unit) == (panel.x_label, panel.unit)
        )
        if alike and width == WIDE and len(groups[-1]) < COLUMNS:
            groups[-1].append(panel)
        else:
            groups.append([panel])
    return groups


def height_of(group, width):
    """Inches that a group of panels needs."""
    if group[0].bars:
        return 0.95 + (0.30 if width == WIDE else 0.50) * len(group[0].bars)
    if width == WIDE and len(group) == 1:
        return 3.2
    names = legend_of(group)[1]
    return 3.3 + 0.22 * math.ceil(len(names) / columns_of(names, width))


def columns_of(names, width):
    """Columns of a legend below its panels."""
    longest = max(map(len, names), default=1)
    return max(1, int((130 if width == WIDE else 50) / (longest + 9)))


def legend_of(group):
    """(kind, name) of what is drawn in a group, each once, limits last."""
    lines = {(line.role, line.label): line for panel in group for line in panel.lines if line.role != "other"}
    ordered = sorted(lines, key=lambda key: key[0] == "limit")
    return ordered, [f"limit: {label}" if role == "limit" else label for role, label in ordered]


def number_label(value):
    """Write a tick: 0.5, 20, 4000."""
    return units.significant(value)


def set_ticks(axes, panel, most):
    """Put ticks where the points are, thinned out until they fit, with sizes written as sizes."""
    xs = sorted({x for line in panel.lines for x, _ in line.points})
    step = math.ceil(len(xs) / most)
    kept = xs[::step] if xs else []
    if panel.ticks == "size" and min(xs, default=1) > 0:
        axes.set_xscale("log", base=2)
    elif len(xs) > 2 and min(xs) > 0 and max(xs) >= 8 * min(xs) and panel.ticks == "number":
        axes.set_xscale("log", base=2)
    label = units.size_text if panel.ticks == "size" else "{:g}".format
    turned = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if panel.ticks == "size" else {}
    axes.set_xticks(kept, [label(x) for x in kept], **turned)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_tick_params(which="minor", length=0)


def set_value_axis(which, log):
    """Write numbers on the axis of values without exponents."""
    if log:
        which.set_minor_formatter(NullFormatter())
    which.set_major_formatter(lambda value, _: number_label(value))


def draw_lines(axes, panel, style, most_ticks):
    """Draw every line, limits as dark dashes; returns what was drawn by (role, label)."""
    drawn = {}
    for line in panel.lines:
        xs, ys = zip(*line.points, strict=True)
        if line.role == "other":
            axes.plot(xs, ys, color=FAINT, linewidth=0.9, zorder=1)
            continue
        colour, marker, dash = style[line.role, line.label]
        shape = {"marker": marker, "markersize": 5.5} if line.role == "series" else {}
        drawn[line.role, line.label] = axes.plot(
            xs, ys, color=colour, linestyle=dash, linewidth=1.6, zorder=3 if shape else 2, **shape
        )[0]
    values = [y for line in panel.lines for _, y in line.points]
    log = panel.log and max(values) > 5 * min(values) > 0
    if log:
        axes.set_yscale("log")
    else:
        axes.set_ylim(0, max(values) * 1.08)
    set_value_axis(axes.yaxis, log)
    set_ticks(axes, panel, most_ticks)
    axes.set_xlabel(panel.x_label)
    axes.grid(axis="y", color="#e3e3e3", zorder=0)
    return drawn


def draw_group(part, group, width, simulated):
    """Draw panels beside each other, with one legend for all of them: below, or beside a panel that is alone."""
    keys, names = legend_of(group)
    series = styles([label for role, label in keys if role == "series"])
    dashes = itertools.cycle([(0, (6, 3)), (0, (2, 2)), (0, (6, 2, 1, 2)), (0, (1, 1)), (0, (9, 4))])
    style = {key: series[key[1]] if key[0] == "series" else (INK, None, next(dashes)) for key in keys}
    alone = width == WIDE and len(group) == 1
    all_axes = part.subplots(
        1, COLUMNS if width == WIDE and not alone else 1, squeeze=False, sharey=len(group) > 1
    )[0]
    drawn = {}
    for axes, panel in zip(all_axes, group, strict=False):
        title(axes, panel, 28 if len(group) > 1 else 80 if width == WIDE else 40)
        drawn |= draw_lines(axes, panel, style, 12 if alone else 6)
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


def title(axes, panel, columns):
    """Write the title of a panel and which way is better, in lines that fit."""
    whole = f"{panel.title} ({panel.better})"
    lines = textwrap.wrap(panel.title, columns)
    axes.set_title(whole if len(whole) <= columns else "\n".join([*lines, f"({panel.better})"]))


def draw_bars(axes, panel, width):
    """Draw bars from the top, each with its figure and a stroke where its limit is."""
    bars = panel.bars[::-1]
    places = range(len(bars))
    thick = 0.55 if width == WIDE else 0.3
    axes.barh(places, [bar.value for bar in bars], color=BLUE, height=thick, zorder=2)
    log = set_bar_axis(axes, panel)
    for place, bar in zip(places, bars, strict=True):
        if bar.limit:
            axes.plot(
                [bar.limit] * 2,
                [place - thick * 0.65, place + thick * 0.65],
                color=INK,
                linewidth=2.2,
                zorder=4,
            )
        axes.plot(bar.each, [place] * len(bar.each), "o", color=INK, markersize=3, zorder=4)
        at = text_place(bar, panel, log, width)
        axes.annotate(
            bar.text, (at, place), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9
        )
        if width == NARROW:
            above = {"xytext": (0, 8), "textcoords": "offset points", "va": "bottom", "fontsize": 9}
            axes.annotate(bar.label, (axes.get_xlim()[0], place), **above)
    axes.set_yticks(places, [bar.label for bar in bars] if width == WIDE else [""] * len(bars))
    axes.set_ylim(-0.6, len(bars) - (0.4 if width == WIDE else 0.15))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e3e3e3", zorder=0)


def set_bar_axis(axes, panel):
    """Choose the range of the values and say what the strokes and dots are; returns whether it is logarithmic."""
    most = max(max(bar.value, bar.limit or 0, *bar.each) for bar in panel.bars)
    least = min(bar.value for bar in panel.bars)
    log = panel.log and most > 12 * least > 0
    if log:
        axes.set_xscale("log")
        axes.set_xlim(10 ** math.floor(math.log10(least) - 0.2), most * 4)
    else:
        axes.set_xlim(0, most * 1.25)
    set_value_axis(axes.xaxis, log)
    words = [f"{panel.unit}, logarithmic" if log else panel.unit]
    words += ["stroke: limit"] if any(bar.limit for bar in panel.bars) else []
    words += ["dots: each GPU, bar: their median"] if any(bar.each for bar in panel.bars) else []
    axes.set_xlabel("; ".join(words))
    return log


def text_place(bar, panel, log, width):
    """Where the figure of a bar begins: behind it, or behind its limit where that would strike it through."""
    far = max([bar.value, *bar.each])
    most = max(max(one.value, one.limit or 0, *one.each) for one in panel.bars)
    needed = 0.2 if width == WIDE else 0.32
    near = bar.limit and (bar.limit < far * 3 if log else bar.limit - far < needed * most)
    return max(far, bar.limit) if near else far


def svg_of(panels, name, simulated, width):
    """Draw the panels below each other and return the SVG text."""
    with plt.rc_context(SETTINGS):
        groups = groups_of(panels, width)
        heights = [height_of(group, width) for group in groups]
        head = 0.42 if len(name) < (95 if width == WIDE else 44) else 0.6
        figure = plt.figure(figsize=(width, sum(heights) + head), layout="constrained")
        wrapped = name if head == 0.42 else name.replace(", ", ",\n", 1)
        parts = figure.subfigures(len(groups) + 1, 1, squeeze=False, height_ratios=[head, *heights])[:, 0]
        parts[0].text(0.01, 0.5, wrapped, fontsize=10, ha="left", va="center", color=GREY)
        for part, group in zip(parts[1:], groups, strict=True):
            if group[0].bars:
                axes = part.subplots()
                title(axes, group[0], 80 if width == WIDE else 40)
                draw_bars(axes, group[0], width)
                if simulated:
                    mark_as_predicted(axes)
            else:
                draw_group(part, group, width, simulated)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)
    return text.getvalue()


def mark_as_predicted(axes):
    """Write across the axes that nothing there was measured."""
    place = {"transform": axes.transAxes, "ha": "center", "va": "center", "rotation": 12}
    axes.text(0.5, 0.5, "PREDICTED", fontsize=30, color="#000000", alpha=0.08, zorder=0, **place)


def described(panels):
    """The plots in words, for those who cannot see them."""
    return " ".join(f"{panel.title}, {panel.better}: {', '.join(panel.labels())}." for panel in panels)


def with_title(svg, name, description):
    """Give an SVG a name and a description that screen readers find; drop the metadata."""
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    words = f"<title>{escape(name)}</title>\n <desc>{escape(description)}</desc>"
    return re.sub(r"(<svg\b[^>]*?)>", rf'\1 role="img">\n {words}', svg, count=1)


def inline(svg, prefix):
    """Make an SVG fit to stand in a page: no prologue, no fixed size, names that no other SVG uses."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(<svg\b[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg\b[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    return re.sub(r'(href="|url\()#', rf"\1#{prefix}-", svg)


def draw(result, family, heading, panels):
    """The plot of a family: {"file": SVG for a file, "wide" and "narrow": SVG for the page}."""
    name = f"{heading}: {result.title}"
    texts = {
        width: with_title(svg_of(panels, result.title, result.simulated, width), name, described(panels))
        for width in (WIDE, NARROW)
    }
    prefix = f"{result.short}-{family}"
    return {
        "file": texts[WIDE],
        "wide": inline(texts[WIDE], f"{prefix}-w"),
        "narrow": inline(texts[NARROW], f"{prefix}-n"),
    }
