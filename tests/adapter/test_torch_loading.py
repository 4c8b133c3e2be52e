"""cmm.torch.load and build, in PyTorch's process and without a GPU."""

import unittest
from pathlib import Path
from unittest import mock

from adapting import RECIPE, AdapterTest, need, simulated

torch = need("torch", "loading an allocator into PyTorch")

import cmm.torch  # noqa: E402
from cmm.building import headers  # noqa: E402
from cmm.building.compiler import find_compiler  # noqa: E402
from cmm.building.toolkit import find_toolkit  # noqa: E402
from cmm.errors import Error  # noqa: E402


class Loading(AdapterTest):
    """What load accepts and refuses."""

    def test_gives_the_same_allocator_for_the_same_file(self):
        alloc = cmm.torch.load(simulated())
        self.assertIs(cmm.torch.load(str(simulated())), alloc)
        self.assertIs(cmm.torch.build(RECIPE, platform="sim:gh200-480"), alloc)
        self.assertEqual((alloc.platform, alloc.caches, alloc.overrides), ("sim:gh200-480", True, ""))
        self.assertIn(alloc.recipe, repr(alloc))

    def test_refuses_a_file_that_changed(self):
        library = self.stub()
        cmm.torch.load(library)
        self.stub("other.so").replace(library)
        self.assert_refused(["has changed", "new process"], cmm.torch.load, library)

    def test_refuses_what_is_no_allocator(self):
        self.assert_refused(["is not a file"], cmm.torch.load, self.folder / "none.so")
        self.assert_refused(
            ["lacks cmm_torch_discard"], cmm.torch.load, self.stub(left_out=("cmm_torch_discard",))
        )
        self.assert_refused(["built by cmm 9.9.9"], cmm.torch.load, self.stub("v.so", version="9.9.9"))

    def test_refuses_another_cuda_before_any_of_it_runs(self):
        runtime = self.folder / "libcudart.so.12"
        source = self.folder / "empty.cpp"
        source.touch()
        arguments = [str(source), "-shared", "-fPIC", "-Wl,-soname,libcudart.so.12", "-o", str(runtime)]
        find_compiler().run(arguments, "a stub")
        library = self.stub(flags=("-Wl,--no-as-needed", str(runtime)))
        self.assert_refused(["CUDA 12", str(torch.version.cuda or "without CUDA")], cmm.torch.load, library)

    def test_loads_one_for_cuda_without_a_gpu_and_touches_no_cuda(self):
        try:
            find_toolkit()
        except Error as error:
            self.skipTest(str(error))
        if torch.version.cuda is None:
            self.skipTest("this PyTorch is built without CUDA")
        alloc = cmm.torch.build(RECIPE)
        self.assertEqual(alloc.platform, "cuda")
        self.assertEqual(alloc.library.about.cuda_runtime // 1000, int(torch.version.cuda.split(".")[0]))
        self.assertFalse(torch.cuda.is_initialized())
        mapped = {
            line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "cudart" in line
        }
        self.assertEqual(len(mapped), 1, "there must be one CUDA runtime in the process")

    def test_build_names_what_is_missing(self):
        build = cmm.torch.build
        self.assert_refused(["there is no such part"], build, "managed | blub", platform="sim:gh200-480")
        (self.folder / "file").touch()
        self.assert_refused(["CMM_CACHE_DIR"], build, RECIPE, cache_dir=self.folder / "file" / "x")
        self.environment(CXX="no-such-compiler")
        self.assert_refused(["no C++ compiler"], build, RECIPE)

    def test_has_the_version_of_the_headers(self):
        self.assertEqual(cmm.__version__, headers.version())


class Memory(AdapterTest):
    """The functions on tensors refuse what they cannot do."""

    def test_a_tensor_that_is_not_on_a_gpu(self):
        alloc = cmm.torch.load(simulated())
        calls = {
            cmm.torch.residency: (),
            cmm.torch.prefetch: ("host",),
            cmm.torch.advise: ("read_mostly",),
            cmm.torch.discard: (),
        }
        tensors = {
            "is on cpu": torch.zeros(4),
            "is on meta": torch.zeros(4, device="meta"),
            "torch.sparse_coo": torch.zeros(4).to_sparse(),
            "not a list": [1, 2],
        }
        for batch, arguments in ((cmm.torch.prefetch_batch, ("host",)), (cmm.torch.discard_batch, ())):
            self.assert_refused(["is on cpu"], batch, [torch.zeros(4)], *arguments, alloc=alloc)
            self.assert_refused(["not a int"], batch, [1, 2], *arguments, alloc=alloc)
            self.assert_refused(["list of tensors"], batch, torch.zeros(4), *arguments, alloc=alloc)
            batch([], *arguments, alloc=alloc)
        for call, arguments in calls.items():
            for words, tensor in tensors.items():
                with self.subTest(call=call.__name__, tensor=words):
                    self.assert_refused([words], call, tensor, *arguments, alloc=alloc)

    def test_statistics_of_a_device_that_does_not_exist(self):
        alloc = cmm.torch.load(self.stub())
        with mock.patch("torch.cuda.device_count", lambda: 2):
            for device in (2, -1):
                self.assert_refused([f"no GPU {device}"], cmm.torch.stats, alloc, device)

    def test_what_is_no_allocator(self):
        self.assert_refused(["is not an allocator"], cmm.torch.residency, torch.zeros(4), "libcmm.so")


if __name__ == "__main__":
    unittest.main()
