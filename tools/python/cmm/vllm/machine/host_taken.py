"""Host memory that other options of vLLM take for each GPU, and the KV cache cannot have."""

from typing import Any

from ...errors import Error
from ...size import format_size
from ..asked.arguments import Arguments
from ..refusals import each_connector

OFFLOADED = "--cpu-offload-gb"
PINNED_TENTHS = 19
"""Tenths of its size that an offloaded weight takes: PyTorch pins memory in powers of two."""


def host_taken(given: Arguments) -> int:
    """Bytes for each GPU. Refuses sizes that are none."""
    gpus = given.gpus()
    weights = given.gib(OFFLOADED) * PINNED_TENTHS // 10
    for_all = given.gib("--kv-offloading-size") + _of_connectors(given.json_object("--kv-transfer-config"))
    for_all += given.gib("--mm-processor-cache-gb") * (1 + given.replicas())
    return weights + given.gib("--swap-space") + for_all // gpus


def host_taken_warnings(given: Arguments) -> list[str]:
    """That offloaded weights take more than their size."""
    size = given.gib(OFFLOADED)
    if not size:
        return []
    return [
        f"{OFFLOADED} keeps {format_size(size)} of weights for each GPU on the host, and is counted as "
        f"{format_size(size * PINNED_TENTHS // 10)} of host memory, because PyTorch pins it in powers of two"
    ]


def _of_connectors(transfer: dict[str, Any]) -> int:
    """What connectors that copy to the host keep there, of all GPUs together."""
    found = 0
    for each in each_connector(transfer):
        extra = each.get("kv_connector_extra_config")
        size = extra.get("cpu_bytes_to_use", 0) if isinstance(extra, dict) else 0
        if isinstance(size, bool) or not isinstance(size, int | float) or not 0 <= size < 1 << 63:
            raise Error(
                f"cpu_bytes_to_use in --kv-transfer-config is {size!r}; write bytes, such as 17179869184"
            )
        found += int(size)
    return found
