"""Stand-ins for what vLLM's scheduler imports and does not use here, so that it runs without PyTorch.

The scheduler, its queues, KV cache manager, coordinator, block pool and requests are vLLM's own files.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from pathlib import Path

OWN = (
    "vllm.utils",
    "vllm.utils.collection_utils",
    "vllm.utils.hashing",
    "vllm.utils.math_utils",
    "vllm.v1.core",
    "vllm.v1.core.block_pool",
    "vllm.v1.core.encoder_cache_manager",
    "vllm.v1.core.kv_cache_coordinator",
    "vllm.v1.core.kv_cache_manager",
    "vllm.v1.core.kv_cache_metrics",
    "vllm.v1.core.kv_cache_utils",
    "vllm.v1.core.sched",
    "vllm.v1.core.sched.async_scheduler",
    "vllm.v1.core.sched.interface",
    "vllm.v1.core.sched.output",
    "vllm.v1.core.sched.request_queue",
    "vllm.v1.core.sched.scheduler",
    "vllm.v1.core.sched.utils",
    "vllm.v1.core.single_type_kv_cache_manager",
    "vllm.v1.engine",
    "vllm.v1.kv_cache_interface",
    "vllm.v1.kv_cache_spec_registry",
    "vllm.v1.metrics.stats",
    "vllm.v1.outputs",
    "vllm.v1.request",
    "vllm.v1.spec_decode.metrics",
    "vllm.v1.structured_output.request",
    "vllm.v1.structured_output.utils",
)
"""vLLM's own modules."""

ABSENT = (
    "torch",
    "numpy",
    "msgspec",
    "cbor2",
    "xxhash",
    "typing_extensions",
    "regex",
    "psutil",
    "zmq",
    "cachetools",
    "prometheus_client",
)
"""Packages that are never imported for real."""


class Name(type):
    """A class of which any attribute is such a class again, and which decorates nothing."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return named(name)

    def __call__(cls, *given, **named_):
        if len(given) == 1 and not named_ and callable(given[0]) and not isinstance(given[0], Name):
            return given[0]
        return super().__call__(*given, **named_)

    def __or__(cls, other):
        return cls

    __ror__ = __or__

    def __getitem__(cls, kind):
        return cls


def named(name):
    """A class that takes anything, and whose objects do nothing."""
    body = {
        "__init__": lambda self, *given, **named_: None,
        "__init_subclass__": classmethod(lambda cls, **named_: None),
    }
    return Name(name, (), body)


class Module(types.ModuleType):
    """A module that has every name."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        made = named(name)
        setattr(self, name, made)
        return made


class Quiet:
    """A logger."""

    def __getattr__(self, name):
        return lambda *given, **named_: None


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a stand-in for every module of these packages that is not vLLM's own."""

    def __init__(self):
        self.made = []

    def find_spec(self, name, path=None, target=None):
        package = name.partition(".")[0]
        if name in OWN or package not in ("vllm", *ABSENT) or (package != "vllm" and package in sys.modules):
            return None
        self.made.append(name)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return Module(spec.name)

    def exec_module(self, module):
        module.__path__ = []


def put_in_place(source: Path) -> StandIns:
    """From now on `import vllm.v1.core.sched.scheduler` imports the one of this folder, in this process."""
    for name in ("vllm", "vllm.v1", "vllm.v1.metrics", "vllm.v1.spec_decode", "vllm.v1.structured_output"):
        made = sys.modules[name] = types.ModuleType(name)
        made.__path__ = [str(source.joinpath(*name.split(".")[1:]))]
    found = StandIns()
    sys.meta_path.insert(0, found)
    importlib.import_module("vllm.logger").init_logger = lambda name: Quiet()
    importlib.import_module("vllm.v1.utils").ConstantList = lambda of: of  # vLLM's is a view, and so is this
    vars(importlib.import_module("vllm.envs"))["__getattr__"] = lambda name: None  # no variable is set
    return found
