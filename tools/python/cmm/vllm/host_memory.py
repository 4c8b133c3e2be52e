"""How much host memory a process may still take."""

from pathlib import Path

from ..errors import Error


def available_host_memory(root: Path = Path("/")) -> int:
    """Bytes that the kernel gives without swapping, within the container's limit. Refuses other systems."""
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError, IndexError) as error:
        raise Error(
            f"/proc/meminfo does not say how much memory is free ({error}); cmm needs Linux"
        ) from error
    group = root / "sys/fs/cgroup"
    try:
        limit = (group / "memory.max").read_text().strip()
        used = int((group / "memory.current").read_text())
    except (OSError, ValueError):
        return free  # no limit of a container
    return free if limit == "max" else min(free, max(0, int(limit) - used))
