"""What the environment overrides, and what it may not say."""

import tempfile
import unittest
from pathlib import Path

from world import MIB, need_gpu, play, play_all


def look(here) -> dict:
    """A tensor of 64 MiB that nothing wrote to, and what the library says of itself."""
    import cmm.torch
    import torch

    with here.route():
        tensor = torch.empty(64 * MIB, dtype=torch.uint8, device="cuda")
    torch.cuda.synchronize()
    use = cmm.torch.stats(here.allocator)
    where = cmm.torch.residency(tensor)
    return {"limit": use.limit_bytes, "overrides": use.overrides, "recipe": use.recipe, "where": where}


def reaches_limit(here) -> str:
    import torch

    try:
        with here.route():
            torch.empty(128 * MIB, dtype=torch.uint8, device="cuda")
    except torch.OutOfMemoryError as full:
        return str(full)
    return ""


def setUpModule():
    need_gpu()


class Environment(unittest.TestCase):
    """Settings are read when a library is first used, each by itself."""

    def test_values(self):
        settings = {
            "plain": {},
            "limit": {"CMM_LIMIT": "256MiB"},
            "no_prefetch": {"CMM_PREFETCH_BELOW": "0"},
            "small_prefetch": {"CMM_PREFETCH_BELOW": "1MiB"},
            "strict": {"CMM_STRICT": "1"},
        }
        plays = [lambda env=env: play(look, "pool", env=env) for env in settings.values()]
        seen = dict(zip(settings, (end.value() for end in play_all(plays)), strict=True))
        self.assertEqual(seen["plain"]["overrides"], "")
        self.assertEqual(seen["plain"]["where"].get("device:0"), 1.0)
        self.assertEqual(seen["limit"]["limit"], 256 * MIB)
        self.assertIn("CMM_LIMIT=256MiB", seen["limit"]["overrides"])
        for name in ("no_prefetch", "small_prefetch"):
            self.assertEqual(seen[name]["where"].get("none"), 1.0, name)
            self.assertIn("CMM_PREFETCH_BELOW", seen[name]["overrides"])
        self.assertIn("CMM_STRICT", seen["strict"]["overrides"])

    def test_a_limit_is_kept(self):
        for mode in ("pool", "swap"):
            with self.subTest(mode):
                self.assertNotEqual(play(reaches_limit, mode, env={"CMM_LIMIT": "64MiB"}).value(), "")

    def test_a_trace_is_written(self):
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder) / "trace"
            play(look, "swap", env={"CMM_TRACE": str(trace)}).value()
            self.assertTrue(trace.exists(), "the process ended without its trace")
            self.assertGreater(trace.stat().st_size, 0)

    def test_wrong_values_are_refused_by_name(self):
        wrong = {
            "CMM_LIMIT": ("lots", "-1", "1XB"),
            "CMM_PREFETCH_BELOW": ("soon",),
            "CMM_NUMA_NODE": ("north",),
            "CMM_STRICT": ("perhaps",),
            "CMM_TRACE": ("/nowhere/at/all/trace",),
        }
        which = [(name, value) for name, values in wrong.items() for value in values]
        plays = [lambda env={name: value}: play(look, "pool", env=env) for name, value in which]
        for (name, value), end in zip(which, play_all(plays), strict=True):
            with self.subTest(name, value=value):
                self.assertEqual(end.status, 1, end.stderr)
                self.assertIn(name, end.stderr.splitlines()[-1])


if __name__ == "__main__":
    unittest.main()
