"""What a worker does so that blocks follow: decides, moves, hands on slots."""

from collections.abc import Sequence
from typing import Any

import torch

from ... import kv
from ..following import FixedError, Follower, Group
from .backing import Placement
from .runs import UnclearPlacesError, runs_of

View = tuple[int, Sequence[int], Sequence[int], int]


class Following:
    """The blocks of one worker, from the end of its warm-up on."""

    def __init__(self, at: Placement, groups: Sequence[Group], *, caching: bool, careful: bool) -> None:
        """For a KV cache that is placed. Raises FixedError where its blocks cannot be moved."""
        library = kv.build(PLATFORM)
        base = min(tensor.data_ptr() for tensor in at.tensors)
        try:
            layout = library.layout(_pieces(at, base), at.blocks)
            self.mover = library.mover_at(layout, at.hbm_blocks, base)
        except kv.BadInput as wrong:
            raise FixedError(str(wrong)) from wrong
        self.pages = library.residency(layout, at.hbm_blocks, careful=careful)
        self.follower = Follower(self.pages, groups, caching=caching)

    def step(self, output: Any) -> Any:
        """Puts the moves of a step into the stream of its work; the output as the model runner sees it."""
        plan, output = self.follower.step(output)
        if not plan.empty:
            self.mover.run(plan, torch.cuda.current_stream().cuda_stream)
        return output


PLATFORM = "cuda"


def _pieces(at: Placement, base: int) -> list[tuple[int, int, int]]:
    """Every place of a block, as offset from the base, bytes from block to block, and its bytes."""
    found = []
    for tensor in at.tensors:
        try:
            runs = runs_of(at.views_in(tensor), at.blocks, tensor.nbytes)
        except UnclearPlacesError as unclear:
            raise FixedError(str(unclear)) from unclear
        found += [(tensor.data_ptr() - base + start, step, step) for start, step in runs]
    return found
