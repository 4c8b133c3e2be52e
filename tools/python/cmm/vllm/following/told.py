"""What one step tells of pages, before it is told to the residency."""

from ...kv.residency import Gained


class Told:
    """Lists of pages, as `Residency.step` takes them."""

    __slots__ = ("fresh", "gained", "grown", "hits", "left", "taken", "written")

    def __init__(self) -> None:
        """Nothing yet."""
        self.left: list[int] = []
        """Lose a reader."""
        self.fresh: list[int] = []
        """Handed out anew."""
        self.grown: Gained | None = None
        """Handed out anew to requests that run, until they are gathered in `fresh`."""
        self.gained: Gained | None = None
        """All that requests that run gained, where it was added in one call."""
        self.hits: list[int] = []
        """Their content is needed."""
        self.written: list[int] = []
        """Of `hits`, those that the request goes on writing."""
        self.taken: list[tuple[str, int, list[int]]] = []
        """By which request, and by which silent group of it, pages were taken."""

    def gather(self) -> None:
        """All that is handed out anew is in `fresh` from now on."""
        if self.grown is not None:
            self.fresh += self.grown.tolist()
            self.grown = None
