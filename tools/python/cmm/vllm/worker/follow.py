"""What a worker does so that blocks follow: decides, moves, hands on slots."""

from collections.abc import Sequence
from typing import Any

import torch

from ... import kv
from ..following import FixedError, Follower, Group
from .stores import RangeStore, RecipeStore


class Following:
    """The blocks of one worker, from the end of its warm-up on."""

    def __init__(
        self,
        store: RangeStore | RecipeStore,
        fast: int,
        groups: Sequence[Group],
        *,
        caching: bool,
        careful: bool,
    ) -> None:
        """For a KV cache that is placed. Raises FixedError where its blocks cannot be moved."""
        try:
            library, layout, self.mover = store.mover()
        except kv.BadInput as wrong:
            raise FixedError(str(wrong)) from wrong
        self.pages = library.residency(layout, fast, careful=careful)
        self.follower = Follower(self.pages, groups, caching=caching)

    def step(self, output: Any) -> Any:
        """Puts the moves of a step into the stream of its work; the output as the model runner sees it."""
        plan, output = self.follower.step(output)
        if not plan.empty:
            self.mover.run(plan, torch.cuda.current_stream().cuda_stream)
        return output
