"""Which NUMA nodes are the memory of a GPU, as on a GH200 in its NUMA mode."""

import ctypes
from typing import Any

from ..errors import Error

NUMA_ID = 131
"""CU_DEVICE_ATTRIBUTE_NUMA_ID."""


def hbm_nodes(gpus: int, driver: Any = None) -> list[int]:
    """Of the first GPUs that this process sees, by libcuda unless another `driver` is given."""
    driver = driver or ctypes.CDLL("libcuda.so.1")
    found = []
    for ordinal in range(gpus):
        device, node = ctypes.c_int(), ctypes.c_int(-1)
        _ask(driver.cuDeviceGet, ctypes.byref(device), ordinal)
        _ask(driver.cuDeviceGetAttribute, ctypes.byref(node), NUMA_ID, device)
        if node.value >= 0:
            found.append(node.value)
    return found


def _ask(function: Any, *arguments: object) -> None:
    if (answer := function(*arguments)) != 0:
        raise Error(
            f"the driver does not say which NUMA nodes are GPU memory ({function.__name__} answered "
            f"{answer}); cmm needs a driver of CUDA 13 or newer, so look at nvidia-smi"
        )
