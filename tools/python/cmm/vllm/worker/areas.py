"""Where in its memory a tensor of the KV cache keeps given blocks."""

import bisect
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

PAGE = 2 << 20
"""What CUDA places as a whole: pages of managed memory in bytes."""

Area = tuple[int, int]
"""A half-open range of bytes."""


def block_places(
    shape: Sequence[int], strides: Sequence[int], item: int, blocks: int
) -> list[tuple[int, int]]:
    """For each place that a tensor keeps blocks in: where block 0 begins, and the bytes from block to block.

    A tensor may keep a block in several places, such as keys and values apart, and several blocks of a kernel
    for each of vLLM's. Empty where no dimension of the tensor counts blocks.
    """
    counts = [
        dim for dim, size in enumerate(shape) if size and size % blocks == 0 and strides[dim] * item > 1
    ]
    if not counts:
        return []
    exact = [dim for dim in counts if shape[dim] == blocks]
    across = max(exact or counts, key=lambda dim: strides[dim])
    step = strides[across] * (shape[across] // blocks)
    apart = [dim for dim, size in enumerate(shape) if strides[dim] > strides[across] and size > 1]
    places = itertools.product(*(range(shape[dim]) for dim in apart))
    starts = (sum(at * strides[dim] for at, dim in zip(place, apart, strict=True)) for place in places)
    return [(start * item, step * item) for start in starts]


def block_areas(
    shape: Sequence[int], strides: Sequence[int], item: int, blocks: int, first: int
) -> list[Area]:
    """The bytes of the first `first` of `blocks` blocks, counted from the tensor's first element."""
    places = block_places(shape, strides, item, blocks)
    return merged((start, start + first * step) for start, step in places if first)


def merged(areas: Iterable[Area]) -> list[Area]:
    """The same bytes in as few ranges as can be, in order."""
    joined: list[Area] = []
    for start, end in sorted(areas):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def up_to_page(size: int) -> int:
    """The bytes of the pages that so many bytes reach into."""
    return -(-size // PAGE) * PAGE


def whole_pages(areas: Iterable[Area], base: int) -> list[Area]:
    """Of each range the whole pages in it; `base` is the address from which the ranges count."""
    inner = ((up_to_page(base + start), (base + end) // PAGE * PAGE) for start, end in areas)
    return [(start - base, end - base) for start, end in inner if start < end]


def rest_of(areas: Iterable[Area], size: int) -> list[Area]:
    """The bytes up to `size` that no range has."""
    edges = [0, *itertools.chain.from_iterable(merged(areas)), size]
    return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]


def length(areas: Iterable[Area]) -> int:
    """Bytes of all ranges together."""
    return sum(end - start for start, end in areas)


def sample(sizes: Sequence[int], count: int, draw: Callable[[], float]) -> Iterator[tuple[int, int]]:
    """`count` bytes of ranges of these sizes: which range, and how far into it.

    There is one in each `count`th of all bytes, where `draw`, a number in [0, 1), says. With random numbers
    nothing that repeats in the ranges, such as the layers of a model, is met at the same place each time.
    """
    ends = list(itertools.accumulate(sizes))
    for number in range(count if ends and ends[-1] else 0):
        at = int((number + draw()) / count * ends[-1])
        which = bisect.bisect_right(ends, at)
        yield which, at - (ends[which] - sizes[which])
