"""Text from outside, as a terminal may show it."""

import re

_SCRIPT = re.compile(r"(?<![\w./-])tools/(probe|bench|report|adapter)\b")
"""A command of a checkout, where it is no part of a path."""


def said_by(program: str, text: str) -> str:
    """A message of a program, printable. An installed `cmm` names commands of its own, not a checkout's."""
    if program.startswith("cmm "):
        text = _SCRIPT.sub(r"cmm \1", text)
    return f"{program}: {printable(text)}"


def printable(text: str) -> str:
    """With an escape for each character that is none: a name cannot move the cursor or end a line."""
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(each: str) -> str:
    return each.encode("unicode_escape").decode("ascii")
