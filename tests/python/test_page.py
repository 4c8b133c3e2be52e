"""The page is one file, marks what was not measured, and leaves no row out."""

import pathlib
import re
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from typing import ClassVar

import synthetic
from cmm_report.platform_facts import wanted_profile
from cmm_report.plots.families import panels_of
from cmm_report.results import read
from cmm_report.tables import table_of
from reporting import ReportTest, only


def svgs(page):
    """The SVG texts of a page."""
    return re.findall(r"<svg\b.*?</svg>", page, flags=re.DOTALL)


class PageTest(ReportTest):
    """Laws of report.html and report.md."""

    made: ClassVar = {}

    def report_on(self, kind):
        """Report on a synthetic result; done once, because drawing takes seconds."""
        if kind not in self.made:
            holder = tempfile.TemporaryDirectory()
            self.addClassCleanup(holder.cleanup)
            self.out = pathlib.Path(holder.name)
            self.report(self.save(getattr(synthetic, kind)()))
            self.made[kind] = self.out
        self.out = self.made[kind]

    def test_a_table_calls_no_limit_of_a_simulated_run_measured_and_repeats_no_figure(self):
        for made, word in ((synthetic.simulated(), "predicted"), (synthetic.measured(), "measured")):
            entries = [row for row in made["benchmarks"] if "p50_ns" in row][:2]
            for entry in entries:
                entry |= {"limit": "a link", "limit_source": "measured", "limit_ratio": 0.5}
                entry |= {"p25_ns": entry["p50_ns"], "p75_ns": entry["p50_ns"]}
            result = read(self.save({**made, "benchmarks": entries}))
            table = table_of(result.rows, result.simulated)
            with self.subTest(word=word):
                self.assertEqual(table.lines[0][table.heads.index("of its limit")], f"50 % of a link, {word}")
                self.assertNotIn("middle half", table.heads)

    def test_a_measured_machine_without_a_profile_is_told_how_to_make_one(self):
        for gpu, told in (("NVIDIA GH200 480GB", True), ("NVIDIA H200", False)):
            made = synthetic.measured()
            made["context"]["machine"]["gpu"] = gpu
            text = str(wanted_profile(read(self.save(made))))
            with self.subTest(gpu):
                self.assertEqual(f"no profile of {gpu} yet" in text, told)
                self.assertEqual("tools/bench --calibrate" in text, told)
        self.assertIsNone(wanted_profile(read(self.save(synthetic.simulated()))))

    def test_the_page_of_a_machine_without_a_profile_says_so(self):
        self.report_on("measured")
        for page in ("report.html", "report.md"):
            said = "There is no profile of" in (self.out / page).read_text()
            self.assertEqual(said, wanted_profile(read(self.save(synthetic.measured()))) is not None)

    def test_the_page_needs_no_network_and_no_script(self):
        self.report_on("measured")
        page = self.written("report.html")
        self.assertNotRegex(page, r"<script|<link|<img|<iframe|@import|@font-face")
        self.assertNotRegex(page, r"""(?:src|href)=["'](?!#)""")
        self.assertNotRegex(page, r"url\((?!#)")

    def test_every_row_is_in_the_tables_of_both_pages(self):
        made = synthetic.measured()
        self.report_on("measured")
        page, text = self.written("report.html"), self.written("report.md")
        cells = re.findall(r"<tr><td>.*?</tr>", page, flags=re.DOTALL)
        self.assertEqual(len(cells), len(made["benchmarks"]))
        self.assertIn("teleport", page)
        self.assertIn("Checksum", text)

    def test_failed_and_skipped_rows_are_listed_with_their_reasons_escaped(self):
        self.report_on("measured")
        page, count = self.written("report.html"), len(synthetic.measured()["benchmarks"])
        self.assertIn("out of memory &lt;b&gt;", page)
        self.assertIn("this machine has no EGM memory", page)
        self.assertIn(f"1 of {count} rows failed", page)
        self.assertIn("this machine has no EGM memory", self.written("report.md"))

    def test_outliers_are_listed(self):
        self.report_on("measured")
        self.assertRegex(
            self.written("report.html"), r"one_fault_fresh</code> one sample in a hundred took 11 times"
        )

    def test_quantiles_that_too_few_samples_cannot_tell_are_left_out(self):
        made = synthetic.measured()
        fault = {"name": "page_fault/what:one_fault_fresh", "p50_ns": 1e3, "p95_ns": 2e3, "p99_ns": 9e3}
        shown = {9: ["–", "–"], 19: ["–", "–"], 20: ["2 µs", "–"], 99: ["2 µs", "–"], 100: ["2 µs", "9 µs"]}
        made["benchmarks"] = [{**fault, "name": f"{fault['name']}/n:{n}", "samples": float(n)} for n in shown]
        rows = read(self.save(made)).rows
        table = table_of(rows)
        late = slice(table.heads.index("95 in 100"), table.heads.index("99 in 100") + 1)
        self.assertEqual([line[late] for line in table.lines], list(shown.values()))
        doubts = [row.doubt() for row in rows]
        self.assertEqual(doubts, [""] * 4 + ["one sample in a hundred took 9 times the median"])

    def test_the_kv_cache_has_a_plot_for_each_block_size_and_size_of_the_cache(self):
        block = ["blocks of 16 KiB", "blocks of 64 KiB", "blocks of 2 MiB"]
        made = only(synthetic.measured(), "kv_access")
        for sizes, titles in (
            ((), block),
            (("1GiB",), block),
            (("1GiB", "256MiB"), [f"{one}, {size}" for one in block for size in ("256 MiB", "1 GiB")]),
        ):
            result = read(self.save(synthetic.with_bytes(made, *sizes) if sizes else made))
            panels = panels_of(result, "kv_access")
            with self.subTest(sizes=sizes):
                self.assertEqual([panel.title for panel in panels], titles)
                slow = {panel.title: dict(panel.lines[1].points)[50] for panel in panels}
                if len(sizes) > 1:
                    times = slow["blocks of 2 MiB, 256 MiB"] / slow["blocks of 2 MiB, 1 GiB"]
                    self.assertAlmostEqual(times, 2)
        one, other = (self.save(made, f"{n}.json") for n in "ab")
        other.write_text(one.read_text().replace('"quick": false', '"quick": true').replace("50pct", "51pct"))
        self.report(one, other)
        self.assertIn("blocks of 2 MiB", self.written("report.html"))

    def test_every_family_has_a_plot_that_is_sound_xml_with_a_name(self):
        self.report_on("measured")
        for family in (
            "allocate",
            "replay",
            "page_fault",
            "bandwidth",
            "gemm",
            "kv_access",
            "teleport",
            "checksum",
        ):
            root = ElementTree.fromstring(self.written(f"{family}.svg"))
            self.assertEqual(root.get("role"), "img")
            names = {child.tag.rpartition("}")[2]: child.text for child in root}
            self.assertIn("Synthetic GPU, measured", names["title"])
            self.assertIn("is better", names["desc"])

    def test_no_two_elements_of_the_page_share_a_name(self):
        self.report_on("measured")
        page = self.written("report.html")
        ids = re.findall(r'\bid="([^"]*)"', page)
        twice = {one for one in ids if ids.count(one) > 1}
        self.assertEqual(twice, set())
        for target in re.findall(r'(?:href="|url\()#([^")]*)', page):
            self.assertIn(target, ids)

    def test_a_measured_page_speaks_of_no_prediction(self):
        self.report_on("measured")
        self.assertNotIn("predicted", self.written("report.html").replace("Predicted against", "").lower())

    def test_a_simulated_page_is_marked_everywhere(self):
        self.report_on("simulated")
        page = self.written("report.html")
        self.assertRegex(page, r"<title>[^<]*predicted, not measured</title>")
        self.assertRegex(page, r"<h1>[^<]*predicted, not measured</h1>")
        plots = svgs(page)
        self.assertEqual(len(plots), 18)
        for plot in plots:
            self.assertIn("predicted, not measured", plot)
            self.assertIn("PREDICTED", plot)
        self.assertEqual(len(re.findall(r"<b>[^<]*\(predicted\)\.</b>", page)), 7)
        for summary in re.findall(r"<summary>(Table[^<]*)", page):
            self.assertIn("predicted, not measured", summary)
        self.assertIn("made up for tests", page)
        self.assertIn("predicted, not measured", self.written("recommendation.txt"))
        self.assertIn("**predicted, not measured**", self.written("report.md"))

    def test_several_gpus_are_plotted_as_one_line_with_each_row_in_the_table(self):
        made = only(synthetic.measured(8), "bandwidth")
        self.report(self.save(made))
        page = self.written("report.html")
        self.assertIn("median of 8 GPUs", page)
        self.assertIn("dots: each GPU", page)
        self.assertEqual(len(re.findall(r"<tr><td>.*?</tr>", page)), len(made["benchmarks"]))

    def test_the_same_result_gives_the_same_files(self):
        path = self.save(only(synthetic.measured(), "allocate", "page_fault"))

        def everything():
            self.report(path)
            # The layout is found by floating-point steps whose last digits differ.
            return {file.name: re.sub(r"\d+\.\d+", "N", file.read_text()) for file in self.out.iterdir()}

        first = everything()
        self.assertEqual(everything(), first)

    def test_names_that_mean_something_to_html_or_to_plots_do_no_harm(self):
        made = synthetic.measured()
        rows = [f"<i>fam&ily/x:{n}/note:$a_b$" for n in (1, 2, 3)] + ['../up/way:"q"', "_/axis:_y"]
        made["benchmarks"] = [synthetic.row(name, 1e3 * (i + 1)) for i, name in enumerate(rows)]
        made["context"]["machine"]["gpu"] = "GPU </title><script>alert(1)</script> $x$"
        self.report(self.save(made))
        page = self.written("report.html")
        self.assertNotIn("<script", page)
        self.assertNotIn("<i>", page)
        for plot in svgs(page):
            ElementTree.fromstring(
                plot.replace("<svg", '<svg xmlns:xlink="x"', 1) if "xmlns:xlink" not in plot else plot
            )
        self.assertEqual({file.parent for file in self.out.rglob("*")}, {self.out})

    def test_rows_alone_without_a_limit_or_a_rate(self):
        made = synthetic.measured()
        made["benchmarks"] = [{"name": "allocate", "p50_ns": 5}, {"name": "gemm/n:x/call", "p50_ns": 7}]
        del made["context"]["platform"], made["context"]["date"]
        self.report(self.save(made))
        self.assertIn("These rows allow no verdict", self.written("report.html"))

    def test_a_result_whose_rows_all_failed_has_a_page(self):
        made = synthetic.measured()
        made["benchmarks"] = [row for row in made["benchmarks"] if "p50_ns" not in row]
        self.report(self.save(made))
        self.assertIn("Some rows failed", self.written("report.html"))


if __name__ == "__main__":
    unittest.main()
