"""Processes that take turns, so that a drift of the machine hits all alike, and ratios of one turn."""

import contextlib
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = [str(ROOT / "bench"), str(ROOT / "tools" / "python")]
sys.path[:0] = FOLDERS[1:]

from cmm.errors import Error  # noqa: E402
from cmm.whole_file import refuse_irregular, whole_file  # noqa: E402


class Failure(Exception):
    """What stops a run, in one sentence."""


class Process:
    """A process that reads what to measure, a line at a time, and answers each with a line of JSON."""

    def __init__(
        self, name: str, command: Sequence[str | Path], environment: dict[str, str] | None = None
    ) -> None:
        path = os.pathsep.join(filter(None, [*FOLDERS, os.environ.get("PYTHONPATH")]))
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path, **(environment or {})},
        )

    def ask(self, what: str):
        """What it measured; raises Failure if it has ended."""
        try:
            self.process.stdin.write(what + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise Failure(f"{self.name} ended with {self.process.wait()}, see above")
        return json.loads(answer)

    def end(self) -> None:
        """It reads no more."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def answer_channel() -> TextIO:
    """Where a measuring process answers; what libraries print from now on goes to stderr."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return channel


def serve(channel: TextIO, answer: Callable[[str], object]) -> None:
    """Answer each line that is asked, until none comes."""
    for line in sys.stdin:
        print(json.dumps(answer(line.strip())), file=channel, flush=True)


def serve_made(
    channel: TextIO,
    about: Callable[[], dict],
    make: Callable[[], Callable[[str], object]],
    refused: tuple[type[Exception], ...] = (),
) -> None:
    """Answer "about" before anything is made, make what is measured at "start", and hand it all else.

    What ends in one of the errors `refused` is answered as {"refused": "..."}, with its first line.
    """
    asked: Callable[[str], object] | None = None

    def answer(what: str) -> object:
        nonlocal asked
        if what == "about":
            return {**about_machine(), **about()}
        try:
            if what == "start":
                asked = make()
                return {}
            if asked is None:
                raise Failure(f"{what[:20]!r} is asked before start")
            return asked(what)
        except refused as error:
            return {"refused": (str(error).splitlines() or [type(error).__name__])[0]}

    serve(channel, answer)


def about_machine() -> dict:
    """The GPU and PyTorch, of the measuring process."""
    import torch

    gpu = torch.cuda.get_device_properties(0)
    return {
        "gpu": gpu.name,
        "gpu_bytes": gpu.total_memory,
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }


def in_turn(of: Sequence, number: int) -> list:
    """These in the order of a turn: every second one backwards, and two turns later another one begins.

    So each comes after each other one as often as before it, and a drift within turns hits all alike.
    """
    first = number // 2 % len(of)
    order = [*of[first:], *of[:first]]
    return order[::-1] if number % 2 else order


def take_turn(processes: list[Process], what: str, number: int) -> dict:
    """One figure of every process, one right after the other, in the order of the turn."""
    return {each.name: each.ask(what) for each in in_turn(processes, number)}


def confidence(values: list[float]) -> list[float]:
    """The 95 % interval of the median, by resampling."""
    draw = random.Random(0)
    medians = sorted(statistics.median(draw.choices(values, k=len(values))) for _ in range(1000))
    return [medians[25], medians[975]]


def spread(values: list[float]) -> dict:
    return {
        "median": statistics.median(values),
        "confidence": confidence(values),
        "least": min(values),
        "most": max(values),
        "values": values,
    }


def write(path: Path, results: dict) -> None:
    """A file of results, whole or not at all; an older one of another machine or version is kept aside."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial:
            partial.write_text(json.dumps(results, indent=1) + "\n")
            keep_aside(path, results.get("context", {}))
    except (Error, OSError) as error:
        sys.exit(f"the results could not be written: {error}; name a folder that is writable with --out")


def check_place(path: Path) -> None:
    """End with one sentence where `write` could not write, which is better known before the run."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        refuse_irregular(path)
        tempfile.TemporaryFile(dir=path.parent).close()
    except (Error, OSError) as error:
        sys.exit(f"the results cannot be written: {error}; name a folder that is writable with --out")


def second_name(path: Path, name: Path) -> None:
    """Give a file a name that nothing has yet, by a copy on a file system without links."""
    try:
        os.link(path, name)
    except FileExistsError:
        raise
    except OSError:
        with name.open("xb") as copy:
            copy.write(path.read_bytes())


def keep_aside(path: Path, context: dict) -> None:
    """Give results of another context, or damaged ones, a second name, which nothing has yet."""
    try:
        before = json.loads(path.read_text())["context"]
    except FileNotFoundError:
        return
    except (ValueError, TypeError, KeyError, RecursionError):
        before = None
    if isinstance(before, dict) and {**before, "started": ""} == {**context, "started": ""}:
        return
    for number in itertools.count(1):
        kept = path.with_name(f"{path.stem}.before-{number}{path.suffix}")
        with contextlib.suppress(FileExistsError):
            second_name(path, kept)
            print(f"the results of before, which are of another run, are kept in {kept}")
            return
