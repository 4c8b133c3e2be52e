"""A results file of tools/bench, read and checked."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from .errors import BadInput
from .json_file import AGAIN, parsed
from .rows import row_of

SCHEMA = "cmm-bench 2"


@dataclass(frozen=True)
class Result:
    """The rows of one run and the machine they belong to."""

    path: Path
    context: dict = field(repr=False)
    machine: dict = field(repr=False)
    rows: list = field(repr=False)
    name: str
    short: str

    @property
    def simulated(self):
        """Whether every time is a prediction."""
        return str(self.machine.get("simulated", "unknown")) != "false"

    @property
    def mark(self):
        """What must stand beside every figure of the run."""
        return "predicted, not measured" if self.simulated else "measured"

    @property
    def title(self):
        """The machine and the mark."""
        return f"{self.name}, {self.mark}"

    @property
    def note(self):
        """When and how the run was done, and how many rows it has."""
        context = self.context
        parts = [str(context.get("date") or "")[:10], "quick run" if context.get("quick") else ""]
        parts += ["incomplete run" if context.get("complete") is False else "", f"{len(self.rows)} rows"]
        return ", ".join(filter(None, parts))

    @property
    def calibration(self):
        """Names of the rows that the profile of a simulated machine was fitted to."""
        rows = self.context.get("calibration")
        return {row for row in rows if isinstance(row, str)} if isinstance(rows, list) else set()

    def family(self, name):
        """The rows of a family that have a time."""
        return [row for row in self.rows if row.ok and row.family == name]

    def families(self):
        """The families in the order of the file."""
        return list(dict.fromkeys(row.family for row in self.rows))

    def by_name(self):
        """Rows that have a time, by name."""
        return {row.name: row for row in self.rows if row.ok}


def slug(text):
    """Make a text fit for file names."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text)[:80].strip("-.").lower() or "machine"


def read(path):
    """Read a file; raises BadInput with one sentence where it is no result of this version."""
    path = Path(path)
    content = parsed(path)
    context = content.get("context") if isinstance(content, dict) else None
    if not isinstance(context, dict) or not isinstance(content.get("benchmarks"), list):
        raise BadInput(
            f"{path} has no context and benchmarks, so tools/bench did not write it; give its results.json"
        )
    schema = context.get("schema")
    if schema != SCHEMA:
        found = f'has schema "{schema}"' if isinstance(schema, str) else "names no schema"
        raise BadInput(f'{path} {found}, and this report reads "{SCHEMA}"; {AGAIN}')
    machine = context.get("machine")
    if not isinstance(machine, dict):
        raise BadInput(f"{path} does not say which machine it belongs to (context.machine); {AGAIN}")
    try:
        rows = [row_of(entry) for entry in content["benchmarks"]]
    except ValueError as error:
        raise BadInput(f"{path} is damaged: {error}; {AGAIN}") from error
    if not rows:
        raise BadInput(f"{path} has no rows; run tools/bench with a --filter that matches some, or with none")
    names = [row.name for row in rows]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(f"{path} is damaged: it has the row {twice} twice; {AGAIN}")
    return Result(path, context, machine, rows, *names_of(machine))


def names_of(machine):
    """The machine's name in full and for file names."""
    platform = str(machine.get("platform") or "unnamed machine")
    gpu = str(machine.get("gpu") or platform)
    name = shortened(platform if platform.startswith("sim:") else gpu)
    return name, slug(name)


def shortened(name):
    """A name as long as a heading can be."""
    return name if len(name) <= 200 else f"{name[:199]}…"


def read_all(paths):
    """Read several files, each once, with names that differ."""
    known = {}
    for path in paths:
        real = Path(path).resolve()
        if real in known:
            raise BadInput(f"{path} and {known[real]} are the same file; give each result once")
        known[real] = path
    results = [read(path) for path in paths]
    for which, one in enumerate(results):
        for other in results[:which]:
            if one.context == other.context and one.rows == other.rows:
                raise BadInput(f"{one.path} and {other.path} hold the same run; give each result once")
    shorts = [one.short for one in results]
    if len(set(shorts)) == len(shorts):
        return results
    return [
        Result(r.path, r.context, r.machine, r.rows, f"{r.name} ({r.path})", f"{r.short}-{i + 1}")
        for i, r in enumerate(results)
    ]
