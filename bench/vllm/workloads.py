"""What the servers of tiers.py are asked: sessions of turns, sized by the KV cache that HBM holds.

cycled     unique prompts; what runs at once fits in HBM, all of them together do not fit anywhere
returning  chats of several turns, each after those of all others: histories exceed HBM, not HBM and host
over       more requests at once than HBM holds, and none waits for another
long       one context larger than HBM holds
trace      arrivals, lengths and shared prefixes of a file, such as Mooncake's; or of one made here
"""

import dataclasses
import json
import random
from collections.abc import Iterator
from pathlib import Path

NAMES = ("cycled", "returning", "over", "long", "trace")
BLOCK = 512
"""Tokens that one id of a prefix stands for in a trace, as in Mooncake's."""
FIRST_TOKEN, TOKENS = 3, 31000


@dataclasses.dataclass(frozen=True)
class Turn:
    """What a user adds to the session, and how many tokens are answered."""

    prompt: list[int]
    answer: int


@dataclasses.dataclass(frozen=True)
class Session:
    """Turns one after the other; the prompt of each is all that was said before, and its own."""

    turns: list[Turn]
    arrives: float = 0.0
    """Seconds after the start; sessions of a closed loop all arrive at once."""


@dataclasses.dataclass(frozen=True)
class Workload:
    """Sessions, of which so many have a turn at once."""

    name: str
    at_once: int
    sessions: list[Session]

    @property
    def longest(self) -> int:
        """Tokens of the longest session."""
        return max(sum(len(turn.prompt) + turn.answer for turn in session.turns) for session in self.sessions)

    def to_json(self) -> str:
        """In one line."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Workload":
        """Of `to_json`."""
        told = json.loads(text)
        sessions = [
            Session([Turn(**turn) for turn in session["turns"]], session["arrives"])
            for session in told["sessions"]
        ]
        return cls(told["name"], told["at_once"], sessions)


def make(name: str, in_hbm: int, beyond: int, seed: int, trace: Path | None = None) -> Workload:
    """A workload for a KV cache of so many tokens in HBM and beyond it."""
    draw = random.Random(f"{name} {seed}")
    whole = in_hbm + beyond
    if name == "cycled":
        prompt, answer = _sized(in_hbm, 1024, 128)
        count = 3 * whole // (prompt + answer)
        sessions = [Session([Turn(_words(draw, prompt), answer)]) for _ in range(count)]
        return Workload(name, max(1, int(0.7 * in_hbm) // (prompt + answer)), sessions)
    if name == "returning":
        prompt, answer = _sized(in_hbm, 512, 64)
        rounds = 4
        histories = min(2 * in_hbm, int(0.8 * whole)) // (rounds * (prompt + answer))
        sessions = [
            Session([Turn(_words(draw, prompt), answer) for _ in range(rounds)]) for _ in range(histories)
        ]
        return Workload(name, max(1, int(0.25 * in_hbm) // (rounds * (prompt + answer))), sessions)
    if name == "over":
        prompt, answer = _sized(in_hbm, 1024, 512)
        at_once = max(2, int(min(1.8 * in_hbm, 0.9 * whole)) // (prompt + answer))
        sessions = [Session([Turn(_words(draw, prompt), answer)]) for _ in range(2 * at_once)]
        return Workload(name, at_once, sessions)
    if name == "long":
        size = min(2 * in_hbm, int(0.95 * whole))
        return Workload(name, 1, [Session([Turn(_words(draw, size - 64), 64)])])
    sessions = read_trace(trace) if trace else list(made_trace(draw, in_hbm, whole))
    return Workload(name, len(sessions), sessions)


def made_trace(draw: random.Random, in_hbm: int, whole: int) -> Iterator[Session]:
    """As Mooncake's conversations: arrivals at random, few system prompts, long prompts, short answers."""
    size = max(16, in_hbm // 32)
    system = [_words(draw, size) for _ in range(4)]
    at, tokens = 0.0, 0
    while tokens < 2 * whole:
        at += draw.expovariate(8.0)
        own = max(1, int(draw.paretovariate(1.5) * size / 4))
        turn = Turn([*draw.choice(system), *_words(draw, min(own, in_hbm // 4))], draw.randrange(8, 128))
        tokens += len(turn.prompt) + turn.answer
        yield Session([turn], at)


def read_trace(path: Path) -> list[Session]:
    """Lines of JSON with timestamp (ms), input_length, output_length and hash_ids, as Mooncake's traces have.

    Raises ValueError that names the line where one is otherwise.
    """
    sessions = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            words = [
                token for each in told["hash_ids"] for token in _words(random.Random(f"prefix {each}"), BLOCK)
            ]
            prompt = (words + _words(random.Random(f"line {number}"), told["input_length"]))[
                : told["input_length"]
            ]
            turn = Turn(prompt, max(1, told["output_length"]))
            sessions.append(Session([turn], told["timestamp"] / 1000))
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f"line {number} of {path} is no request of a trace ({error!r}); write such as "
                '{"timestamp": 0, "input_length": 512, "output_length": 64, "hash_ids": [1]}'
            ) from error
    if not sessions:
        raise ValueError(f"{path} has no requests; give a trace with a line of JSON for each")
    return sessions


def _sized(in_hbm: int, prompt: int, answer: int) -> tuple[int, int]:
    """These lengths, or in proportion shorter ones where HBM holds too few of them."""
    part = min(1.0, in_hbm / (16 * (prompt + answer)))
    return max(8, int(prompt * part)), max(4, int(answer * part))


def _words(draw: random.Random, count: int) -> list[int]:
    return [FIRST_TOKEN + draw.randrange(TOKENS) for _ in range(count)]
