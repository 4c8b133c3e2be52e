"""vLLM with a KV cache larger than the memory of its GPUs: `vllm serve MODEL --worker-cls cmm.vllm.Worker`.

Importing this package imports neither vLLM nor PyTorch; the first use of `Worker` does.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .worker.gpu_worker import Worker

__all__ = ["Worker"]


def __getattr__(name: str) -> "type[Worker]":
    if name == "Worker":
        from .worker.gpu_worker import Worker

        return Worker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
