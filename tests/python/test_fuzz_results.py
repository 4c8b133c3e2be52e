"""Results of strangers: whatever stands in a file, the report is made or refuses it in one sentence."""

import json
import pathlib
import random
import re
import sys
import unittest

from cmm_report.conclusions.compare import compare, report_lines
from cmm_report.conclusions.recommend import as_json, as_text, recommend
from cmm_report.conclusions.verdict import verdict
from cmm_report.errors import BadInput
from cmm_report.platform_facts import facts
from cmm_report.results import read_all
from reporting import ReportTest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/support"))

from mutations import changed, damaged, seeds  # noqa: E402

RESULTS = sorted((ROOT / "bench/results").glob("*/results.json"))


class FuzzResults(ReportTest):
    """Everything but the drawing, which takes seconds."""

    def attempt(self, text, seed):
        path = self.folder / "results.json"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        if (result := self.refusable(lambda: read_all([path])[0], seed)) is None:
            return "refused"
        for step in (self.compared, verdict, facts, self.advised):
            self.refusable(lambda step=step: step(result), seed)
        return "read"

    def compared(self, result):
        report_lines(compare(result, result))

    def advised(self, result):
        advice = recommend(result)
        as_text(result, advice)
        as_json(result, advice)

    def refusable(self, work, seed):
        """What some work gives, or nothing where it refuses in one line to read."""
        try:
            return work()
        except BadInput as refused:
            self.assertNotRegex(str(refused), r"[\x00-\x1f]", f"seed {seed}")
            self.assertLess(len(str(refused)), 4000, f"seed {seed}")
            return None

    def test_values(self):
        right = [json.loads(path.read_text()) for path in RESULTS]
        for result in right:
            result["benchmarks"] = result["benchmarks"][::9]
        ends = set()
        for seed in seeds(300):
            chosen = random.Random(seed)
            with self.subTest(seed=seed):
                ends.add(self.attempt(json.dumps(changed(chosen.choice(right), chosen)), seed))
        self.assertEqual(ends, {"read", "refused"})

    def test_columns_and_axes_that_no_row_has(self):
        right = json.loads((ROOT / "bench/results/h200-pcie/results.json").read_text())
        rows = right["benchmarks"]
        for key in sorted({key for row in rows for key in row} - {"name"}):
            with self.subTest(key=key):
                less = [{name: value for name, value in row.items() if name != key} for row in rows]
                self.attempt(json.dumps({**right, "benchmarks": less}), key)
        for axis in sorted({part.partition(":")[0] for row in rows for part in row["name"].split("/")[1:]}):
            with self.subTest(axis=axis):
                less = {re.sub(rf"/{re.escape(axis)}(:[^/]*)?(?=/|$)", "", row["name"]): row for row in rows}
                named = [{**row, "name": name} for name, row in less.items()]
                self.assertEqual(self.attempt(json.dumps({**right, "benchmarks": named}), axis), "read")

    def test_texts(self):
        text = RESULTS[0].read_text()
        for seed in seeds(60):
            with self.subTest(seed=seed):
                self.attempt(damaged(text, random.Random(seed)), seed)


if __name__ == "__main__":
    unittest.main()
