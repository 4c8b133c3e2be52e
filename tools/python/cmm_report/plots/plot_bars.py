"""Draws panels of bars, each with its figure and a stroke where its limit is."""

import math

from .plot_axes import NARROW, WIDE, set_value_axis
from .style import BLUE, INK


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
    """Choose the range of values, say what strokes and dots are; returns whether it is logarithmic."""
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
    words += [f"dots: each {panel.each}, bar: their median"] if any(bar.each for bar in panel.bars) else []
    axes.set_xlabel("; ".join(words))
    return log


def text_place(bar, panel, log, width):
    """Where the figure of a bar begins: behind it, or behind its limit where that would strike it through."""
    far = max([bar.value, *bar.each])
    most = max(max(one.value, one.limit or 0, *one.each) for one in panel.bars)
    needed = 0.2 if width == WIDE else 0.32
    near = bar.limit and (bar.limit < far * 3 if log else bar.limit - far < needed * most)
    return max(far, bar.limit) if near else far
