"""What the GPU tests share. A scenario is a function of a test file, played in a mode in its own process.

Modes: `native` is PyTorch without us, `pool` its caching over our memory, `swap` our caching in place of its.
"""

import contextlib
import functools
import inspect
import json
import os
import subprocess
import sys
import tempfile
import traceback
import unittest
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from libraries import ROOT, library

MODES = ("native", "pool", "swap")
OURS = ("pool", "swap")
MIB = 1 << 20


def why_not() -> str | None:
    """Why nothing here can run on this machine, or None."""
    try:
        import torch
    except ImportError:
        return "PyTorch is not installed for this python3"
    if not torch.cuda.is_available():
        return "PyTorch sees no GPU"
    return None


def need_gpu() -> None:
    """For setUpModule: leaves the tests of a file out, with the reason."""
    if reason := why_not():
        raise unittest.SkipTest(f"left out: {reason}")


class Unavailable(Exception):
    """Raised by a scenario when the machine lacks what it needs."""


@dataclass
class Played:
    """How a process of a scenario ended; `result` is None unless the scenario returned."""

    status: int
    result: object
    stderr: str
    stdout: str

    def value(self):
        """The result, if all went well."""
        if self.status != 0 or self.result is None:
            raise AssertionError(f"ended with {self.status}:\n{self.stdout}{self.stderr}")
        return self.result


def play(scenario, mode: str, *arguments, env: dict[str, str] | None = None, libraries=None) -> Played:
    """Runs `scenario(here, *arguments)` in a new process; `libraries` renames what the mode loads."""
    module = Path(inspect.getsourcefile(inspect.unwrap(scenario))).stem
    task = {
        "module": module,
        "scenario": scenario.__name__,
        "mode": mode,
        "arguments": arguments,
        "library": (libraries or {}).get(mode, mode),
    }
    search = [str(ROOT / "tests" / "torch"), str(ROOT / "tools" / "python"), os.environ.get("PYTHONPATH", "")]
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "result.json"
        variables = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, search)),
            "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
            "CMM_TORCH_TEST": json.dumps({**task, "told": str(told)}),
            **(env or {}),
        }
        code = "from world import perform; perform()"
        if built := variables.get("CMM_TORCH_LIBRARIES"):
            variables["CMM_TORCH_LIBRARIES"] = os.path.abspath(built)  # the process works elsewhere
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=variables,
            capture_output=True,
            text=True,
            timeout=420,
            cwd=folder,
        )
        result = json.loads(told.read_text()) if told.exists() else None
    return Played(done.returncode, result, done.stderr, done.stdout)


def play_all(plays, at_once: int = 4) -> list[Played]:
    """Several `play` calls, as functions without arguments, some of them at once."""
    with ThreadPoolExecutor(at_once) as threads:
        return list(threads.map(lambda each: each(), plays))


def perform() -> None:
    """What a scenario's process runs."""
    task = json.loads(os.environ["CMM_TORCH_TEST"])
    module = __import__(task["module"])
    scenario = getattr(module, task["scenario"])
    result = scenario(enter(task["mode"], task["library"]), *task["arguments"])
    Path(task["told"]).write_text(json.dumps(result))


def enter(mode: str, name: str) -> SimpleNamespace:
    """Makes this process one of a mode. `allocator` is ours or None; `route()` is where memory is of it.

    `device` is where scenarios have their tensors, the current GPU unless `work_on` says otherwise.
    """
    here = SimpleNamespace(mode=mode, allocator=None, route=contextlib.nullcontext, device="cuda")
    if mode == "native":
        return here
    import cmm.torch

    here.allocator = library(name)
    if mode == "swap":
        cmm.torch.swap_global(here.allocator)
    else:
        here.route = functools.partial(cmm.torch.use_pool, here.allocator)
    return here


def work_on(here: SimpleNamespace, device: int, current: int) -> None:
    """Scenarios have their tensors on one GPU from now on, while another one is current."""
    import torch

    torch.cuda.set_device(current)
    here.device = f"cuda:{device}"
    if here.mode == "pool":
        import cmm.torch

        here.route = functools.partial(cmm.torch.use_pool, here.allocator, device=device)


def routed(scenario):
    """Plays all of a scenario within `here.route()`."""

    @functools.wraps(scenario)
    def within(here, *arguments):
        with here.route():
            return scenario(here, *arguments)

    return within


def told(scenario, here) -> dict:
    """A scenario's answer when several share a process, so that one that fails stops no other."""
    try:
        return {"answer": scenario(here)}
    except Unavailable as missing:
        return {"unavailable": str(missing)}
    except Exception:
        return {"failed": traceback.format_exc()}


def digest(*tensors) -> str:
    """A hash of the bits of tensors."""
    import hashlib

    import torch

    hashed = hashlib.sha256()
    for tensor in tensors:
        hashed.update(tensor.detach().contiguous().view(torch.uint8).cpu().numpy().tobytes())
    return hashed.hexdigest()


def settle(device: str = "cuda") -> None:
    """The GPU is done, and what can be given back is given back."""
    import gc

    import torch

    gc.collect()
    torch.cuda.synchronize(device)
    empty_cache = (
        sys.modules["cmm.torch"].empty_cache if "cmm.torch" in sys.modules else torch.cuda.empty_cache
    )
    empty_cache()
    torch.cuda.synchronize(device)
