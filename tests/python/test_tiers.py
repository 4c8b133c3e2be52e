"""The plot and the table of servers with the same HBM."""

import copy
import unittest

from reporting import ReportTest


def spread(median):
    return {"median": median, "confidence": [median, median], "values": [median, median]}


def seen(rate, **more):
    late = {part: spread(rate / 1e4) for part in ("mean", "p50", "p95", "p99")}
    return {"tokens_per_second": spread(rate), "ttft": late, "itl": late, "digests": ["a"], **more}


TIERS = {
    "context": {"kind": "tiers", "gpu": "a GPU", "vllm": "0.0", "hbm_mib": 64, "host_mib": 192},
    "servers": {
        "stock": {"cycled": seen(100), "long": {"refused": "too long | for it"}},
        "lmcache": {"cycled": {"left_out": "not installed"}},
        "native": {"cycled": {"failed": "native ended with 1, see above"}},
        "cmm following": {"cycled": seen(99, remote_share=0.25), "long": seen(7)},
    },
    "bars": [{"workload": "cycled", "bar": "no reads beyond HBM", "held": False}],
}


class Tiers(ReportTest):
    def test_a_plot_and_a_table(self):
        status, printed = self.report(self.save(TIERS, "tiers.json"))
        self.assertEqual(status, 0)
        self.assertIn("tiers.svg", printed)
        table = self.written("tiers.md")
        self.assertIn("| cycled | cmm following | 99 | 9.9, 9.9, 9.9 | 9.9, 9.9, 9.9 | 25.0% |", table)
        self.assertIn("| cycled | native | failed: native ended with 1, see above | | | |", table)
        self.assertIn("| long | stock | refused: too long \\| for it | | | |", table)
        self.assertIn("| cycled | lmcache | left out: not installed | | | |", table)
        self.assertIn("Missed: cycled: no reads beyond HBM.", table)
        plot = self.written("tiers.svg")
        self.assertIn("dots: each round", plot)
        for words in ("cycled: answered tokens", "long: time to the first token, p99", "cmm following"):
            self.assertIn(words, plot)

    def test_a_damaged_one_is_refused(self):
        for part, change in (
            ("servers", lambda told: told.pop("servers")),
            ("p99", lambda told: told["servers"]["stock"]["cycled"]["ttft"].pop("p99")),
            ("median", lambda told: told["servers"]["stock"]["cycled"]["tokens_per_second"].pop("median")),
            ("held", lambda told: told["bars"][0].pop("held")),
            ("left_out", lambda told: told["servers"]["lmcache"]["cycled"].clear()),
        ):
            told = copy.deepcopy(TIERS)
            change(told)
            self.assert_refused(["no whole result of tiers.py", part], self.save(told, "tiers.json"))

    def test_figures_of_nobody_are_a_table_alone(self):
        told = {**TIERS, "servers": {"lmcache": TIERS["servers"]["lmcache"]}}
        self.report(self.save(told, "tiers.json"))
        self.assertEqual([each.name for each in self.out.iterdir()], ["tiers.md"])


if __name__ == "__main__":
    unittest.main()
