"""A public name without a sentence fails the reference, and so does a warning of doxygen."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAID = """#pragma once
namespace cmm {
/// What it is.
struct thing {
  int first = 0;   // of the struct's own row
  int second = 0;

  /// Doubles it.
  int twice() const;
  int thrice() const;  // of the same row
};
}  // namespace cmm
"""
UNSAID = {
    "a class": ("/// What it is.\n", ""),
    "a function": ("  /// Doubles it.\n", ""),
    "a field": ("  /// Doubles it.\n", "  int third = 0;\n\n  /// Doubles it.\n"),
}


class Reference(unittest.TestCase):
    """tools/docs --check in a tree with one header."""

    def setUp(self):
        """A tree of what the command reads."""
        if not shutil.which("doxygen"):
            self.skipTest("doxygen is not installed")
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.tree = pathlib.Path(holder.name).resolve()
        for part in ("tools/reference", "tools/support"):
            shutil.copytree(ROOT / part, self.tree / part)
        shutil.copy(ROOT / "tools/docs", self.tree / "tools/docs")
        self.headers = self.tree / "include/cmm"
        self.headers.mkdir(parents=True)
        shutil.copy(ROOT / "include/cmm/version.hpp", self.headers)
        checker = self.tree / "tools/reference/undocumented.py"
        checker.write_text(checker.read_text().replace("reader.count < 500", "reader.count < 3"))

    def check(self, text, *options):
        """The exit status and what was said."""
        (self.headers / "thing.hpp").write_text(text)
        (self.tree / "tools/reference/mainpage.md").write_text("# Reference {#mainpage}\n")
        command = ["bash", self.tree / "tools/docs", *(options or ["--check"]), "--no-install"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_what_has_a_sentence_passes(self):
        """Of its own, of its row or of its struct."""
        status, said = self.check(SAID)
        self.assertEqual(status, 0, said)
        self.assertIn(" 0 without a sentence", said)

    def test_it_is_read_and_searched_without_a_server(self):
        """Pages, and an index of names that a browser reads from the disk."""
        status, said = self.check(SAID, "--no-install")
        self.assertEqual(status, 0, said)
        html = self.tree / "build/docs/html"
        self.assertIn("Doubles it.", (html / "structcmm_1_1thing.html").read_text())
        self.assertIn("thing", "".join(each.read_text() for each in (html / "search").glob("*.js")))
        pages = "".join(each.read_text() for each in html.glob("*.html"))
        self.assertNotRegex(pages, r'(src|href)="https?://(?!www\.doxygen\.org)')

    def test_what_has_none_is_named_with_its_line(self):
        """Each kind of name."""
        for kind, (old, new) in UNSAID.items():
            with self.subTest(kind):
                self.assertEqual(SAID.count(old), 1)
                status, said = self.check(SAID.replace(old, new))
                self.assertEqual(status, 1, said)
                self.assertRegex(said, r"thing\.hpp:\d+: cmm::thing\S* has no sentence")

    def test_a_warning_of_doxygen_fails_it(self):
        """A command that it does not know."""
        status, said = self.check(SAID.replace("Doubles it.", "Doubles \\nonesuch it."))
        self.assertEqual(status, 1, said)
        self.assertIn("nonesuch", said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
