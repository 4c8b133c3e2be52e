"""The pages of the project: every README and guide, and what stands in them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {"build", ".venv", ".git", "shared", "machines", "reference"}
FENCE = re.compile(r"^```(\S*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def pages():
    """Every page that people read, but the list of changes, which tells of its day."""
    found = (
        path
        for path in ROOT.rglob("*.md")
        if not SKIPPED & set(path.relative_to(ROOT).parts[:-1]) and path.name != "CHANGELOG.md"
    )
    return sorted(found)


def blocks(text, language):
    """The examples in a language, as (line, text)."""
    return [
        (text.count("\n", 0, found.start()) + 1, found[2])
        for found in FENCE.finditer(text)
        if found[1] == language
    ]


def without_code(text):
    """The text without examples, spans of code and links' targets."""
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
    return re.sub(r"\]\([^)]*\)", "]", text)
