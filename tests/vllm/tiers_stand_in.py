"""A stand-in for tiers_server.py: an engine whose clock is counted, with the delays that each kind has.

It shows the bench's own work. What it answers says nothing of vLLM.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "vllm"))

import turns
from sessions import drive
from workloads import Workload

DELAY = {"stock": 1.0, "native": 0.5, "lmcache": 0.6, "cmm fixed": 2.0, "cmm following": 0.4}


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


def main():
    settings = json.loads(sys.argv[1])
    channel = turns.answer_channel()
    engine = Engine(settings["kind"])
    tokens = settings["hbm_bytes"] >> 16

    def answer(what):
        if what == "about":
            return {"gpu": "none", "vllm": "stand-in"}
        if what == "start":
            beyond = settings["kind"] in ("cmm fixed", "cmm following")
            too_long = settings["max_model_len"] > tokens and not beyond
            return {"refused": f"a context of {settings['max_model_len']} does not fit"} if too_long else {}

        def sleep(seconds):
            engine.now += max(seconds, 1e-3)

        found = drive(engine, Workload.from_json(what), clock=lambda: engine.now, sleep=sleep)
        ours = {"remote_share": 0.0, "brought": 3} if settings["kind"] == "cmm following" else {}
        return {**found, "preemptions": 0, "hit_share": 0.25, "external_hit_share": 0.0, **ours}

    turns.serve(channel, answer)


if __name__ == "__main__":
    main()
