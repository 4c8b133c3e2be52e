"""GPUs by the names that PyTorch's users give them."""

import torch

from ..errors import Error


def device_index(device: torch.device | str | int | None) -> int:
    """The ordinal of a GPU; None is the current one. Refuses one that is no GPU or does not exist."""
    if not torch.cuda.is_available():
        raise Error("there is no GPU that PyTorch can use; see torch.cuda.is_available()")
    if device is None:
        return torch.cuda.current_device()
    if isinstance(device, int) and not isinstance(device, bool):
        index = device
    else:
        try:
            named = torch.device(device)
        except (RuntimeError, TypeError) as error:
            raise Error(f'{device!r} is not a device; write "cuda", "cuda:0" or 0') from error
        if named.type != "cuda":
            raise Error(f'{device!r} is not a GPU; write "cuda", "cuda:0" or 0')
        index = torch.cuda.current_device() if named.index is None else named.index
    check_exists(index)
    return index


def check_exists(index: int) -> None:
    """Refuse the ordinal of a GPU that PyTorch does not see."""
    count = torch.cuda.device_count()
    if not 0 <= index < count:
        raise Error(f"there is no GPU {index}; PyTorch sees {count}, numbered from 0")
