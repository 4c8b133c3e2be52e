"""Draws panels as SVG with matplotlib, once for a wide page and once for a narrow one."""

import io
import math

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.backends.backend_svg import FigureCanvasSVG

from ..results import slug
from .plot_axes import COLUMNS, NARROW, WIDE, mark_as_predicted, title
from .plot_bars import draw_bars
from .plot_lines import columns_of, draw_group, legend_of, series_styles
from .style import GREY, INK
from .svg import inline, renamed, with_title

SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "cmm",
    "text.parse_math": False,
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


def alike(one, other):
    """Whether two panels can stand beside each other."""
    return bool(one.lines and other.lines) and (one.x_label, one.unit) == (other.x_label, other.unit)


def groups_of(panels, width):
    """Runs of panels that are alike, on a wide page in rows of about one length; the other ones alone."""
    runs = []
    for panel in panels:
        if width == WIDE and runs and alike(runs[-1][-1], panel):
            runs[-1].append(panel)
        else:
            runs.append([panel])
    groups = []
    for run in runs:
        rows = math.ceil(len(run) / COLUMNS)
        length = math.ceil(len(run) / rows)
        groups += [run[start : start + length] for start in range(0, len(run), length)]
    return groups


def height_of(group, width):
    """Inches that a group of panels needs."""
    if group[0].bars:
        return 0.95 + (0.30 if width == WIDE else 0.50) * len(group[0].bars)
    if width == WIDE and len(group) == 1:
        return 3.2
    names = legend_of(group)[1]
    return 3.3 + 0.22 * math.ceil(len(names) / columns_of(names, width))


def svg_of(panels, name, simulated, width):
    """Draw the panels below each other and return the SVG text."""
    with plt.rc_context(SETTINGS):
        groups, series = groups_of(panels, width), series_styles(panels)
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
                draw_group(part, group, series, width, simulated)
        text = io.StringIO()
        # savefig would draw everything twice.
        FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None, "Creator": None})
        plt.close(figure)
    return text.getvalue()


def described(panels):
    """The plots in words, for those who cannot see them."""
    return " ".join(f"{panel.title}, {panel.better}: {', '.join(panel.labels())}." for panel in panels)


def draw(result, family, heading, panels):
    """The plot of a family: {"file": SVG for a file, "wide" and "narrow": SVG for the page}."""
    name = f"{heading}: {result.title}"
    texts = {
        width: with_title(svg_of(panels, result.title, result.simulated, width), name, described(panels))
        for width in (WIDE, NARROW)
    }
    prefix = f"{result.short}-{slug(family)}"
    return {
        "file": renamed(texts[WIDE], "i"),
        "wide": inline(texts[WIDE], f"{prefix}-w"),
        "narrow": inline(texts[NARROW], f"{prefix}-n"),
    }
