"""How much of a GPU's own memory vLLM may use."""

from ..errors import Error
from ..size import format_size
from .machine import Gpu, Machine
from .shares import reserve

UTILIZATION = 0.92
"""What vLLM takes of a GPU unless told otherwise."""
BUSY = 0.1
"""A GPU is busy when others use more than this part of its memory."""


def utilization(machine: Machine, gpu: Gpu, asked: float | None, users: str) -> float:
    """The part that is asked for, else UTILIZATION or what is free.

    Refuses a busy GPU, and more than is free. `users` names who uses the GPU, for the message. Of memory
    that CPU and GPU share some is kept back.
    """
    by = f" by {users}" if users else ""
    kept = reserve(gpu.total, 1) if gpu.integrated else 0
    free = gpu.free
    if gpu.integrated and machine.now.available is not None:
        free = min(free, machine.now.available)
    if gpu.integrated and machine.now.left_in_group is not None:
        free = min(free, machine.now.left_in_group)
    most = max(0, free - kept) * 100 // gpu.total / 100
    if asked is not None:
        if asked * gpu.total > gpu.free:
            raise Error(
                f"--gpu-memory-utilization {asked:g} asks for {format_size(int(asked * gpu.total))} of "
                f"{_name(gpu)}, and {format_size(gpu.free)} are "
                f"free{', the rest is in use' + by if by else ''}; ask for at most {most:g}, or end what "
                "uses the GPU"
            )
        return asked
    if most <= 0:
        raise Error(
            f"{_name(gpu)} has {format_size(free)} free, of which {format_size(kept)} are kept for the "
            f"system, so nothing is left for vLLM; end what uses it{by and f' ({users})'}"
        )
    if not gpu.integrated and gpu.total - gpu.free > BUSY * gpu.total:
        raise Error(
            f"{_name(gpu)} is busy: {format_size(gpu.total - gpu.free)} of its {format_size(gpu.total)} are "
            f"in use{by}; end that, choose another GPU by CUDA_VISIBLE_DEVICES, or share it with "
            f"--gpu-memory-utilization {most:g} or less"
        )
    return min(UTILIZATION, most)


def _name(gpu: Gpu) -> str:
    return f"GPU {gpu.ordinal} ({gpu.name})"
