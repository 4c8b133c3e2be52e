"""Input that is no result of this version ends in one sentence, exit status 2 and no file."""

import copy
import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import unittest

import synthetic
from cmm_report.conclusions.recommend import as_json, as_text, recommend
from cmm_report.conclusions.verdict import verdict
from cmm_report.errors import BadInput
from cmm_report.platform_facts import facts, profile_table, wanted_profile
from cmm_report.plots.families import panels_of
from cmm_report.results import read_all
from cmm_report.tables import table_of
from reporting import ReportTest

LONG = bool(os.environ.get("CMM_TEST_LONG"))


def small():
    """A result of a few rows."""
    made = synthetic.measured()
    made["benchmarks"] = made["benchmarks"][:3]
    return made


class BadInputTest(ReportTest):
    """One test for each thing that can be wrong."""

    def test_an_other_schema_is_named_with_the_way_to_a_new_one(self):
        made = small()
        made["context"]["schema"] = "cmm-bench 1"
        self.assert_refused(['"cmm-bench 1"', '"cmm-bench 2"', "run tools/bench"], self.save(made))

    def test_no_schema(self):
        made = small()
        del made["context"]["schema"]
        self.assert_refused(["names no schema"], self.save(made))

    def test_truncated_anywhere(self):
        text = json.dumps(small(), indent=1)
        for length in range(2, len(text) - 2, 97):
            with self.subTest(length=length):
                self.assert_refused(["truncated", "run tools/bench"], self.save(text[:length]))

    def test_not_json(self):
        for text in ("", "hello", "{'a': 1}", "[1,", "{} {}"):
            with self.subTest(text=text):
                self.assert_refused(["is not JSON"], self.save(text))

    def test_not_text(self):
        path = self.folder / "picture.json"
        path.write_bytes(b"\x89PNG\xff\xfe\x00")
        self.assert_refused(["is no text"], path)

    def test_json_of_something_else(self):
        for value in ([], {}, {"context": {}}, {"context": [], "benchmarks": []}, 3, None):
            with self.subTest(value=value):
                self.assert_refused(["tools/bench did not write it"], self.save(json.dumps(value)))

    def test_nested_too_deep(self):
        self.assert_refused(["nested too deep"], self.save("[" * 200000))

    def test_no_rows(self):
        made = small()
        made["benchmarks"] = []
        self.assert_refused(["has no rows", "--filter"], self.save(made))

    def test_a_row_without_a_time_or_a_reason(self):
        for change in ({"p50_ns": 0}, {"p50_ns": -1.0}, {"p50_ns": "fast"}, {"name": 3}, {"p99_ns": -5}):
            made = small()
            made["benchmarks"][1] |= change
            with self.subTest(change=change):
                self.assert_refused(["is damaged", "run tools/bench"], self.save(made))

    def test_a_row_twice(self):
        made = small()
        made["benchmarks"].append(made["benchmarks"][0])
        self.assert_refused(["has the row", "twice"], self.save(made))

    def test_a_missing_file_and_a_folder(self):
        self.assert_refused(["cannot be read"], self.folder / "none.json")
        self.assert_refused(["cannot be read"], self.folder)

    def test_the_same_file_twice(self):
        path = self.save(small())
        self.assert_refused(["the same file"], path, self.folder / "." / "results.json")
        os.symlink(path, self.folder / "link.json")
        self.assert_refused(["the same file"], path, self.folder / "link.json")
        self.assert_refused(["the same run"], path, self.save(small(), "copy.json"))

    def test_options_that_do_not_fit(self):
        path = self.save(small())
        self.assert_refused(["see tools/report --help"])
        self.assert_refused(["see tools/report --help"], path, "--fast")
        self.assert_refused(["judge a --compare"], path, "--fail-above", "15%")
        self.assert_refused(["is no share"], "--compare", path, path, "--fail-above", "much")
        self.assert_refused(["is no bar"], "--compare", path, path, "--within", "35%")

    def test_a_folder_that_cannot_be_written(self):
        path = self.save(small())
        self.out.write_text("a file")
        self.assert_refused(["could not be written", "--out"], path)
        self.assertEqual(self.out.read_text(), "a file")

    def test_a_full_disk_leaves_no_file(self):
        path = self.save(small())
        new = self.folder / "new" / "deeper"

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))

        command = [sys.executable, "-B", "-m", "cmm_report", str(path), "--out", str(new)]
        done = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(
            done.stderr, r"^tools/report: the report could not be written .*has room with --out\n$"
        )
        self.assertFalse((self.folder / "new").exists())

    def test_a_full_disk_leaves_an_older_report_as_it_was(self):
        path = self.save(small())
        self.report(path)
        before = {file.name: file.read_bytes() for file in self.out.iterdir()}

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))

        command = [sys.executable, "-B", "-m", "cmm_report", str(path), "--out", str(self.out)]
        done = subprocess.run(command, preexec_fn=limit, capture_output=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertEqual({file.name: file.read_bytes() for file in self.out.iterdir()}, before)


class OddContentTest(ReportTest):
    """JSON of the right outline with something odd in it."""

    ODD = (
        None,
        True,
        -1,
        0,
        1e19,
        10**400,
        float("nan"),
        float("inf"),
        "",
        "x",
        "\u00b2",
        "9" * 5000,
        [],
        {},
        [[]],
        {"a": {}},
    )

    def places(self, value, path=()):
        """The path of each value inside another."""
        yield path
        items = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for key, one in items:
            yield from self.places(one, (*path, key))

    def outcome(self, text):
        """Read the text and make everything of it but plots: nothing else than BadInput may come out."""
        path = self.save(text)
        try:
            results = read_all([path])
            for result in results:
                advice = recommend(result)
                as_text(result, advice), as_json(result, advice), verdict(result), facts(result)
                profile_table(result)
                wanted_profile(result)
                for family in result.families():
                    panels_of(result, family)
                    table_of([row for row in result.rows if row.family == family], result.simulated)
        except BadInput as refused:
            self.assertNotIn("\n", str(refused))

    def test_odd_values_in_any_place_are_taken_or_refused_in_a_sentence(self):
        made = synthetic.simulated()
        made["benchmarks"] = made["benchmarks"][:: len(made["benchmarks"]) // 12]
        rolled = random.Random(13)
        places = list(self.places(made))
        for place in places if LONG else rolled.sample(places, min(300, len(places))):
            odd = rolled.choice(self.ODD)
            changed = copy.deepcopy(made)
            inside = changed
            for key in place[:-1]:
                inside = inside[key]
            if place:
                inside[place[-1]] = odd
            with self.subTest(place=place, odd=str(odd)[:30]):
                self.outcome(json.dumps(changed if place else odd))

    def test_texts_cannot_leave_their_line_or_become_markup(self):
        evil = "GPU\n# x\nkv_cache: null\u2028<script>alert(1)</script>\\q \\1 `a` [b](http://c) $x$ \x1b[31m"
        made = small()
        made["context"]["machine"]["gpu"] = evil
        made["context"]["platform"] = {"facts": {evil: {"value": evil, "how": "verified", "evidence": evil}}}
        made["benchmarks"][0]["name"] = f"allocate/allocator:{evil}/bytes:4KiB"
        made["benchmarks"].append({"name": f"gemm/{evil}", "error_occurred": True, "error_message": evil})
        self.report(self.save(made))
        for file in self.out.iterdir():
            text = file.read_text()
            with self.subTest(file=file.name):
                self.assertNotRegex(text, "(?m)^kv_cache: null|^# x|[\u2028\x1b]")
                if not file.name.startswith("recommendation"):
                    self.assertNotIn("<script", text)
        self.assertNotIn("[b](http", self.written("report.md").replace("\\[b\\](http", ""))

    def test_a_named_pipe_is_refused_and_not_waited_for(self):
        os.mkfifo(self.folder / "pipe")
        self.assert_refused(["no regular file"], self.folder / "pipe")

    def test_what_is_no_regular_file_is_not_written_over(self):
        self.out.mkdir()
        (self.folder / "kept").write_text("kept")
        (self.out / "report.md").symlink_to(self.folder / "kept")
        with self.assertRaisesRegex(BadInput, "symbolic link and stays as it is"):
            self.report(self.save(small()))
        self.assertEqual((self.folder / "kept").read_text(), "kept")
        self.assertEqual([file.name for file in self.out.iterdir()], ["report.md"])


class CommandTest(ReportTest):
    """The command itself."""

    def test_bad_input_is_exit_status_2(self):
        command = pathlib.Path(__file__).resolve().parents[2] / "tools/report"
        done = subprocess.run(
            [command, "--no-install", self.folder / "none.json"], capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_a_reader_that_stops_early_changes_nothing(self):
        path = self.save(small())
        command = [sys.executable, "-B", "-m", "cmm_report", str(path), "--out", str(self.out)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            running.stdout.close()
            self.assertEqual(running.stderr.read(), b"")
            self.assertEqual(running.wait(), 0)
        self.assertTrue((self.out / "report.html").exists())


if __name__ == "__main__":
    unittest.main()
