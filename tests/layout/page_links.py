#!/usr/bin/env python3
"""Checks that every link of every page leads somewhere, that the first page leads to every other, and that
the questions of a stranger are answered where the pages send him.

usage: page_links.py
"""

import re
import sys

from pages import COMMENT, FENCE, ROOT, pages

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
# What a stranger asks, the file that answers, and words of the answer in it. Each file is linked by a page
# that the first page links, so that he is there in two steps.
QUESTIONS = {
    "Where is a row's limit decided?": ("bench/measure/limits.hpp", "What the machine can do at best"),
    "How is a policy added?": ("include/cmm/README.md", "## A policy of your own"),
    "What does a hint do while a stream is captured?": ("include/cmm/core/placement.hpp", "capture"),
    "When may a freed block be reused?": ("include/cmm/layer/pool.hpp", "a freed block is reused at once"),
    "What is wrong with a recipe that does not compile?": ("include/cmm/core/recipe.hpp", "static_assert("),
    "How much memory does this machine have?": (
        "tools/programs/probe/README.md",
        "Memory, and how much of it",
    ),
    "What does vLLM lose with half of its KV cache on the host?": (
        "tools/python/README.md",
        "KV cache on the host",
    ),
    "How is an allocator of PyTorch built?": ("tools/python/README.md", "cmm.torch.build("),
    "Which page of a KV cache comes to HBM?": ("include/cmm/kv/README.md", "A placement policy of your own"),
    "What do I run on a GH200, and what do I send?": ("bench/GRACE.md", "## Send"),
    "Which test holds a law, and how is it seen red?": ("tests/README.md", "breakages"),
    "How is the library taken into another build?": ("packaging/README.md", "find_package"),
}


def anchors(text):
    """The names of a page's headings, as links write them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def links(text):
    """What a page links to, but the web."""
    found = LINK.findall(COMMENT.sub("", FENCE.sub("", re.sub(r"`[^`\n]*`", "", text))))
    return [each for each in found if not each.startswith(("http://", "https://"))]


def target_of(page, link):
    """The file or folder and the anchor of a link."""
    path, _, anchor = link.partition("#")
    return (page.parent / path).resolve() if path else page, anchor


def faults(page, text):
    """Links that lead nowhere."""
    found = []
    for link in links(text):
        target, anchor = target_of(page, link)
        if not target.exists() or ROOT not in [target, *target.parents]:
            found.append(f"links to {link}, which is not there")
        elif anchor and anchor not in anchors(text if target == page else target.read_text()):
            found.append(f"links to {link}, which has no such heading")
    return [f"{page.relative_to(ROOT)}: {each}" for each in found]


def reached(steps):
    """What is linked within so many steps of the first page; a folder stands for its page."""
    seen, edge = set(), {ROOT / "README.md"}
    for _ in range(steps):
        following = set()
        for page in edge:
            following |= {target_of(page, link)[0] for link in links(page.read_text())}
        following |= {each / "README.md" for each in following if (each / "README.md").is_file()}
        seen |= edge | following
        edge = {each for each in following if each.suffix == ".md"}
    return seen


def unmapped():
    """Pages that the first page does not lead to."""
    known = reached(2)
    return [
        f"{page.relative_to(ROOT)}: README.md leads to it neither at once nor in two steps"
        for page in pages()
        if page not in known
    ]


def unanswered():
    """Questions whose file is not linked, or does not answer."""
    known = reached(2)
    found = []
    for question, (file, words) in QUESTIONS.items():
        path = ROOT / file
        if path not in known:
            found.append(f"{question} README.md leads to {file} neither at once nor in two steps")
        elif words not in path.read_text():
            found.append(f"{question} {file} does not answer it: it has no {words!r}")
    return found


def can_fail():
    """Whether wrong links are noticed."""
    page = ROOT / "README.md"
    wrong = ["[a](nowhere.md)", "[a](bench/README.md#no-such-heading)", "![a](../outside.png)"]
    return all(faults(page, f"{page.read_text()}\n{each}\n") for each in wrong)


def main():
    found = [each for page in pages() for each in faults(page, page.read_text())]
    found += unmapped() + unanswered()
    lines = (ROOT / "README.md").read_text().count("\n")
    if lines > 150:
        found.append(f"README.md has {lines} lines; at most 150 are read")
    if not can_fail():
        found.append("a wrong link in README.md was not noticed")
    print(
        "\n".join(found) if found else f"{sum(len(links(page.read_text())) for page in pages())} links hold"
    )
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
