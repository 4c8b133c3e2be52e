"""Where the backing tensors keep a block, in every place that a model looks for it."""

from collections.abc import Iterable, Sequence

from .areas import block_places

Run = tuple[int, int]
"""Where block 0 begins in a tensor, and the bytes from block to block; a block fills all of them."""


class UnclearPlacesError(Exception):
    """The places of blocks do not show in the views of a tensor; the text says why."""


def runs_of(
    views: Iterable[tuple[int, Sequence[int], Sequence[int], int]], blocks: int, size: int
) -> list[Run]:
    """The runs of blocks in a tensor of `size` bytes, by what each layer sees of it.

    A view is the offset of its first element, shape, strides, and bytes of an element. Layers of several
    groups may see the same bytes, since a block is of one group at a time.
    """
    places = sorted(
        (offset + start, step)
        for offset, shape, strides, item in views
        for start, step in block_places(shape, strides, item, blocks)
    )
    runs: list[Run] = []
    for start, step in places:
        if runs and start < runs[-1][0] + runs[-1][1] and step == runs[-1][1]:
            continue
        if runs and start < runs[-1][0] + blocks * runs[-1][1]:
            raise UnclearPlacesError("layers see the same memory with blocks of several sizes")
        runs.append((start, step))
    whole = sum(blocks * step for _, step in runs)
    if not runs or not 0 <= size - whole < max(step for _, step in runs):
        raise UnclearPlacesError(f"layers see {whole} bytes of a tensor of {size}")
    return runs
