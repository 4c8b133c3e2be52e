"""A process ends without a crash and without a word, whatever is still alive."""

import unittest

from world import MODES, OURS, need_gpu, play, play_all

kept = []  # alive until the interpreter is gone


def make(here):
    """A tensor of 8 MiB in use by a kernel."""
    import torch

    with here.route():
        tensor = torch.ones(2 << 20, device="cuda")
        kept.append(tensor * 2)
    return tensor


def live_tensors(here) -> bool:
    kept.append(make(here))
    return True


def live_route(here) -> bool:
    """The pool is entered and never left."""
    import torch

    route = here.route()
    route.__enter__()
    kept.extend([route, torch.ones(1 << 20, device="cuda")])
    return True


def live_graph(here) -> bool:
    import torch

    tensor = make(here)
    graph = torch.cuda.CUDAGraph()
    with here.route(), torch.cuda.graph(graph):
        kept.append(tensor + 1)
    graph.replay()
    kept.extend([graph, tensor])
    return True


def in_flight(here) -> bool:
    """The GPU is busy with our memory, which was freed, when the process ends."""
    import torch

    tensor = make(here)
    torch.cuda._sleep(500_000_000)
    tensor.add_(1)
    kept.clear()
    return True


def other_thread(here) -> bool:
    import threading

    thread = threading.Thread(target=lambda: kept.append(make(here)))
    thread.start()
    thread.join()
    return True


def loader(here) -> list:
    """A forked data loader with two workers and pinned memory, feeding the GPU."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    weights = make(here)  # CUDA runs before the workers are forked
    data = TensorDataset(torch.arange(64, dtype=torch.float32).reshape(32, 2))
    batches = DataLoader(data, 4, num_workers=2, pin_memory=True, multiprocessing_context="fork")
    with here.route():
        sums = [float((batch.cuda(non_blocking=True) * weights[0]).sum()) for (batch,) in batches]
    kept.append(weights)
    return sums


def forked_child(here) -> int:
    """A child of fork that ends as Python programs end, with the parent's tensors in its memory."""
    import os
    import sys

    kept.append(make(here))
    child = os.fork()
    if child == 0:
        sys.exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def raises(here) -> None:
    kept.append(make(here))
    raise LookupError("meant to happen")


def raises_in_route(here) -> None:
    with here.route():
        raises(here)


QUIET = (live_tensors, live_route, live_graph, in_flight, other_thread, loader, forked_child)
LOUD = (raises, raises_in_route)


def setUpModule():
    need_gpu()
    which = [(mode, scenario) for mode in MODES for scenario in QUIET + LOUD]
    plays = [lambda mode=mode, scenario=scenario: play(scenario, mode) for mode, scenario in which]
    ended = play_all(plays, 8)
    ProcessEnd.ended = {(mode, it.__name__): end for (mode, it), end in zip(which, ended, strict=True)}


class ProcessEnd(unittest.TestCase):
    """PyTorch alone ends in the same ways, which shows that a scenario itself says nothing."""

    def test_quiet(self):
        for mode in MODES:
            for scenario in QUIET:
                with self.subTest(mode, scenario=scenario.__name__):
                    end = self.ended[mode, scenario.__name__]
                    self.assertEqual((end.status, end.stderr, end.stdout), (0, "", ""))

    def test_after_an_exception_there_is_its_traceback_and_nothing_else(self):
        for mode in MODES:
            for scenario in LOUD:
                with self.subTest(mode, scenario=scenario.__name__):
                    end = self.ended[mode, scenario.__name__]
                    self.assertEqual(end.status, 1, end.stderr)
                    self.assertTrue(end.stderr.startswith("Traceback"), end.stderr)
                    self.assertTrue(end.stderr.endswith("LookupError: meant to happen\n"), end.stderr)

    def test_the_loader_delivers(self):
        expected = self.ended["native", "loader"].value()
        self.assertEqual(sum(expected), sum(range(64)))
        for mode in OURS:
            with self.subTest(mode):
                self.assertEqual(self.ended[mode, "loader"].value(), expected)

    def test_a_forked_child_ends_well(self):
        for mode in MODES:
            with self.subTest(mode):
                self.assertEqual(self.ended[mode, "forked_child"].value(), 0)


if __name__ == "__main__":
    unittest.main()
