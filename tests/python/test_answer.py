"""The answer on top says what the rows and the machine say: use it or not, how much, at what price."""

import json
import unittest
from pathlib import Path

import synthetic
from cmm_report.conclusions.answer import answer
from cmm_report.results import read
from reporting import ReportTest, row_of, without

RESULTS = Path(__file__).resolve().parents[2] / "bench/results"


def committed(name):
    """A result of the tree."""
    return json.loads((RESULTS / name / "results.json").read_text())


class AnswerTest(ReportTest):
    def said(self, made):
        """The answer, whose rows are those of the result."""
        result = read(self.save(made))
        found = answer(result)
        if found:
            self.assertLessEqual({row.name for row in found.rows}, {row.name for row in result.rows})
            self.assertTrue(found.rows)
        return found

    def test_of_an_h100_it_has_all_three(self):
        found = self.said(committed("h100-pcie"))
        self.assertEqual((found.kind, found.head), ("good", "Use it"))
        for words in (
            "99.9 % of the speed of cudaMalloc memory",
            "Beyond the 79.2 GiB of the GPU, up to 125 GiB of KV cache fit in host memory",
            "takes 26 times as long as one with all of them on the GPU",
            "keep there what few steps read",
        ):
            self.assertIn(words, found.text)

    def test_it_follows_the_rows(self):
        made = committed("h100-pcie")
        half = "kv_access/access:{}/block:64KiB/host:{}pct/bytes:256MiB"
        whole = row_of(made, half.format("resident", 0))["p50_ns"]
        for way in ("fault", "prefetch", "batched_prefetch", "copy", "batched_copy"):
            row_of(made, half.format(way, 50))["p50_ns"] = 100 * whole
        row_of(made, half.format("remote", 50))["p50_ns"] = 1.5 * whole
        text = self.said(made).text
        self.assertIn("takes 1.5 times as long", text)
        self.assertNotIn("few steps", text)
        row_of(made, half.format("batched_copy", 50))["p50_ns"] = 1.2 * whole
        self.assertIn("by one batched copy", self.said(made).text)

    def test_memory_that_is_slow_on_the_gpu_is_not_recommended(self):
        made = committed("h100-pcie")
        for row in made["benchmarks"]:
            if "operands:managed_resident/call:steady" in row["name"]:
                row["speedup"] = 0.9
        found = self.said(made)
        self.assertEqual((found.kind, found.head), ("bad", "Do not use it for what every step reads"))

    def test_how_much_is_what_the_process_may_use(self):
        made = committed("h100-pcie")
        made["context"]["platform"]["host_memory"]["available_bytes"]["value"] = 10 << 30
        self.assertIn("up to 10 GiB of KV cache", self.said(made).text)

    def test_of_simulated_machines_it_is_what_the_profile_says(self):
        self.assertIn("up to 447 GiB of KV cache", self.said(committed("sim-gh200-480")).text)
        egm = self.said(committed("sim-gh200-480-egm")).text
        self.assertIn("up to 8 GiB of KV cache", egm)
        shared = self.said(committed("sim-gb10")).text
        self.assertIn("CPU and GPU share one memory", shared)
        self.assertNotIn("half of its KV", shared)

    def test_without_rows_there_is_none(self):
        self.assertIsNone(self.said(without(synthetic.measured(), "gemm/", "page_fault/", "bandwidth/")))

    def test_reads_alone_allow_one_too(self):
        found = self.said(committed("h200-x2"))
        self.assertEqual((found.kind, found.head), ("good", "Use it"))
        self.assertIn("99.5 % of the speed of cudaMalloc memory", found.text)

    def test_it_stands_on_top_of_both_pages_and_on_the_terminal(self):
        _, printed = self.report(
            self.save(without(committed("h100-pcie"), "allocate", "kv_", "bandwidth", "page_fault"))
        )
        self.assertIn("measured: Use it. Managed memory", printed)
        page, text = self.written("report.html"), self.written("report.md")
        self.assertLess(page.index("<b>Use it.</b>"), page.index('id="verdict"'))
        self.assertLess(text.index("**Use it.**"), text.index("## Verdict"))


if __name__ == "__main__":
    unittest.main()
