"""What memory the tensors of one of vLLM's workers are in, as the driver answers."""

import ctypes
from typing import Any

KINDS = ("unregistered", "host", "device", "managed")


class Attributes(ctypes.Structure):
    """`cudaPointerAttributes` of CUDA 13."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("device", ctypes.c_int),
        ("device_pointer", ctypes.c_void_p),
        ("host_pointer", ctypes.c_void_p),
        ("reserved", ctypes.c_long * 8),
    ]


def kind_of(pointer: int) -> str:
    """What memory a pointer is of."""
    seen = Attributes()
    answer = ctypes.CDLL("libcudart.so.13").cudaPointerGetAttributes(
        ctypes.byref(seen), ctypes.c_void_p(pointer)
    )
    if answer != 0:
        raise RuntimeError(f"cudaPointerGetAttributes answered {answer}")
    return KINDS[seen.type]


def memory_of(worker: Any) -> dict:
    """Kinds of the KV cache and of the weights, and where our worker's KV cache is; called in the worker."""
    runner = worker.model_runner
    found = {
        "kv": sorted({kind_of(view.data_ptr()) for view in runner.kv_caches}),
        "weights": sorted({kind_of(each.data_ptr()) for each in runner.model.parameters()}),
    }
    placement = getattr(worker, "_placement", None)
    if placement is not None:
        found["blocks"], found["hbm_blocks"] = placement.pages, placement.hbm_blocks
        found["bytes"], found["hbm_bytes"] = placement.total, placement.hbm_bytes
        if (allocator := getattr(worker._store, "alloc", None)) is not None:  # of a recipe
            found["residency"] = placement.residency(allocator)
    return found
