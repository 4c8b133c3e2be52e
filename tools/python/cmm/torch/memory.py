"""Where a tensor's pages are, and moving them. Works on the memory of a contiguous tensor on a GPU."""

import dataclasses
from collections.abc import Callable, Sequence

import torch

from ..abi import Location
from ..errors import Error
from ..location import parse_location
from .allocator import Allocator, chosen
from .devices import check_exists

_NOWHERE = Location(0, 0)
_ADVICE = ("preferred_location", "accessed_by", "read_mostly")


@dataclasses.dataclass(frozen=True)
class _Range:
    data: int
    size: int
    device: int


def residency(tensor: torch.Tensor, alloc: Allocator | None = None) -> dict[str, float]:
    """The share of a tensor's bytes at each location, as the driver answers.

    Such as {"device:0": 0.75, "host": 0.25}. Locations are "device:N", "host", "host_numa:N", and "none" for
    pages never touched or discarded. Waits for all work of the GPU; asking brings a page that was nowhere
    into being. Refuses a tensor that is not contiguous on a GPU.
    """
    alloc = chosen(alloc)
    area = _range_of(tensor)
    places = alloc.library.residency(area.data, area.size, area.device)
    return {name: size / area.size for name, size in places.items()}


def prefetch(
    tensor: torch.Tensor,
    location: str,
    stream: torch.cuda.Stream | None = None,
    *,
    alloc: Allocator | None = None,
) -> None:
    """Move a tensor's pages to "device", "device:0", "host" or "host_numa:1", in the order of a stream.

    "device" is the tensor's own GPU; the stream is that GPU's current one by default. As in a recipe, this
    and the functions below are hints: what a machine or a CUDA graph being captured cannot take is skipped
    and counted in `stats`, or an error where the recipe is strict.
    """
    alloc = chosen(alloc)
    area = _range_of(tensor)
    where = _location(location, area)
    alloc.library.prefetch(area.data, area.size, where, area.device, _stream_of(stream, area))


def advise(
    tensor: torch.Tensor,
    advice: str,
    location: str | None = None,
    *,
    unset: bool = False,
    alloc: Allocator | None = None,
) -> None:
    """Tell the driver how a tensor is used, or take that back with `unset`.

    Advice is "preferred_location", "accessed_by" or "read_mostly". The first two name a location, the last
    none; taking back a preferred location needs none either.
    """
    alloc = chosen(alloc)
    area = _range_of(tensor)
    if advice not in _ADVICE:
        raise Error(f"{advice!r} is not advice; write one of {', '.join(_ADVICE)}")
    needs_location = advice == "accessed_by" or (advice == "preferred_location" and not unset)
    if location is None and needs_location:
        raise Error(f'{advice} needs a location, such as "device" or "host"')
    if location is not None and advice == "read_mostly":
        raise Error(f"read_mostly holds for every location; leave {location!r} out")
    where = _location("device" if location is None else location, area)
    alloc.library.advise(area.data, area.size, _ADVICE.index(advice), not unset, where, area.device)


def discard(
    tensor: torch.Tensor, stream: torch.cuda.Stream | None = None, *, alloc: Allocator | None = None
) -> None:
    """Drop a tensor's content without moving it, in the order of a stream, so that its pages cost no copy.

    Only pages that lie wholly inside the tensor are dropped. What is read before it is written again is
    indeterminate.
    """
    alloc = chosen(alloc)
    area = _range_of(tensor)
    _discard_by(lambda handle: alloc.library.discard(area.data, area.size, area.device, handle), stream, area)


def prefetch_batch(
    tensors: Sequence[torch.Tensor],
    location: str,
    stream: torch.cuda.Stream | None = None,
    *,
    alloc: Allocator | None = None,
) -> None:
    """Move the pages of many tensors of one GPU in one call of the driver; otherwise as `prefetch`."""
    alloc = chosen(alloc)
    areas = _ranges_of(tensors)
    if areas:
        where, first = _location(location, areas[0]), areas[0]
        ranges = [(area.data, area.size) for area in areas]
        alloc.library.prefetch_batch(ranges, where, first.device, _stream_of(stream, first))


def discard_batch(
    tensors: Sequence[torch.Tensor],
    stream: torch.cuda.Stream | None = None,
    *,
    to: str | None = None,
    alloc: Allocator | None = None,
) -> None:
    """Drop the content of many tensors of one GPU in one call of the driver; otherwise as `discard`.

    With `to`, such as "device" or "host", their pages are there afterwards, without a copy of what they held.
    """
    alloc = chosen(alloc)
    areas = _ranges_of(tensors)
    if not areas:
        return
    first = areas[0]
    where = _NOWHERE if to is None else _location(to, first)
    ranges = [(area.data, area.size) for area in areas]
    _discard_by(
        lambda handle: alloc.library.discard_batch(ranges, where, first.device, handle), stream, first
    )


def _discard_by(call: Callable[[int], None], stream: torch.cuda.Stream | None, area: _Range) -> None:
    """Call with a stream that may discard: the driver takes no discard in the legacy default stream."""
    handle = _stream_of(stream, area)
    if handle != 0:
        call(handle)
        return
    default = torch.cuda.default_stream(area.device)
    side = torch.cuda.Stream(area.device)
    side.wait_stream(default)
    call(side.cuda_stream)
    default.wait_stream(side)


def _ranges_of(tensors: Sequence[torch.Tensor]) -> list[_Range]:
    """The memory of tensors, all on one GPU."""
    if isinstance(tensors, torch.Tensor) or not isinstance(tensors, Sequence):
        raise Error(f"a list of tensors is needed and not a {type(tensors).__name__}")
    areas = [_range_of(tensor) for tensor in tensors]
    devices = sorted({area.device for area in areas})
    if len(devices) > 1:
        raise Error(
            f"the tensors are on GPU {devices[0]} and on GPU {devices[1]}; one call serves those of one GPU"
        )
    return areas


def _range_of(tensor: torch.Tensor) -> _Range:
    """The memory of a tensor; refuses what has none on a GPU, or gaps in it."""
    if not isinstance(tensor, torch.Tensor):
        raise Error(f"a tensor is needed and not a {type(tensor).__name__}")
    if tensor.layout is not torch.strided:
        raise Error(f"the tensor is stored as {tensor.layout} and a dense one is needed; pass its values")
    if tensor.device.type != "cuda":
        raise Error(
            f"the tensor is on {tensor.device} and must be on a GPU, in the memory of an allocator of cmm"
        )
    if tensor.numel() == 0:
        raise Error("the tensor is empty and has no memory")
    if not tensor.is_contiguous():
        raise Error("the tensor is not contiguous; pass the tensor that it is a view of")
    return _Range(tensor.data_ptr(), tensor.numel() * tensor.element_size(), tensor.device.index)


def _location(text: str, area: _Range) -> Location:
    where = parse_location(text, area.device)
    if text.startswith("device"):
        check_exists(where.id)
    return where


def _stream_of(stream: torch.cuda.Stream | None, area: _Range) -> int:
    if stream is None:
        return torch.cuda.current_stream(area.device).cuda_stream
    if not isinstance(stream, torch.cuda.Stream):
        raise Error(f"{stream!r} is not a stream; give a torch.cuda.Stream, or none for the current one")
    if stream.device_index != area.device:
        raise Error(
            f"the stream is on GPU {stream.device_index} and the tensor on GPU {area.device}; use one there"
        )
    return stream.cuda_stream
