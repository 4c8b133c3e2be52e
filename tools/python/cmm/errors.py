"""The one exception of this package."""

MOST_HEAD, MOST_TAIL = 1500, 500


class Error(RuntimeError):
    """Something this package refuses or cannot do; its text is one sentence that says what to do."""

    def __init__(self, text: object) -> None:
        """The text may quote strangers: it is shown as `printable` does."""
        super().__init__(printable(str(text)))


def printable(text: str) -> str:
    """One line that does nothing to a terminal: control characters as \\xNN, and a long middle left out."""
    if len(text) > MOST_HEAD + MOST_TAIL:
        text = f"{text[:MOST_HEAD]} ... {text[-MOST_TAIL:]}"
    return "".join(
        each if each == " " or each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
