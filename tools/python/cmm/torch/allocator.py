"""The allocators of this process."""

import dataclasses
from pathlib import Path

from ..errors import Error
from ..library import Library


@dataclasses.dataclass(frozen=True, eq=False)
class Allocator:
    """A loaded allocator library, from `load` or `build`. It stays loaded until the process ends."""

    library: Library = dataclasses.field(repr=False)
    path: Path
    recipe: str
    """As built, with what the environment overrides."""
    platform: str
    """"cuda", or "sim:" and the profile."""
    overrides: str
    """The settings of the environment in force, such as "CMM_LIMIT=1GiB"; or empty."""
    caches: bool
    """Whether the recipe reuses freed blocks itself, as swap mode needs."""

    def check_serves_cuda(self, doing: str) -> None:
        """Refuse a simulated machine, whose memory no GPU can use."""
        if self.platform != "cuda":
            raise Error(
                f"{self.path} allocates on the simulated machine {self.platform} and cannot {doing}; "
                "build it for the platform cuda"
            )


@dataclasses.dataclass
class _State:
    loaded: list[Allocator] = dataclasses.field(default_factory=list)
    swapped: Allocator | None = None


state = _State()


def chosen(alloc: Allocator | None) -> Allocator:
    """The allocator given, else that of `swap_global`, else the only one loaded. Refuses if it is unclear."""
    if alloc is not None:
        if not isinstance(alloc, Allocator):
            raise Error(
                f"{alloc!r} is not an allocator; give what cmm.torch.load or cmm.torch.build returned"
            )
        return alloc
    if state.swapped:
        return state.swapped
    if not state.loaded:
        raise Error("no allocator is loaded; call cmm.torch.load or cmm.torch.build first")
    if len(state.loaded) > 1:
        raise Error(f"{len(state.loaded)} allocators are loaded; say which one with alloc=")
    return state.loaded[0]
