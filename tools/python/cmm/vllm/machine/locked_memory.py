"""How much memory this process may lock (`ulimit -l`), which does not decide how much a driver may pin.

NVIDIA's open kernel modules take the pages of host handles and of pinned memory without counting them against
that limit, so a plan is not refused by it.
"""

import resource

from ...size import format_size


def locked_limit() -> int | None:
    """Bytes that this process may lock, as its children may; None without a limit."""
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return None if soft == resource.RLIM_INFINITY else soft


def locked_told(limit: int | None, pinned: int) -> str:
    """That the limit is lower than what will be pinned; nothing where it is not."""
    if limit is None or limit >= pinned:
        return ""
    return (
        f"this process may lock {format_size(limit)} of memory (ulimit -l), less than the "
        f"{format_size(pinned)} that are pinned; NVIDIA's driver is not known to count them against it"
    )
