"""What cannot work together with a KV cache in other memory than cudaMalloc's, and why."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import Error

_IPC = "it hands the KV cache to another process by CUDA IPC, which takes memory of cudaMalloc only"
_RDMA = "it registers the KV cache with a network card, which takes memory of cudaMalloc only"

CONNECTORS = {
    "FlexKVConnectorV1": _IPC,
    "LMCacheMPConnector": _IPC,
    "MoRIIOConnector": _RDMA,
    "MooncakeConnector": _RDMA,
    "MooncakeStoreConnector": _RDMA,
    "NixlConnector": _RDMA,
    "NixlPullConnector": _RDMA,
    "NixlPushConnector": _RDMA,
}
"""KV connectors of vLLM that need CUDA IPC or a registration of the memory, and which of them."""

MULTI = "MultiConnector"
"""Its `connectors` in the extra configuration are connectors again."""

ALLOC_CONF = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")


def refuse(
    *,
    sleep_mode: bool = False,
    cumem_allocator: bool = False,
    kv_transfer: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Refuse each combination that cannot work, with its reason.

    `kv_transfer` is what vLLM has as --kv-transfer-config.
    """
    if sleep_mode:
        raise Error(
            "--enable-sleep-mode puts the KV cache in a pool of vLLM's own and frees only that, so it "
            "cannot free or restore a KV cache in other memory; leave the option out"
        )
    if cumem_allocator:
        raise Error(
            "--enable-cumem-allocator puts the KV cache in a pool of vLLM's own, in place of the recipe's; "
            "leave the option out"
        )
    for name in connectors(kv_transfer or {}):
        if name in CONNECTORS:
            raise Error(
                f"the KV connector {name} does not work with a KV cache beyond HBM: {CONNECTORS[name]}; use "
                "one that copies, such as OffloadingConnector, or start vllm serve without cmm"
            )
    for variable in ALLOC_CONF:
        for option in environment.get(variable, "").split(","):
            key, _, value = option.partition(":")
            if key.strip() == "expandable_segments" and value.strip().lower() == "true":
                raise Error(
                    f"{variable} has expandable_segments:True, and PyTorch has no expandable segments in a "
                    "pool of other memory; take it out of the variable"
                )


def refuse_config(config: Any) -> None:
    """Refuse a vLLM configuration, in the worker."""
    transfer = config.kv_transfer_config
    told = {}
    if transfer is not None:
        extra = getattr(transfer, "kv_connector_extra_config", None) or {}
        told = {"kv_connector": transfer.kv_connector, "kv_connector_extra_config": extra}
    model = config.model_config
    sleep = bool(model.enable_sleep_mode)
    cumem = bool(getattr(model, "enable_cumem_allocator", False))  # not there in vLLM 0.23
    refuse(sleep_mode=sleep, cumem_allocator=cumem, kv_transfer=told)


def connectors(kv_transfer: Mapping[str, Any]) -> Sequence[str]:
    """The names of the connectors in a --kv-transfer-config, those inside MultiConnector too."""
    return [each["kv_connector"] for each in each_connector(kv_transfer)]


def each_connector(kv_transfer: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The parts of a --kv-transfer-config that name a connector, those inside MultiConnector too."""
    name = kv_transfer.get("kv_connector")
    if not isinstance(name, str):
        return []
    found = [kv_transfer]
    extra = kv_transfer.get("kv_connector_extra_config")
    inner = extra.get("connectors") if name == MULTI and isinstance(extra, Mapping) else None
    for each in inner if isinstance(inner, Sequence) else ():
        found += each_connector(each) if isinstance(each, Mapping) else []
    return found
