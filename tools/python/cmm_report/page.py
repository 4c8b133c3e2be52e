"""Puts everything together: one HTML page, its Markdown twin and the files beside them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from . import markdown
from .conclusions import compare as comparing
from .conclusions import movers, side_by_side
from .conclusions.answer import answer
from .conclusions.recommend import as_json, as_text, recommend
from .conclusions.verdict import verdict
from .platform_facts import facts, profile_table, wanted_profile
from .plots import drawing as plots
from .plots.families import introduction, panels_of
from .tables import table_of

TEMPLATES = Path(__file__).parent / "templates"


@dataclass
class Section:
    """A family of one result."""

    result: object
    family: str
    panels: list
    drawing: dict | None
    file: str
    table: object
    failed: list
    skipped: list
    doubts: list


def section_of(result, family, prefix):
    """Draw and tabulate a family of a result."""
    rows = [row for row in result.rows if row.family == family]
    panels = panels_of(result, family)
    drawing = plots.draw(result, family, introduction(family)[0], panels) if panels else None
    return Section(
        result,
        family,
        panels,
        drawing,
        f"{prefix}{family}.svg",
        table_of(rows, result.simulated),
        [row for row in rows if row.state == "failed"],
        [row for row in rows if row.state == "skipped"],
        [(row, row.doubt()) for row in rows if row.doubt()],
    )


def title_of(results):
    """The page's title, with its mark."""
    if len(results) == 1:
        return f"cmm on {results[0].title}"
    return "cmm: " + " and ".join(f"{result.name} ({result.mark})" for result in results)


def safe_family(family):
    """A family's name where a file name must be made of it."""
    return re.sub("[^A-Za-z0-9_-]", "_", family)[:60] or "rows"


def facts_for_page(results, comparison):
    """All that the templates need."""
    families = list(dict.fromkeys(family for result in results for family in result.families()))
    prefixes = {id(r): f"{r.short}-" if len(results) > 1 else "" for r in results}
    chapters = []
    for family in families:
        title, lead = introduction(family)
        sections = [section_of(r, family, prefixes[id(r)]) for r in results if family in r.families()]
        for section in sections:
            section.file = f"{prefixes[id(section.result)]}{safe_family(family)}.svg"
        ratios = side_by_side.ratio_table(results, family) if len(results) > 1 else None
        chapters.append(
            {"family": family, "title": title, "lead": lead, "sections": sections, "ratios": ratios}
        )
    return {
        "title": title_of(results),
        "results": results,
        "prefixes": prefixes,
        "mixed": len({result.simulated for result in results}) > 1,
        "predicted": any(result.simulated for result in results),
        "answers": [(result, said) for result in results if (said := answer(result))],
        "verdicts": [(result, verdict(result)) for result in results],
        "advice": [(result, recommend(result)) for result in results],
        "platforms": [
            (result, facts(result), profile_table(result), wanted_profile(result)) for result in results
        ],
        "chapters": chapters,
        "summary": side_by_side.summary(results),
        "letter": lambda result: side_by_side.letter(results.index(result)),
        "comparison": comparison,
        **tables_of(comparison),
    }


def tables_of(comparison):
    """The tables of a comparison, if there is one."""
    if comparison is None:
        return {}
    calibration = comparing.row_lines(comparison.calibration, " (calibration, left out)")
    return {
        "comparison_lines": comparing.family_lines(comparison),
        "host_lines": comparing.host_lines(comparison),
        "worst_lines": comparing.row_lines(comparison.worst()),
        "all_lines": comparing.row_lines(comparison.rows) + calibration,
    }


def environment(finalize=None):
    """Jinja with our filters; what is no markup yet is escaped, by `finalize` where the page is no HTML."""
    jinja = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters["svg"] = Markup
    jinja.filters["cell"] = markdown.cell
    jinja.filters["code"] = markdown.code
    return jinja


def build(results, comparison=None):
    """Every file of the report: {name: text}."""
    content = facts_for_page(results, comparison)
    kinds = {"html": environment(), "md": environment(markdown.escaped)}
    files = {
        f"report.{kind}": jinja.get_template(f"report.{kind}.j2").render(content)
        for kind, jinja in kinds.items()
    }
    for chapter in content["chapters"]:
        files |= {s.file: s.drawing["file"] for s in chapter["sections"] if s.drawing}
    for result, advice in content["advice"]:
        prefix = content["prefixes"][id(result)]
        files[f"{prefix}recommendation.txt"] = as_text(result, advice)
        files[f"{prefix}recommendation.json"] = (
            json.dumps(as_json(result, advice), indent=1, ensure_ascii=False) + "\n"
        )
        if choices := movers.movers(result):
            files[f"{prefix}kv_movers.txt"] = movers.as_text(result, choices)
    return files
