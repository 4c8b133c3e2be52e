"""A source tree with what the check of the interface reads of vLLM, in both ways of making a KV cache."""

from pathlib import Path

WORKER = "v1/worker/gpu_worker.py"
RUNNER = "v1/worker/gpu_model_runner.py"
RUNNER_V2 = "v1/worker/gpu/model_runner.py"
ATTENTION = "v1/worker/gpu/attn_utils.py"
UTILS = "v1/worker/utils.py"
BASE = "v1/worker/worker_base.py"
KV_CACHE = "v1/kv_cache_interface.py"
STEP = "v1/core/sched/output.py"
CONFIG = "config/everything.py"
OPTIONS = "engine/arg_utils.py"
IMPORTS = "utils/import_utils.py"

SHARED = {
    "__init__.py": "",
    "v1/__init__.py": "",
    "v1/worker/__init__.py": "",
    "v1/worker/gpu/__init__.py": "",
    "config/__init__.py": (
        "from .everything import CacheConfig, KVTransferConfig, ModelConfig, ParallelConfig\n"
        "from vllm.config.everything import VllmConfig\n"
    ),
    CONFIG: """
class VllmConfig:
    additional_config: dict
    model_config: "ModelConfig"
    cache_config: "CacheConfig"
    kv_transfer_config: "KVTransferConfig | None" = None
    parallel_config: "ParallelConfig"
    @property
    def num_speculative_tokens(self): ...
    @property
    def max_concurrent_batches(self): ...
class SleepConfig:
    enable_sleep_mode: bool = False
class ModelConfig(SleepConfig):
    enable_cumem_allocator: bool = False
class CacheConfig:
    kv_cache_memory_bytes: int | None = None
    gpu_memory_utilization: float = 0.9
    enable_prefix_caching: bool = True
    num_gpu_blocks: int | None = None
class KVTransferConfig:
    kv_connector: str | None = None
class ParallelConfig:
    worker_cls: str = "auto"
    distributed_executor_backend: str | None = None
    decode_context_parallel_size: int = 1
    prefill_context_parallel_size: int = 1
    @property
    def local_world_size(self): ...
""",
    OPTIONS: """
def add(group, other):
    group.add_argument("--worker-cls", type=str)
    group.add_argument("--kv-cache-memory-bytes", type=int)
    group.add_argument(
        "--gpu-memory-utilization",
        type=float,
    )
    other.add_argument("--additional-config")
""",
    IMPORTS: "def resolve_obj_by_qualname(qualname: str): ...\n",
    BASE: """
class WorkerBase:
    def __init__(self, vllm_config):
        self.vllm_config = vllm_config
        self.cache_config = vllm_config.cache_config
        self.rank, self.local_rank = 0, 0
        self.device = None
class WorkerWrapperBase:
    def init_worker(self, all_kwargs):
        worker_class = resolve_obj_by_qualname(parallel_config.worker_cls)
""",
    WORKER: """
from abc import ABC
from vllm.v1.worker.worker_base import WorkerBase
class Worker(WorkerBase, ABC):
    def __init__(self, vllm_config, local_rank: int, rank: int, distributed_init_method: str,
                 is_driver_worker: bool = False):
        super().__init__(vllm_config)
    def sleep(self, level: int = 1) -> None: ...
    def _maybe_get_memory_pool_context(self, tag: str): ...
    @instrument(span_name="Init device")
    def init_device(self):
        self.model_runner = make()
    @torch.inference_mode()
    def determine_available_memory(self) -> int: ...
    def compile_or_warm_up_model(self): ...
    @torch.inference_mode()
    def execute_model(self, scheduler_output):
        return self.device, self.rank, self.local_rank
    def initialize_from_config(self, kv_cache_config) -> None:
        INITIALIZE
""",
    KV_CACHE: """
class KVCacheTensor:
    size: int
    LAYERS: list[str]
class KVCacheConfig:
    num_blocks: int
    kv_cache_tensors: list[KVCacheTensor]
    kv_cache_groups: "list[KVCacheGroupSpec]"
class KVCacheGroupSpec:
    kv_cache_spec: object
""",
    "v1/core/__init__.py": "",
    "v1/core/sched/__init__.py": "",
    STEP: """
class NewRequestData:
    req_id: str
    block_ids: tuple
    num_computed_tokens: int
class CachedRequestData:
    req_ids: list
    resumed_req_ids: set
    new_block_ids: list
    num_computed_tokens: list
class SchedulerOutput:
    scheduled_new_reqs: list
    scheduled_cached_reqs: CachedRequestData
    finished_req_ids: set
    preempted_req_ids: set
    num_common_prefix_blocks: list
    new_block_ids_to_zero: list
""",
}

OLD = SHARED | {
    WORKER: SHARED[WORKER].replace(
        "INITIALIZE",
        """with self._maybe_get_memory_pool_context(tag="kv_cache"):
            self.model_runner.initialize_kv_cache(kv_cache_config)""",
    ),
    KV_CACHE: SHARED[KV_CACHE].replace("LAYERS", "shared_by"),
    RUNNER: """
class Mixin:
    def _allocate_kv_cache_tensors(self, kv_cache_config):
        for each in kv_cache_config.kv_cache_tensors:
            tensor = torch.zeros(each.size, dtype=torch.int8, device=self.device)
class GPUModelRunner(Mixin):
    def initialize_kv_cache(self, kv_cache_config):
        self.initialize_kv_cache_tensors(kv_cache_config)
    def initialize_kv_cache_tensors(self, kv_cache_config):
        raw = self._allocate_kv_cache_tensors(kv_cache_config)
""",
    RUNNER_V2: """
from vllm.v1.worker.gpu.attn_utils import init_kv_cache
class GPUModelRunner:
    def initialize_kv_cache(self, kv_cache_config):
        caches = init_kv_cache(kv_cache_config, self.device)
""",
    ATTENTION: """
def init_kv_cache(kv_cache_config, device):
    raw = _allocate_kv_cache(kv_cache_config, device)
def _allocate_kv_cache(kv_cache_config, device):
    packed = None
    for each in kv_cache_config.kv_cache_tensors:
        if each.packed and packed is None:
            packed = torch.zeros(each.size, dtype=torch.int8, device=device)
        else:
            tensor = torch.zeros(each.size, dtype=torch.int8, device=device)
""",
}
"""As vLLM was to 0.28: the context encloses all, a tensor for each KVCacheTensor."""

NEW = SHARED | {
    WORKER: SHARED[WORKER].replace(
        "INITIALIZE",
        """pool = get_pool_of_connector()
        if pool is None:
            pool = self._maybe_get_memory_pool_context(tag="kv_cache")
        with self._maybe_get_memory_pool_context(tag="runtime"):
            self.model_runner.initialize_kv_cache(
                kv_cache_config, kv_cache_allocation_context=pool
            )""",
    ),
    KV_CACHE: SHARED[KV_CACHE].replace("LAYERS", "layers"),
    RUNNER: """
from .utils import allocate_kv_cache
class GPUModelRunner:
    def initialize_kv_cache(self, kv_cache_config, kv_cache_allocation_context=None):
        caches = self.initialize_kv_cache_tensors(
            kv_cache_config, kv_cache_allocation_context=kv_cache_allocation_context
        )
    def initialize_kv_cache_tensors(self, kv_cache_config, kv_cache_allocation_context=None):
        context = kv_cache_allocation_context or nullcontext()
        with context:
            caches = allocate_kv_cache(kv_cache_config, self.device)
""",
    RUNNER_V2: """
from .attn_utils import init_kv_cache
class GPUModelRunner:
    def initialize_kv_cache(self, kv_cache_config, kv_cache_allocation_context=None):
        with warmup():
            init_kv_cache(
                kv_cache_config, self.device, kv_cache_allocation_context=kv_cache_allocation_context
            )
""",
    ATTENTION: """
from ..utils import allocate_kv_cache
def init_kv_cache(kv_cache_config, device, kv_cache_allocation_context=None):
    with kv_cache_allocation_context or nullcontext():
        caches = allocate_kv_cache(kv_cache_config, device)
""",
    UTILS: """
def allocate_kv_cache(kv_cache_config, device):
    sizes = {each.size for each in kv_cache_config.kv_cache_tensors}
    size = sizes.pop()
    if rocm():
        total = (size + 4095) // 4096 * 4096
    else:
        total = size
    buf = torch.zeros(total, dtype=torch.int8, device=device)
""",
}
"""As vLLM is from 0.29: the context is handed on, one block of memory for all."""


def write(files: dict[str, str], folder: Path) -> Path:
    """Write the files; returns the folder of the package."""
    source = folder / "vllm"
    for name, text in files.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return source
