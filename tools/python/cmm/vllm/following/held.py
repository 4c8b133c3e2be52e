"""Who has blocks that vLLM may take back without a word."""

from collections.abc import Iterable


class Held:
    """Holders of the blocks of silent groups: requests, and which of their groups."""

    def __init__(self) -> None:
        """Nobody has one."""
        self._holders: dict[int, list[tuple[str, int]]] = {}

    def take(self, request: str, group: int, pages: Iterable[int]) -> None:
        """The request has these from now on, perhaps beside others."""
        for page in pages:
            if page:
                self._holders.setdefault(page, []).append((request, group))

    def drop(self, request: str, group: int, pages: Iterable[int]) -> None:
        """The request has them no longer."""
        for page in pages:
            if page:
                holders = self._holders[page]
                holders.remove((request, group))
                if not holders:
                    del self._holders[page]

    def has(self, page: int) -> bool:
        """Whether anybody has it."""
        return page in self._holders

    def of(self, pages: Iterable[int]) -> list[tuple[int, str, int]]:
        """Each holder of one of these, as page, request and group."""
        known = self._holders
        return [(page, *holder) for page in pages if page in known for holder in known[page]]
