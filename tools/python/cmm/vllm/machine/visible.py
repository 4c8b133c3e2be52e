"""Which GPUs vLLM will use."""

from ...errors import Error
from .description import Gpu, Machine


def chosen_gpus(machine: Machine, count: int, visible: str | None) -> tuple[Gpu, ...]:
    """The first `count` that CUDA_VISIBLE_DEVICES leaves. Refuses too few, and a list that names others."""
    if not machine.gpus:
        raise Error(
            f"no GPU answered, and vLLM needs one: {machine.no_gpu}; nvidia-smi and "
            "CUDA_VISIBLE_DEVICES show more, and --dry-run --root gh200-480 plans for such a machine, --root "
            "FOLDER for one that tools/probe --record described"
        )
    gpus = _visible(machine, visible) if visible is not None else list(machine.gpus)
    if count > len(gpus):
        raise Error(
            f"tensor, pipeline and data parallel size need {count} GPUs and {len(gpus)} are visible; cmm "
            "serve plans for one machine: use smaller sizes, or over several machines start vllm serve "
            "--worker-cls cmm.vllm.Worker yourself"
        )
    for gpu in gpus[:count]:
        if gpu.trouble:
            raise Error(
                f"GPU {gpu.ordinal} ({gpu.name}) does not tell how much memory it has free: {gpu.trouble}; "
                "end what uses it, or choose another by CUDA_VISIBLE_DEVICES"
            )
    return tuple(gpus[:count])


def _visible(machine: Machine, visible: str) -> list[Gpu]:
    found: list[Gpu] = []
    by_name = {str(gpu.ordinal): gpu for gpu in machine.gpus}
    for each in filter(None, (part.strip() for part in visible.split(","))):
        if each not in by_name:
            raise Error(
                f"CUDA_VISIBLE_DEVICES is {visible!r}, and this machine's GPUs are "
                f"{', '.join(by_name)}; name some of them, such as 0 (a recorded machine has "
                "no UUIDs)"
            )
        if by_name[each] in found:
            raise Error(f"CUDA_VISIBLE_DEVICES is {visible!r}, which names GPU {each} twice; name it once")
        found.append(by_name[each])
    if not found:
        raise Error("CUDA_VISIBLE_DEVICES is empty, so no GPU is visible; unset it, or name one, such as 0")
    return found
