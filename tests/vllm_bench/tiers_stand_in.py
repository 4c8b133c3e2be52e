"""A stand-in for tiers_server.py: an engine whose clock is counted, with the delays that each kind has.

It shows the bench's own work. What it answers says nothing of vLLM.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "vllm"))

import turns
from sessions import drive
from workloads import Workload

DELAY = {"stock": 1.0, "native": 0.5, "lmcache": 0.6, "cmm fixed": 2.0, "cmm following": 0.4}
DELAY["cmm following, admit fast"] = 0.3


class Engine:
    """One token of each request in a step, whose time depends on the kind."""

    def __init__(self, kind):
        self.kind, self.now, self.running = kind, 0.0, {}

    def add(self, number, prompt, answer):
        self.running[number] = [sum(prompt) % 1000, answer]

    def step(self):
        self.now += DELAY[self.kind] / 100
        told = []
        for number, state in list(self.running.items()):
            state[0] = (state[0] * 31 + 7) % 1000
            state[1] -= 1
            told.append((number, [state[0]], state[1] == 0))
            if state[1] == 0:
                del self.running[number]
        return told


class TooLongError(Exception):
    """As vLLM's for a context that its KV cache does not hold."""


def make(settings):
    """What answers workloads."""
    kind, engine = settings["kind"], Engine(settings["kind"])
    beyond = kind.startswith("cmm")
    if settings["max_model_len"] > settings["hbm_bytes"] >> 16 and not beyond:
        raise TooLongError(f"a context of {settings['max_model_len']} does not fit")
    if kind in os.environ.get("STAND_IN_ENDS", "").split(";"):
        sys.exit(f"{kind} ended")

    def sleep(seconds):
        engine.now += max(seconds, 1e-3)

    def answer(what):
        with open(os.environ["STAND_IN_LOG"], "a") as log:
            print(kind, json.loads(what)["name"], sep=": ", file=log)
        found = drive(engine, Workload.from_json(what), clock=lambda: engine.now, sleep=sleep)
        ours = {"remote_share": 0.0, "brought": 3} if kind.startswith("cmm following") else {}
        return {**found, "preemptions": 0, "hit_share": 0.25, **ours}

    return answer


def main():
    settings = json.loads(sys.argv[1])
    turns.about_machine = lambda: {"gpu": "none"}
    channel = turns.answer_channel()
    turns.serve_made(channel, lambda: {"vllm": "stand-in"}, lambda: make(settings), (TooLongError,))


if __name__ == "__main__":
    main()
