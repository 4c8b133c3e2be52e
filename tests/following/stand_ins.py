"""Stand-ins for PyTorch, vLLM and the allocator, to test the decisions of the worker without a GPU.

`import stand_ins` puts them in the place of the packages, so it comes before `cmm.vllm.worker.gpu_worker`, in
a process that needs the real ones for nothing.
"""

import dataclasses
import sys
import types
from pathlib import Path

import numpy as np
from cmm.vllm.release import interface

differing = []
"""How vLLM differs from what is needed."""
calls = []
"""What the worker asked of the allocator, in order."""


class OutOfMemory(RuntimeError):
    """As torch.OutOfMemoryError."""


class Tensor:
    """Memory at an address, in bytes or as a view with shape and strides."""

    def __init__(self, address, nbytes, shape=(), strides=(), item=1, storage=None):
        self.address, self.nbytes, self.shape = address, nbytes, shape
        self.storage = address if storage is None else storage
        self.strides, self.item = strides, item
        self.zeroed = False

    def data_ptr(self):
        return self.address

    def stride(self):
        return self.strides

    def element_size(self):
        return self.item

    def view(self, dtype):
        return self

    def zero_(self):
        self.zeroed = True
        calls.append(("zero", self.address, self.nbytes))

    def __getitem__(self, part):
        start, stop, _ = part.indices(self.nbytes)
        return Tensor(self.address + start, stop - start, storage=self.storage)

    def as_strided(self, size, stride, storage_offset, item):
        """As PyTorch's, which counts the offset from the begin of the storage."""
        begin = self.storage + storage_offset * item
        return Tensor(begin, size[0] * stride[0] * item, size, stride, item, self.storage)


class Numbers(np.ndarray):
    """Whole numbers, as a tensor of PyTorch has them."""

    def to(self, *where, non_blocking=False):
        return self

    def pin_memory(self):
        return self

    def long(self):
        return self.astype(np.int64)

    def clamp(self, min):
        return np.maximum(self, min)


class Device:
    def __init__(self, text):
        self.type, _, index = str(text).partition(":")
        self.index = int(index or 0)

    def __str__(self):
        return self.type


class Mode:
    """As torch.overrides.TorchFunctionMode, where the test itself calls __torch_function__."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False


class Pool:
    def __init__(self, alloc, device):
        calls.append(("pool", str(device)))

    def __enter__(self):
        calls.append(("inside",))

    def __exit__(self, *error):
        calls.append(("outside",))


def numbers(of):
    return of.view(Numbers)


def empty(size, **kwargs):
    """Memory that begins at a whole page."""
    calls.append(("empty", size))
    return Tensor(1 << 32, size)


def zeros(size, **kwargs):
    return Tensor(1 << 40, size)


def module(name, **names):
    made = sys.modules[name] = types.ModuleType(name)
    vars(made).update(names)
    return made


class StockWorker:
    """The part of vLLM's worker that ours calls."""

    free = 0
    "What profiling finds."
    initialize = None
    "What initialize_from_config does."

    def __init__(self, vllm_config, local_rank, rank, distributed_init_method, is_driver_worker=False):
        self.vllm_config, self.cache_config, self.rank = vllm_config, vllm_config.cache_config, rank
        self.device = Device("cuda:0")
        self.model_runner = types.SimpleNamespace(kv_caches=[], attn_groups=[])

    def init_device(self):
        calls.append(("stock init_device",))

    def determine_available_memory(self):
        self.asked_while_profiling = self.cache_config.kv_cache_memory_bytes
        return self.free

    def initialize_from_config(self, kv_cache_config):
        with self._maybe_get_memory_pool_context(tag="kv_cache") as context:
            type(self).initialize(self, context, kv_cache_config)

    def _maybe_get_memory_pool_context(self, tag):
        calls.append(("stock context", tag))
        return Mode()

    def execute_model(self, scheduler_output):
        return scheduler_output

    def compile_or_warm_up_model(self):
        self.execute_model("made-up ids")
        return "times"


class Stream:
    """The default stream of a simulated machine, by a name."""

    cuda_stream = 0

    def __init__(self, name="side"):
        self.name = name

    def wait_event(self, event):
        calls.append((self.name, "waits for", event.after))


class Event:
    def record(self, stream):
        self.after = len(calls)
        calls.append((stream.name, "recorded"))


COMPUTE = Stream("compute")

torch = module(
    "torch",
    int8="torch.int8",
    uint8="torch.uint8",
    empty=empty,
    zeros=zeros,
    device=Device,
    int32=np.int32,
    arange=lambda end, dtype, device: numbers(np.arange(end, dtype=dtype)),
    from_numpy=lambda array: numbers(array),
    as_tensor=lambda memory, device: Tensor(memory.data, memory.bytes),
    Tensor=Tensor,
    OutOfMemoryError=OutOfMemory,
    cuda=types.SimpleNamespace(
        current_stream=lambda: COMPUTE,
        Stream=Stream,
        Event=Event,
        device_count=lambda: 1,
        synchronize=lambda: None,
        mem_get_info=lambda: (1 << 30, 4 << 30),
    ),
)
module("torch.overrides", TorchFunctionMode=Mode)
for package in ("vllm", "vllm.v1", "vllm.v1.worker", "vllm.v1.core", "vllm.v1.core.sched"):
    module(package)


@dataclasses.dataclass
class NewRequestData:
    req_id: str
    block_ids: tuple
    num_computed_tokens: int


@dataclasses.dataclass
class CachedRequestData:
    req_ids: list = dataclasses.field(default_factory=list)
    resumed_req_ids: set = dataclasses.field(default_factory=set)
    new_block_ids: list = dataclasses.field(default_factory=list)
    num_computed_tokens: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class SchedulerOutput:
    scheduled_new_reqs: list = dataclasses.field(default_factory=list)
    scheduled_cached_reqs: CachedRequestData = dataclasses.field(default_factory=CachedRequestData)
    finished_req_ids: set = dataclasses.field(default_factory=set)
    preempted_req_ids: set | None = None
    new_block_ids_to_zero: list | None = None
    num_scheduled_tokens: dict = dataclasses.field(default_factory=dict)

    @property
    def total_num_scheduled_tokens(self):
        return sum(self.num_scheduled_tokens.values())


def with_field(kind, name):
    """A dataclass with one more field."""
    return with_name(dataclasses.make_dataclass("More", [(name, object, None)], bases=(kind,)), kind.__name__)


def with_name(kind, name):
    """A class of another name."""
    return type(name, (kind,), {})


module(
    "vllm.v1.core.sched.output",
    NewRequestData=NewRequestData,
    CachedRequestData=CachedRequestData,
    SchedulerOutput=SchedulerOutput,
)
module("vllm.v1.worker.gpu_worker", Worker=StockWorker)

allocator = types.SimpleNamespace(recipe="managed | prefer{host} | accessed_by{device} | stats")
counted = types.SimpleNamespace(fast_bytes=0, skipped_hints=0, failed=0)
import cmm  # noqa: E402

cmm.torch = module(
    "cmm.torch",
    Allocator=object,
    use_pool=Pool,
    build=lambda recipe: allocator,
    load=lambda path: allocator,
    stats=lambda alloc: counted,
    advise=lambda part, advice, where, alloc: calls.append((advice, where, part.address, part.nbytes)),
    prefetch=lambda part, where, alloc: calls.append(("prefetch", where, part.address, part.nbytes)),
    residency=lambda part, alloc: {"device:0": 1.0},
)

interface.require = lambda *about: None
interface.differences = lambda source, needs: list(differing)
interface.installed = lambda: ("0.23.0", Path())
