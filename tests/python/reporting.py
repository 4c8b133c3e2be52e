"""What the tests of the report share: running it on results, and telling what it wrote."""

import contextlib
import io
import json
import pathlib
import tempfile
import unittest

from cmm_report.cli import run
from cmm_report.errors import BadInput


class ReportTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        """Make the folder."""
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.out = self.folder / "out"

    def save(self, result, name="results.json"):
        """Write a result, or a text, into the folder."""
        path = self.folder / name
        path.write_text(result if isinstance(result, str) else json.dumps(result))
        return path

    def report(self, *arguments):
        """Run the report; returns (exit status, what it printed)."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = run([*map(str, arguments), "--out", str(self.out)])
        return status, printed.getvalue()

    def written(self, name):
        """A file of the report."""
        return (self.out / name).read_text()

    def assertIn(self, member, container, msg=None):
        """As usual, but a page is not printed in full."""
        if isinstance(container, str) and member not in container:
            self.fail(msg or f"{member!r} is not in {container[:300]!r}, {len(container)} characters")
        super().assertIn(member, container, msg)

    def assert_refused(self, words, *arguments):
        """The input is refused in one sentence that has these words, and nothing is written."""
        with self.assertRaises(BadInput) as refused:
            self.report(*arguments)
        message = str(refused.exception)
        for word in words:
            self.assertIn(word, message)
        self.assertNotIn("\n", message)
        self.assertEqual(list(self.out.glob("*")) if self.out.is_dir() else [], [])


def without(result, *prefixes):
    """The result without the rows whose names begin with one of these."""
    rows = [row for row in result["benchmarks"] if not row["name"].startswith(prefixes)]
    return {**result, "benchmarks": rows}


def only(result, *prefixes):
    """The result with nothing but the rows whose names begin with one of these: drawing all takes seconds."""
    rows = [row for row in result["benchmarks"] if row["name"].startswith(prefixes)]
    return {**result, "benchmarks": rows}


def row_of(result, name):
    """A row by its name."""
    return next(row for row in result["benchmarks"] if row["name"] == name)
