"""Texts in Markdown: no character of theirs is taken for markup."""

import re

from markupsafe import Markup

ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escaped(value):
    """A value as Markdown that shows its text; markup stays markup."""
    if hasattr(value, "__html__"):
        return value
    return Markup(re.sub(r"[\\`*\[\]&<>]", lambda c: ENTITIES.get(c[0]) or f"\\{c[0]}", str(value)))


def cell(value):
    """A value as Markdown in a cell of a table."""
    return Markup(escaped(value).replace("|", "\\|"))


def code(value):
    """A text as code."""
    text = str(value)
    if re.search("[`&<>]", text) or text != text.strip():
        return Markup("<code>") + escaped(text) + Markup("</code>")
    return Markup(f"`{text}`")
