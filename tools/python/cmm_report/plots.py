"""Draws panels as SVG with matplotlib, once for a wide page and once for a narrow one."""

import io
import math
import re
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
MOST_TICKS = {WIDE: 12, NARROW: 6}


def height_of(panel, width):
    """Inches that a panel needs."""
    if panel.bars:
        return 0.95 + (0.30 if width == WIDE else 0.50) * len(panel.bars)
    drawn = sum(line.role != "other" for line in panel.lines)
    legend = 0 if width == WIDE else 0.23 * math.ceil(drawn / columns_of(panel))
    return 3.3 + legend


def columns_of(panel):
    """Columns of the legend below a narrow panel."""
    longest = max((len(line.label) for line in panel.lines if line.role != "other"), default=0)
    return 1 if longest > 18 else 2


def number_label(value):
    """Write a tick: 0.5, 20, 4000."""
    return units.significant(value)


def set_ticks(axes, panel, width):
    """Put ticks where the points are, thinned out until they fit, with sizes written as sizes."""
    xs = sorted({x for line in panel.lines for x, _ in line.points})
    step = math.ceil(len(xs) / MOST_TICKS[width])
    kept = xs[::step] if xs else []
    if panel.ticks == "size" and min(xs, default=1) > 0:
        axes.set_xscale("log", base=2)
    label = units.size_text if panel.ticks == "size" else number_label
    turned = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if panel.ticks == "size" else {}
    axes.set_xticks(kept, [label(x) for x in kept], **turned)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_tick_params(which="minor", length=0)


def set_value_axis(which, log):
    """Write numbers on the axis of values without exponents."""
    if log:
        which.set_minor_formatter(NullFormatter())
    which.set_major_formatter(lambda value, _: number_label(value))


def draw_lines(axes, panel, width):
    """Draw every line, limits as grey dashes, and the legend beside or below."""
    series = [line.label for line in panel.lines if line.role == "series"]
    style = styles(series)
    limits = iter([(0, (6, 3)), (0, (2, 2)), (0, (6, 2, 1, 2)), (0, (1, 1)), (0, (8, 4))] * 9)
    for line in panel.lines:
        xs, ys = zip(*line.points, strict=True)
        if line.role == "other":
            axes.plot(xs, ys, color=FAINT, linewidth=0.9, zorder=1)
        elif line.role == "limit":
            axes.plot(xs, ys, color=INK, linewidth=1.3, linestyle=next(limits), label=f"limit: {line.label}", zorder=2)
        else:
            colour, marker, dash = style[line.label]
            axes.plot(xs, ys, dash, color=colour, marker=marker, markersize=5.5, linewidth=1.7, label=line.label, zorder=3)
    values = [y for line in panel.lines for _, y in line.points]
    spread = max(values) / min(values) if min(values) > 0 else 0
    log = panel.log and spread > 5
    if log:
        axes.set_yscale("log")
    else:
        axes.set_ylim(0, max(values) * 1.08)
    set_value_axis(axes.yaxis, log)
    set_ticks(axes, panel, width)
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.unit)
    axes.grid(axis="y", color="#e3e3e3", zorder=0)
    place = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5)}
    if width == NARROW:
        place = {"loc": "upper left", "bbox_to_anchor": (-0.12, -0.3 if panel.ticks == "size" else -0.22), "ncols": columns_of(panel)}
    axes.legend(frameon=False, fontsize=9, handlelength=3, borderaxespad=0, **place)


def draw_bars(axes, panel, width):
    """Draw bars from the top, each with its figure and a stroke where its limit is."""
    bars = panel.bars[::-1]
    places = range(len(bars))
    axes.barh(places, [bar.value for bar in bars], color=BLUE, height=0.55 if width == WIDE else 0.32, zorder=2)
    most = max(max(bar.value, bar.limit or 0, *bar.each) for bar in bars)
    least = min(bar.value for bar in bars)
    log = panel.log and most > 12 * least > 0
    if log:
        axes.set_xscale("log")
        axes.set_xlim(10 ** math.floor(math.log10(least) - 0.2), most * 3)
    else:
        axes.set_xlim(0, most * 1.18)
    half = 0.36 if width == WIDE else 0.22
    marked = False
    for place, bar in zip(places, bars, strict=True):
        far = max(bar.value, *bar.each) if bar.each else bar.value
        if bar.limit:
            label = None if marked else "limit"
            axes.plot([bar.limit] * 2, [place - half, place + half], color=INK, linewidth=2.2, label=label, zorder=4)
            marked = True
            if far <= bar.limit < far * (1.6 if log else 1) + (0 if log else most * 0.13):
                far = bar.limit
        axes.plot(bar.each, [place] * len(bar.each), "o", color=INK, markersize=3, zorder=4)
        axes.annotate(bar.text, (far, place), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9)
        if width == NARROW:
            start = axes.get_xlim()[0]
            axes.annotate(bar.label, (start, place), xytext=(0, 9), textcoords="offset points", va="bottom", fontsize=9)
    axes.set_yticks(places, [bar.label for bar in bars] if width == WIDE else [""] * len(bars))
    axes.set_ylim(-0.6, len(bars) - (0.4 if width == WIDE else 0.15))
    axes.tick_params(axis="y", length=0)
    set_value_axis(axes.xaxis, log)
    axes.set_xlabel(f"{panel.unit}{', logarithmic' if log else ''}")
    axes.grid(axis="x", color="#e3e3e3", zorder=0)
    if marked:
        axes.legend(frameon=False, fontsize=9, loc="lower right")


def svg_of(panels, title, simulated, width):
    """Draw the panels below each other and return the SVG text."""
    with plt.rc_context(SETTINGS):
        heights = [height_of(panel, width) for panel in panels]
        head = 0.45 if width == WIDE else 0.62
        figure = plt.figure(figsize=(width, sum(heights) + head), layout="constrained")
        figure.get_layout_engine().set(h_pad=0.09, hspace=0.02)
        wrapped = title if width == WIDE else title.replace(", ", ",\n", 1)
        figure.suptitle(wrapped, fontsize=10, x=0.01, ha="left", color=GREY)
        grid = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)
        for axes, panel in zip(grid[:, 0], panels, strict=True):
            axes.set_title(f"{panel.title}, {panel.better}" if width == WIDE else f"{panel.title}\n{panel.better}")
            (draw_bars if panel.bars else draw_lines)(axes, panel, width)
            if simulated:
                axes.text(0.5, 0.5, "PREDICTED", transform=axes.transAxes, fontsize=30, color="#000000", alpha=0.07, ha="center", va="center", zorder=0, rotation=12)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)
    return text.getvalue()


def described(panels):
    """The plots in words, for those who cannot see them."""
    return " ".join(f"{panel.title}, {panel.better}: {', '.join(panel.labels())}." for panel in panels)


def with_title(svg, title, description):
    """Give an SVG a name and a description that screen readers find; drop the metadata."""
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    words = f"<title>{escape(title)}</title>\n <desc>{escape(description)}</desc>"
    return re.sub(r"(<svg\b[^>]*?)>", rf'\1 role="img">\n {words}', svg, count=1)


def inline(svg, prefix):
    """Make an SVG fit to stand in a page: no prologue, no fixed size, names that no other SVG uses."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(<svg\b[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg\b[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    return re.sub(r'(href="|url\()#', rf"\1#{prefix}-", svg)


def draw(result, family, title, panels):
    """The plot of a family: {"file": SVG for a file, "wide" and "narrow": SVG for the page}."""
    name = f"{title}: {result.title}"
    texts = {
        width: with_title(svg_of(panels, name, result.simulated, width), name, described(panels))
        for width in (WIDE, NARROW)
    }
    prefix = f"{result.short}-{family}"
    return {
        "file": texts[WIDE],
        "wide": inline(texts[WIDE], f"{prefix}-w"),
        "narrow": inline(texts[NARROW], f"{prefix}-n"),
    }
