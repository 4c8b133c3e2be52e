"""The Python of tools/python/README.md runs as it stands."""

import re
import unittest
from pathlib import Path

from world import need_gpu, play

README = Path(__file__).resolve().parents[2] / "tools/python/README.md"


def example(here) -> dict:
    """What a reader types, with a tensor that a small GPU holds too."""
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert "8 << 30" in code
    names: dict = {}
    exec(compile(code.replace("8 << 30", "64 << 20"), str(README), "exec"), names)
    torch = names["torch"]
    torch.cuda.synchronize()
    return {
        "live": names["cmm"].torch.stats(names["alloc"]).live_bytes,
        "residency": names["cmm"].torch.residency(names["keys"]),
    }


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        need_gpu()
        cls.seen = play(example, "native").value()

    def test_the_tensor_came_from_the_recipe(self):
        self.assertGreaterEqual(self.seen["live"], 64 << 20)

    def test_it_was_moved_to_the_host(self):
        self.assertEqual(sum(self.seen["residency"].values()), 1.0)
        self.assertNotIn("device:0", self.seen["residency"])


if __name__ == "__main__":
    unittest.main()
