"""Wrong use, on a real GPU: one sentence that says what is wrong, and the process goes on."""

import contextlib
import unittest
from pathlib import Path

from libraries import library
from world import MIB, need_gpu, play


def refusal(call) -> list:
    """The kind and the words of what a call raises."""
    try:
        call()
    except Exception as error:
        return [type(error).__name__, str(error)]
    return ["nothing", ""]


def misuse(here) -> dict:
    import cmm.torch
    import torch

    allocator = library("pool")
    with cmm.torch.use_pool(allocator):
        ours = torch.ones(MIB, device="cuda")
    theirs = torch.ones(MIB, device="cuda")
    on_cpu = torch.ones(MIB)
    strided = ours[::2]

    def enter(device):
        with cmm.torch.use_pool(allocator, device=device):
            torch.ones(1, device="cuda")

    calls = {
        "residency of a CPU tensor": lambda: cmm.torch.residency(on_cpu),
        "prefetch of a CPU tensor": lambda: cmm.torch.prefetch(on_cpu, "host"),
        "residency of a list": lambda: cmm.torch.residency([1.0]),
        "prefetch of native memory": lambda: cmm.torch.prefetch(theirs, "host"),
        "advise on native memory": lambda: cmm.torch.advise(theirs, "read_mostly"),
        "discard of native memory": lambda: cmm.torch.discard(theirs),
        "discard with holes": lambda: cmm.torch.discard(strided),
        "prefetch to a device that is not": lambda: cmm.torch.prefetch(ours, "device:97"),
        "prefetch to nonsense": lambda: cmm.torch.prefetch(ours, "attic"),
        "advice that is not": lambda: cmm.torch.advise(ours, "be_quick"),
        "advice without its location": lambda: cmm.torch.advise(ours, "accessed_by"),
        "a pool on a device that is not": lambda: enter(97),
        "a pool on the CPU": lambda: enter("cpu"),
        "statistics of a device that is not": lambda: cmm.torch.stats(allocator, device=97),
        "a swap after CUDA has started": lambda: cmm.torch.swap_global(library("swap")),
    }
    said = {name: refusal(call) for name, call in calls.items()}
    torch.cuda.synchronize()
    goes_on = float((ours + theirs).sum()) == 2 * MIB and not isinstance(
        cmm.torch.residency(ours, allocator), str
    )
    return {"said": said, "goes_on": goes_on}


def refused_library(here, path) -> list:
    import cmm.torch

    return refusal(lambda: cmm.torch.load(path))


def sizes(here) -> dict:
    """Tensors of no byte, and of more than there is."""
    import torch

    with here.route():
        empty = torch.empty(0, device="cuda")
        said = refusal(lambda: torch.empty(1 << 50, dtype=torch.uint8, device="cuda"))
        with contextlib.suppress(RuntimeError):
            torch.empty(-1, device="cuda")
        fine = float(torch.ones(10, device="cuda").sum())
    return {"empty": empty.numel(), "said": said, "fine": fine}


# A word that each refusal must hold: what was wrong, or what to do.
WORDS = {
    "residency of a CPU tensor": "CPU|cpu",
    "prefetch of a CPU tensor": "CPU|cpu",
    "residency of a list": "tensor|Tensor",
    "prefetch of native memory": "managed",
    "advise on native memory": "managed",
    "discard of native memory": "managed",
    "discard with holes": "contiguous",
    "prefetch to a device that is not": "97",
    "prefetch to nonsense": "attic",
    "advice that is not": "be_quick",
    "advice without its location": "location",
    "a pool on a device that is not": "97",
    "a pool on the CPU": "cpu|CPU|CUDA|cuda",
    "statistics of a device that is not": "97",
    "a swap after CUDA has started": "before|started|initialized",
}

# What Python says by itself where nobody thought of a case.
UNHANDLED = ("nothing", "AttributeError", "KeyError", "IndexError", "OverflowError")


def setUpModule():
    need_gpu()


class BadInput(unittest.TestCase):
    """Refusals, in one process: none of them may leave CUDA in an error."""

    def test_misuse(self):
        end = play(misuse, "native").value()
        for name, word in WORDS.items():
            with self.subTest(name):
                kind, words = end["said"][name]
                self.assertNotIn(kind, UNHANDLED)
                self.assertRegex(words, word)
                self.assertNotIn("Traceback", words)
        self.assertTrue(end["goes_on"])

    def test_libraries_that_are_not_ours(self):
        import torch

        foreign = str(Path(torch.__file__).parent / "lib" / "libc10.so")
        for path in ("/nowhere/at/all.so", foreign):
            with self.subTest(path):
                kind, words = play(refused_library, "native", path).value()
                self.assertNotIn(kind, ("nothing", "AttributeError"))
                self.assertIn(path, words)

    def test_sizes(self):
        for mode in ("pool", "swap"):
            with self.subTest(mode):
                seen = play(sizes, mode).value()
                self.assertEqual((seen["empty"], seen["fine"]), (0, 10.0))
                self.assertEqual(seen["said"][0], "OutOfMemoryError", seen["said"])


if __name__ == "__main__":
    unittest.main()
