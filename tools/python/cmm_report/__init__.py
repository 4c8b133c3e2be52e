"""Reads what tools/bench wrote and writes a report: HTML, Markdown, SVG plots and recommended recipes."""
