"""Movers are chosen by rows, and the library reads what is chosen."""

import os
import subprocess
import unittest

import synthetic
from cmm_report.conclusions.movers import as_json, as_text, movers
from cmm_report.results import read
from reporting import ReportTest, only, row_of


class MoversTest(ReportTest):
    """One law for each step from rows to a line."""

    def lines(self, made):
        """The recommended lines of a result."""
        result = read(self.save(made))
        self.choices = movers(result)
        text = as_text(result, self.choices)
        known = {row["name"] for row in made["benchmarks"]}
        for choice in as_json(self.choices):
            self.assertTrue(choice["rows"])
            self.assertLessEqual(set(choice["rows"]), known)
        return [line for line in text.splitlines() if not line.startswith("#")]

    def test_with_nothing_beside_the_fewest_thread_blocks_that_fill_the_link_are_chosen(self):
        made = synthetic.measured()
        self.assertIn("up nothing 16KiB registers 2", self.lines(made))
        row_of(made, "kv_tier/way:up/by:ring/ctas:1/page:16KiB/beside:nothing")["p50_ns"] = 2**28 / 49.5
        lines = self.lines(made)
        self.assertIn("up nothing 16KiB ring 1", lines)
        self.assertIn("down nothing 16KiB registers 2", lines)

    def test_the_copy_engine_is_chosen_where_it_is_faster_than_every_kernel(self):
        made = synthetic.measured()
        lines = self.lines(made)
        self.assertIn("up nothing 2MiB engine", lines)
        row_of(made, "kv_tier/way:up/by:engine/page:2MiB/beside:nothing")["p50_ns"] = 2**28 / 50.5
        self.assertIn("up nothing 2MiB registers 2", self.lines(made))
        self.assertIn("up nothing 64KiB registers 2", lines)

    def test_beside_products_what_costs_them_least_for_each_byte_is_chosen(self):
        made = synthetic.measured()
        self.assertIn("up decode 64KiB engine", self.lines(made))
        self.assertIn("up decode 16KiB registers 1", self.lines(made))
        for columns in ("m16", "m256"):
            slowed = row_of(made, f"kv_tier/way:up/by:ring/ctas:2/page:64KiB/product:{columns}")
            slowed["speedup"] = 0.99
        self.assertIn("up decode 64KiB ring 2", self.lines(made))

    def test_large_products_are_their_own_case(self):
        lines = self.lines(synthetic.measured())
        self.assertIn("up prefill 64KiB registers 2", lines)

    def test_each_line_says_what_it_comes_from(self):
        self.lines(synthetic.measured())
        alone = next(c for c in self.choices if c.text == "up nothing 64KiB registers 2")
        self.assertIn("99 % of what the link gives a kernel", alone.reason)
        decode = next(c for c in self.choices if c.text == "up decode 64KiB engine")
        self.assertIn("5 % more time", decode.reason)

    def test_rows_that_name_no_mover_are_left_out(self):
        made = synthetic.measured()
        for entry in made["benchmarks"]:
            entry["name"] = entry["name"].replace("by:ring/ctas:1/", "by:magic/ctas:1/")
            entry["name"] = entry["name"].replace("by:ring/ctas:2/", "by:ring/ctas:many/")
        self.assertFalse([line for line in self.lines(made) if "magic" in line or "many" in line])

    def test_without_rows_there_is_no_file(self):
        made = synthetic.measured()
        self.report(self.save(only(made, "replay/")))
        self.assertFalse((self.out / "kv_movers.txt").exists())
        self.report(self.save(only(made, "kv_tier/")))
        self.assertTrue((self.out / "kv_movers.txt").exists())

    def test_the_page_shows_moves_beside_products(self):
        self.report(self.save(only(synthetic.measured(), "kv_tier/")))
        page = (self.out / "report.html").read_text()
        self.assertIn("How pages of a KV cache move between the memories", page)
        self.assertIn("up, pages of 64KiB: time of the product beside", page)

    @unittest.skipUnless(os.environ.get("CMM_READ_RECOMMENDATION"), "needs the program read_recommendation")
    def test_the_library_reads_every_line(self):
        program = os.environ["CMM_READ_RECOMMENDATION"]
        result = read(self.save(synthetic.measured()))
        path = self.save(as_text(result, movers(result)), "kv_movers.txt")
        done = subprocess.run([program, "--movers", path], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines(), self.lines(synthetic.measured()))
        wrong = self.save("up nothing 16KiB magic 2\n", "wrong.txt")
        done = subprocess.run([program, "--movers", wrong], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("magic", done.stderr)


if __name__ == "__main__":
    unittest.main()
