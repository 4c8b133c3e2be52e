"""Drives an engine through a workload, and notes when each token came."""

import collections
import hashlib
import json
import statistics
import time
from collections.abc import Callable
from typing import Protocol

from workloads import Workload


class Engine(Protocol):
    """As much of vLLM's LLMEngine as is used."""

    def add(self, number: str, prompt: list[int], answer: int) -> None:
        """A request begins."""

    def step(self) -> list[tuple[str, list[int], bool]]:
        """New tokens of requests, and whether each has ended."""


def drive(
    engine: Engine, workload: Workload, clock: Callable[[], float] = time.perf_counter, sleep=time.sleep
) -> dict:
    """Tokens per second, seconds to the first token and between tokens, and a digest of all tokens."""
    waiting = collections.deque(enumerate(workload.sessions))
    said: dict[int, list[int]] = {}
    at: dict[int, int] = {}
    running: dict[str, tuple[int, float, float | None]] = {}
    first, between, answers = [], [], {}
    start = clock()

    def ask(session: int, turn: int) -> None:
        told = workload.sessions[session].turns[turn]
        said[session] = said.get(session, []) + told.prompt
        at[session] = turn
        number = f"{session}-{turn}"
        running[number] = (session, clock(), None)
        answers[number] = []
        engine.add(number, said[session], told.answer)

    again: collections.deque[tuple[int, int]] = collections.deque()
    while waiting or again or running:
        while len(running) < workload.at_once:
            if waiting and clock() - start >= waiting[0][1].arrives:
                ask(waiting.popleft()[0], 0)
            elif again:
                ask(*again.popleft())
            else:
                break
        if not running:
            sleep(min(0.01, max(0.0, waiting[0][1].arrives - (clock() - start))))
            continue
        for number, tokens, ended in engine.step():
            session, began, last = running[number]
            now = clock()
            if tokens:
                first += [now - began] if last is None else []
                between += [(now - last) / len(tokens)] * len(tokens) if last is not None else []
                running[number] = (session, began, now)
                answers[number] += tokens
            if ended:
                del running[number]
                said[session] = said[session] + answers[number]
                if at[session] + 1 < len(workload.sessions[session].turns):
                    again.append((session, at[session] + 1))
    taken = clock() - start
    count = sum(map(len, answers.values()))
    return {
        "seconds": taken,
        "answered_tokens": count,
        "tokens_per_second": count / taken,
        "ttft": percentiles(first),
        "itl": percentiles(between),
        "digest": hashlib.sha256(json.dumps(sorted(answers.items())).encode()).hexdigest(),
    }


def percentiles(values: list[float]) -> dict[str, float]:
    """Mean, p50, p95 and p99; zeros of none."""
    if not values:
        return {"mean": 0.0, "p50": 0.0, "p95": 0.0, "p99": 0.0}
    ordered = sorted(values)
    found = {f"p{part}": ordered[min(len(ordered) - 1, len(ordered) * part // 100)] for part in (50, 95, 99)}
    return {"mean": statistics.fmean(values), **found}
