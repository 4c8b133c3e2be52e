"""Text from outside, as a terminal may show it."""


def printable(text: str) -> str:
    """With an escape for each character that is none: a name cannot move the cursor or end a line."""
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(each: str) -> str:
    return each.encode("unicode_escape").decode("ascii")
