#!/usr/bin/env python3
"""Plots a sweep of the example engine: time of a decoding step over how far the KV cache has outgrown HBM.

Needs matplotlib, which tools/report installs into .venv.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tools/python"))

PERCENTILES = {"p50": "-", "p99": ":"}


def read(path):
    """The name of the platform, and the runs of each placement in the order of their texts' length."""
    try:
        result = json.loads(Path(path).read_text(encoding="utf-8"))
        runs = {}
        for run in sorted(result["runs"], key=lambda each: each["live_over_hbm"]):
            runs.setdefault(run["placement"], []).append(run)
        return result["platform"], runs
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"plot.py: {path} is no result of example_engine --sweep --json: {error!r}")


def draw(platform, runs, out):
    """Write the plot: the median of each placement as a line, its 99th percentile dotted."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt
    from cmm_report.plots.drawing import SETTINGS
    from cmm_report.plots.style import CYCLE

    with plt.rc_context(SETTINGS):
        figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
        for (placement, steps), (colour, marker, _) in zip(runs.items(), CYCLE, strict=False):
            context = [step["live_over_hbm"] for step in steps]
            for percentile, dash in PERCENTILES.items():
                times = [step[percentile] * 1e3 for step in steps]
                axes.plot(context, times, dash, color=colour, marker=marker, markersize=4,
                          label=placement if percentile == "p50" else None)  # fmt: skip
        axes.axvline(1, color="#c9c9c9", zorder=0)
        axes.set_yscale("log")
        axes.set_xlabel("pages that all running texts read, over pages that HBM has room for")
        axes.set_ylabel("ms for a step (p50; dotted p99)")
        predicted = ", predicted" if platform.startswith("sim:") else ""
        axes.set_title(f"Decoding while the KV cache outgrows HBM ({platform}{predicted}; less is better)")
        axes.legend(frameon=False)
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})


def main():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", help="what example_engine --sweep --json has written")
    parser.add_argument("-o", "--out", default="sweep.svg", help="the plot")
    wanted = parser.parse_args()
    try:
        draw(*read(wanted.result), wanted.out)
    except ImportError as error:
        sys.exit(f"plot.py: {error}; run it with .venv/bin/python after tools/report, or install matplotlib")


if __name__ == "__main__":
    main()
