"""Pool mode and swap mode as far as they go without a GPU; each swap is in a process of its own."""

import contextlib
import ctypes
import os
import subprocess
import sys
import unittest
from unittest import mock

from adapting import AdapterTest, need, simulated

torch = need("torch", "pool mode and swap mode")

import cmm.torch  # noqa: E402
from cmm.torch import swapping  # noqa: E402
from cmm.torch.out_of_memory import thrower_library  # noqa: E402

SWAP = """
import sys, warnings, torch, cmm.torch
warnings.simplefilter("error")
alloc = cmm.torch.load(sys.argv[1])
cmm.torch.swap_global(alloc)
print(torch.cuda.memory.get_allocator_backend(), torch.cuda.is_initialized())
"""


def python(code, *arguments, **variables):
    """Run a program; returns (exit status, stdout, the last line of stderr)."""
    command = [sys.executable, "-Bc", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | variables)
    return done.returncode, done.stdout.strip(), (done.stderr.strip().splitlines() or [""])[-1]


@unittest.skipUnless(torch.version.cuda, "this PyTorch is built without CUDA")
class Swap(AdapterTest):
    """swap_global, with a library that does nothing."""

    def test_replaces_the_allocator_before_cuda_starts(self):
        self.assertEqual(python(SWAP, self.stub()), (0, "pluggable False", ""))

    def test_sets_every_hook_that_pytorch_offers(self):
        offered = {name for name in dir(torch._C._CUDAPluggableAllocator) if name.startswith("set_")}
        self.assertEqual(swapping._HOOKS.keys(), offered)

    def test_happens_once(self):
        status, _, error = python(SWAP + "cmm.torch.swap_global(alloc)", self.stub())
        self.assertEqual(status, 1)
        self.assertIn("can be changed once in a process", error)

    def test_excludes_pools(self):
        status, _, error = python(SWAP + "with cmm.torch.use_pool(alloc): pass", self.stub())
        self.assertEqual(status, 1)
        self.assertIn("use one mode in a process", error)

    def test_warns_of_a_recipe_without_a_pool(self):
        status, _, error = python(SWAP, self.stub(caches=0))
        self.assertEqual(status, 1)
        self.assertIn("UserWarning: the recipe managed has no pool", error)

    def test_without_a_compiler_says_which_error_will_be_raised(self):
        variables = {"CXX": "no-such-compiler", "CMM_CACHE_DIR": str(self.folder)}
        status, _, error = python(SWAP, self.stub(), **variables)
        self.assertEqual(status, 1)
        self.assertIn("RuntimeError and not torch.OutOfMemoryError, because there is no C++ compiler", error)

    def test_comes_before_cuda(self):
        with mock.patch("torch.cuda.is_initialized", lambda: True):
            self.assert_refused(
                ["CUDA is in use already"], cmm.torch.swap_global, cmm.torch.load(self.stub())
            )

    def test_needs_real_memory(self):
        alloc = cmm.torch.load(simulated())
        self.assert_refused(["simulated machine sim:gh200-480"], cmm.torch.swap_global, alloc)

    def test_what_throws_pytorchs_exception_compiles_and_loads(self):
        self.assertTrue(ctypes.CDLL(str(thrower_library())).cmm_throw_out_of_memory)


@unittest.skipUnless(torch.version.cuda, "this PyTorch is built without CUDA")
class Pool(AdapterTest):
    """use_pool, until a GPU would be needed."""

    def test_needs_a_gpu(self):
        alloc = cmm.torch.load(self.stub())
        with mock.patch("torch.cuda.is_available", lambda: False):
            self.assert_refused(["there is no GPU"], cmm.torch.use_pool(alloc).__enter__)
        with (
            mock.patch("torch.cuda.is_available", lambda: True),
            mock.patch("torch.cuda.device_count", lambda: 2),
        ):
            for device, words in {
                7: "there is no GPU 7; PyTorch sees 2",
                -1: "there is no GPU -1",
                "cuda:2": "there is no GPU 2",
                "cpu": "'cpu' is not a GPU",
                "gpu": "'gpu' is not a device",
                True: "True is not a device",
            }.items():
                self.assert_refused([words], cmm.torch.use_pool(alloc, device).__enter__)

    def test_needs_real_memory(self):
        alloc = cmm.torch.load(simulated())
        self.assert_refused(["simulated machine"], cmm.torch.use_pool(alloc).__enter__)

    def test_keeps_its_pool_until_the_cache_is_emptied(self):
        alloc = cmm.torch.load(self.stub())
        made, open_, released = [], [], []

        class Pool:
            def __init__(self, allocator):
                self.id = (0, len(made))
                made.append(self)

        @contextlib.contextmanager
        def use(pool, device):
            open_.append(pool)
            try:
                yield
            finally:
                open_.remove(pool)

        for name, stand_in in {
            "torch.cuda.MemPool": Pool,
            "torch.cuda.use_mem_pool": use,
            "torch.cuda.device": lambda index: contextlib.nullcontext(),
            "torch.cuda.memory._cuda_releasePool": lambda device, pool: released.append((device, pool)),
            "torch.cuda.empty_cache": lambda: released.append("emptied"),
            "cmm.torch.pools.device_index": lambda device: device,
        }.items():
            patch = mock.patch(name, stand_in)
            patch.start()
            self.addCleanup(patch.stop)

        with cmm.torch.use_pool(alloc, 0), cmm.torch.use_pool(alloc, 1):
            cmm.torch.empty_cache()
        with cmm.torch.use_pool(alloc, 0):
            self.assertEqual((len(made), open_, released), (2, [made[0]], ["emptied"]))
            cmm.torch.empty_cache()
        self.assertEqual(released, ["emptied", (1, (0, 1)), "emptied"])
        with cmm.torch.use_pool(alloc, 0), cmm.torch.use_pool(alloc, 0):  # nested: one pool each
            self.assertEqual((len(made), open_), (3, [made[0], made[2]]))
        with self.assertRaises(KeyError), cmm.torch.use_pool(alloc, 0):
            raise KeyError
        cmm.torch.empty_cache()
        self.assertEqual(len(released), 6)
        with cmm.torch.use_pool(alloc, 0):
            self.assertEqual(open_, [made[3]])

    def test_refuses_expandable_segments(self):
        code = """
import sys, torch, cmm.torch, unittest.mock
with unittest.mock.patch("cmm.torch.pools.device_index", lambda device: 0):
    with cmm.torch.use_pool(cmm.torch.load(sys.argv[1])): pass
"""
        for variable in ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"):
            status, _, error = python(code, self.stub(), **{variable: "expandable_segments:True"})
            self.assertEqual(status, 1)
            self.assertIn("expandable segments are on", error)

    def test_refuses_another_backend(self):
        with mock.patch("torch.cuda.memory.get_allocator_backend", lambda: "cudaMallocAsync"):
            alloc = cmm.torch.load(self.stub())
            self.assert_refused(["is cudaMallocAsync"], cmm.torch.use_pool(alloc).__enter__)
            self.assert_refused(["is cudaMallocAsync"], cmm.torch.swap_global, alloc)


if __name__ == "__main__":
    unittest.main()
