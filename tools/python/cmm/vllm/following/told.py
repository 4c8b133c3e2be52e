"""What one step tells of pages, before it is told to the residency."""


class Told:
    """Lists of pages, as `Residency.step` takes them."""

    __slots__ = ("fresh", "hits", "left", "taken", "written")

    def __init__(self) -> None:
        """Nothing yet."""
        self.left: list[int] = []
        """Lose a reader."""
        self.fresh: list[int] = []
        """Handed out anew."""
        self.hits: list[int] = []
        """Their content is needed."""
        self.written: list[int] = []
        """Of `hits`, those that the request goes on writing."""
        self.taken: list[tuple[str, int, list[int]]] = []
        """By which request, and by which silent group of it, pages were taken."""
