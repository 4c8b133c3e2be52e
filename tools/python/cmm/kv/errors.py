"""What this package raises: `cmm.Error`s that are Python's own kinds of exceptions too."""

from ..errors import Error


class BadInput(Error, ValueError):
    """What was asked for cannot be; nothing is changed."""


class MemoryFull(Error, MemoryError):
    """A memory ran out; the text names it and says what would fit."""


KINDS: dict[int, type[Error]] = {1: BadInput, 2: MemoryFull}  # by `cmm_kv_answer`; the others are `Error`
