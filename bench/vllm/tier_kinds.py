"""The servers that tiers.py compares: the same HBM for the KV cache of each, the same host memory or none."""

import importlib.util

from llama import WITHOUT_COMPILING

STOCK, NATIVE, LMCACHE, FIXED, FOLLOWING = "stock", "native", "lmcache", "cmm fixed", "cmm following"
FAST = "cmm following, admit fast"
KINDS = (STOCK, NATIVE, LMCACHE, FIXED, FOLLOWING, FAST)


def why_not(kind: str) -> str:
    """Why a kind cannot run with this Python; empty where it can."""
    if kind == LMCACHE and not importlib.util.find_spec("lmcache"):
        return "LMCache is not installed"
    return ""


def engine_arguments(settings: dict, model: str) -> dict:
    """vLLM's arguments for a server of a kind; "has_watermark" says whether this vLLM has the option."""
    kind, hbm, host = settings["kind"], settings["hbm_bytes"], settings["host_bytes"]
    common = {
        "model": model,
        "load_format": settings.get("load_format", "dummy"),
        "skip_tokenizer_init": True,
        "max_model_len": settings["max_model_len"],
        "max_num_seqs": settings["max_num_seqs"],
        "gpu_memory_utilization": settings["gpu_memory_utilization"],
        "tensor_parallel_size": settings["tensor_parallel_size"],
        "enable_prefix_caching": True,
        "disable_log_stats": False,
        "seed": 0,
        **({} if settings["compile"] else {"compilation_config": WITHOUT_COMPILING}),
        **settings.get("engine", {}),
    }
    if kind in (STOCK, NATIVE, LMCACHE):
        return {**common, "kv_cache_memory_bytes": hbm, **_beyond(kind, host)}
    told = {"hbm_bytes": hbm, "blocks": "fixed" if kind == FIXED else "follow", **settings.get("cmm", {})}
    admits = {"watermark": host / (hbm + host)} if kind == FAST else {}
    scheduler = {}
    if admits and not settings.get("has_watermark", True):
        told, admits = told | admits, {}
        scheduler = {"scheduler_cls": "cmm.vllm.scheduler.within_hbm"}
    return {
        **common,
        "kv_cache_memory_bytes": hbm + host,
        "worker_cls": "cmm.vllm.Worker",
        "additional_config": {"cmm": told},
        **admits,
        **scheduler,
    }


def environment(kind: str, host_bytes: int) -> dict[str, str]:
    """Variables of a server's process."""
    if kind != LMCACHE:
        return {}
    return {
        "LMCACHE_LOCAL_CPU": "True",
        "LMCACHE_MAX_LOCAL_CPU_SIZE": f"{host_bytes / (1 << 30):g}",
        "LMCACHE_CHUNK_SIZE": "256",
    }


def _beyond(kind: str, host: int) -> dict:
    if kind == NATIVE:
        return {"kv_offloading_size": host / (1 << 30), "kv_offloading_backend": "native"}
    if kind == LMCACHE:
        return {"kv_transfer_config": {"kv_connector": "LMCacheConnectorV1", "kv_role": "kv_both"}}
    return {}
