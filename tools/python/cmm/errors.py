"""The one exception of this package."""

from .printable import printable

MOST_HEAD, MOST_TAIL = 1500, 500


class Error(RuntimeError):
    """Something this package refuses or cannot do; its text is one sentence that says what to do."""

    def __init__(self, text: object) -> None:
        """The text may quote strangers: it is shown printable, with a long middle left out."""
        super().__init__(printable(_short(str(text))))


def _short(text: str) -> str:
    if len(text) <= MOST_HEAD + MOST_TAIL:
        return text
    return f"{text[:MOST_HEAD]} ... {text[-MOST_TAIL:]}"
