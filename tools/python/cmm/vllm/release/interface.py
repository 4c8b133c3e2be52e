"""What this package relies on in vLLM, and the check that a given vLLM has it.

The check reads the source files and imports nothing, so it also holds for a vLLM of another Python.
"""

import importlib.metadata
import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...building import headers
from ...errors import Error
from .kv_allocation import KvAllocation
from .needs import Attributes, Calls, Fields, Method, Options, Property
from .source_tree import NotThereError, SourceTree

OLDEST = (0, 23)

WORKER = "vllm.v1.worker.gpu_worker.Worker"

NEEDS = (
    Method(
        f"{WORKER}.__init__",
        "self, vllm_config, local_rank, rank, distributed_init_method, is_driver_worker=False",
    ),
    Method(f"{WORKER}.init_device", "self"),
    Method(f"{WORKER}.determine_available_memory", "self", returns="int"),
    Method(f"{WORKER}.initialize_from_config", "self, kv_cache_config"),
    Method(f"{WORKER}.compile_or_warm_up_model", "self"),
    Method(f"{WORKER}.execute_model", "self, scheduler_output"),
    Method(f"{WORKER}.sleep", "self, level=1"),
    Method(f"{WORKER}._maybe_get_memory_pool_context", "self, tag"),
    Attributes(WORKER, ("vllm_config", "cache_config", "device", "rank", "local_rank", "model_runner")),
    KvAllocation(),
    Fields("vllm.v1.kv_cache_interface.KVCacheConfig", ("num_blocks", "kv_cache_tensors", "kv_cache_groups")),
    Fields("vllm.v1.kv_cache_interface.KVCacheGroupSpec", ("kv_cache_spec",)),
    Fields("vllm.v1.kv_cache_interface.KVCacheTensor", ("size", "shared_by|layers")),
    Fields(
        "vllm.config.VllmConfig",
        ("additional_config", "model_config", "cache_config", "kv_transfer_config", "parallel_config"),
    ),
    Fields("vllm.config.ModelConfig", ("enable_sleep_mode", "enable_cumem_allocator")),
    Fields(
        "vllm.config.CacheConfig",
        (
            "kv_cache_memory_bytes",
            "gpu_memory_utilization",
            "num_gpu_blocks",
            "enable_prefix_caching",
        ),
    ),
    Fields("vllm.config.KVTransferConfig", ("kv_connector",)),
    Fields(
        "vllm.config.ParallelConfig",
        (
            "worker_cls",
            "distributed_executor_backend",
            "decode_context_parallel_size",
            "prefill_context_parallel_size",
        ),
    ),
    Property("vllm.config.ParallelConfig.local_world_size"),
    Property("vllm.config.VllmConfig.num_speculative_tokens"),
    Property("vllm.config.VllmConfig.max_concurrent_batches"),
    Options(
        "vllm.engine.arg_utils",
        ("--worker-cls", "--kv-cache-memory-bytes", "--gpu-memory-utilization", "--additional-config"),
    ),
    Method("vllm.utils.import_utils.resolve_obj_by_qualname", "qualname"),
    Calls(
        "vllm.v1.worker.worker_base.WorkerWrapperBase.init_worker",
        ("resolve_obj_by_qualname(parallel_config.worker_cls)",),
    ),
)
"""All that this package calls, overrides, reads or writes in vLLM, but for what staging alone needs."""

STAGING = (
    Fields("vllm.config.ModelConfig", ("max_model_len",)),
    Fields("vllm.config.CacheConfig", ("block_size",)),
    Fields("vllm.config.SchedulerConfig", ("max_num_batched_tokens",)),
    Fields("vllm.config.CompilationConfig", ("static_forward_context", "max_cudagraph_capture_size")),
    Fields("vllm.config.VllmConfig", ("compilation_config", "scheduler_config")),
    Property("vllm.config.ParallelConfig.use_ubatching"),
    Fields("vllm.v1.worker.utils.AttentionGroup", ("backend", "layer_names", "metadata_builders")),
    Fields("vllm.v1.attention.backend.AttentionBackend", ("forward_includes_kv_cache_update",)),
    Fields("vllm.v1.attention.backend.CommonAttentionMetadata", ("block_table_tensor",)),
    Attributes("vllm.v1.attention.backend.AttentionMetadataBuilder", ("kv_cache_spec",)),
    Method(
        "vllm.v1.attention.backend.AttentionMetadataBuilder.build",
        "self, common_prefix_len, common_attn_metadata, fast_build=False",
    ),
    Fields(
        "vllm.v1.core.sched.output.SchedulerOutput", ("num_scheduled_tokens", "total_num_scheduled_tokens")
    ),
)
"""What it needs to let prompts read blocks out of windows; without it they are read where they are."""


def differences(source: Path, needs: Iterable[Any] = NEEDS) -> list[str]:
    """How the vLLM in a folder, such as site-packages/vllm, differs from what is needed: a sentence for each.

    Refuses a folder that holds no Python package, and a file in it that is not Python.
    """
    tree = SourceTree(source)
    found = []
    for need in needs:
        try:
            found += need.differences(tree)
        except NotThereError as missing:
            found.append(f"{missing} is not in this vLLM")
    return list(dict.fromkeys(found))


def require(version: str, source: Path) -> None:
    """Refuse a vLLM older than 0.23, and one that differs, with all differences in one message."""
    oldest = ".".join(map(str, OLDEST))
    found = re.match(r"(\d+)\.(\d+)", version)
    if not found:
        raise Error(
            f"the version of vLLM in {source} is {version!r}, which does not begin with two numbers; install "
            f"a release from {oldest} on, or set VLLM_VERSION_OVERRIDE when building it"
        )
    if (int(found[1]), int(found[2])) < OLDEST:
        built = (
            "; if it was built from a clone without tags, set VLLM_VERSION_OVERRIDE to its version then"
            if ".dev" in version
            else ""
        )
        raise Error(
            f"cmm.vllm needs vLLM {oldest} or newer and this one is {version}; install a newer vllm{built}"
        )
    if wrong := differences(source):
        raise Error(
            f"vLLM {version} is not made as cmm {headers.version()} expects, so nothing was changed and no "
            f"worker started: {'; '.join(wrong)}; install a newer cmm, or a vLLM from {oldest} to the newest "
            "that the README of cmm names"
        )


def installed() -> tuple[str, Path]:
    """Version and source folder of this Python's vLLM, without importing it. Refuses where there is none."""
    package = importlib.util.find_spec("vllm")
    folders = list(package.submodule_search_locations or []) if package else []
    if not folders:
        raise Error("this Python has no vLLM; install it into the same environment, with pip install vllm")
    try:
        return importlib.metadata.version("vllm"), Path(folders[0])
    except importlib.metadata.PackageNotFoundError as error:
        raise Error(
            f"the vLLM in {folders[0]} was not installed by pip, so its version is unknown; install it, with "
            "pip install vllm or pip install of its source folder"
        ) from error
