"""Plots: what the panels of a family show, and how they are drawn as SVG."""
