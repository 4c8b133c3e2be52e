"""vLLM's own scheduler, told to keep running requests within HBM.

For a vLLM without `--watermark`: `--scheduler-cls cmm.vllm.scheduler.within_hbm`, and under "cmm" in
--additional-config "watermark", the part of all blocks that lies beyond HBM. `cmm serve` sets both.
"""

import inspect
from typing import Any

from ..errors import Error
from .settings import read_settings

NAME = f"{__name__}.within_hbm"
RESERVED = "reserved_blocks"


def within_hbm(*, vllm_config: Any, kv_cache_config: Any, **named: Any) -> Any:
    """Make the scheduler that vLLM would have made itself, which keeps that part of the blocks free."""
    from vllm.v1.core.sched.async_scheduler import AsyncScheduler
    from vllm.v1.core.sched.scheduler import Scheduler

    kind = AsyncScheduler if vllm_config.scheduler_config.async_scheduling else Scheduler
    made = kind(vllm_config=vllm_config, kv_cache_config=kv_cache_config, **named)
    part = read_settings(vllm_config.additional_config).watermark
    keep_free(made, round(part * kv_cache_config.num_blocks))
    return made


def keep_free(scheduler: Any, blocks: int) -> None:
    """While several requests run, so many blocks stay out of their hands.

    Where they would grow into them, vLLM preempts one, as it does without memory beyond HBM; but its blocks
    wait in the larger memory and are found again. A request that runs alone takes what it needs. Refuses a
    vLLM whose blocks cannot be kept.
    """
    manager = scheduler.kv_cache_manager
    allocate = manager.allocate_slots
    if RESERVED not in inspect.signature(allocate).parameters:
        raise Error(
            f"this vLLM cannot keep blocks free, because its allocate_slots has no {RESERVED}; leave "
            "--scheduler-cls out, so that all requests run which the KV cache holds"
        )

    def allocate_slots(request: Any, *given: Any, **named: Any) -> Any:
        if any(each is not request for each in scheduler.running):
            named[RESERVED] = named.get(RESERVED, 0) + blocks
        return allocate(request, *given, **named)

    manager.allocate_slots = allocate_slots
