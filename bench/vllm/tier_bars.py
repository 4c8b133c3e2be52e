"""What tiers.py's figures must show, and the figures as a table."""

from collections.abc import Iterator

from tier_kinds import FAST, FIXED, FOLLOWING, NATIVE, STOCK
from turns import spread


class Figures:
    """Medians by server and workload; None where a server did not run it."""

    def __init__(self, found: dict) -> None:
        self.found = found

    def rate(self, kind: str, workload: str) -> float | None:
        """Tokens per second."""
        seen = self.found.get(kind, {}).get(workload, {})
        return seen["tokens_per_second"]["median"] if "tokens_per_second" in seen else None

    def ratio(self, kind: str, other: str, workload: str) -> dict | None:
        """Tokens per second of one to those of the other in the same round, with its interval over rounds.

        A round that only one of them has finished counts for neither.
        """
        both = [self.found.get(each, {}).get(workload, {}).get("tokens_per_second") for each in (kind, other)]
        if None in both:
            return None
        return spread([one / of for one, of in zip(*(each["values"] for each in both), strict=False)])

    def ttft(self, kind: str, workload: str, part: str) -> float | None:
        """Seconds to the first token."""
        seen = self.found.get(kind, {}).get(workload, {})
        return seen["ttft"][part]["median"] if "ttft" in seen else None


def judge(found: dict) -> list[dict]:
    """The bars of each workload that was run; one whose servers did not run is none."""
    return sorted([*_bars(found), *_same_tokens(found)], key=lambda each: (each["workload"], each["bar"]))


def _bars(found: dict) -> Iterator[dict]:
    of = Figures(found)
    ours = found.get(FOLLOWING, {})
    for workload, other, bar, least in (
        ("cycled", STOCK, "0.98 of stock", 0.98),
        ("returning", NATIVE, "native's tokens per second", 1.0),
        ("returning", STOCK, "twice stock's tokens per second", 2.0),
    ):
        if ratio := of.ratio(FOLLOWING, other, workload):
            yield _at_least(workload, bar, ratio, least)
    if of.rate(FOLLOWING, "cycled"):
        yield _at_most("cycled", "no reads beyond HBM", ours["cycled"].get("remote_share", 1.0), 0.0)
    if of.ratio(FOLLOWING, NATIVE, "returning"):
        late = [of.ttft(kind, "returning", "mean") for kind in (FOLLOWING, NATIVE)]
        yield _at_most("returning", "native's mean TTFT in seconds", *late)
    kind = max((FOLLOWING, FAST), key=lambda kind: of.rate(kind, "over") or 0.0)  # what cmm serve may choose
    others = [other for other in (STOCK, NATIVE, FIXED) if of.rate(other, "over")]
    if of.rate(kind, "over") and others:
        best = max(others, key=lambda other: of.rate(other, "over"))
        yield _at_least("over", "the best other's tokens per second", of.ratio(kind, best, "over"), 1.0)
    if of.rate(kind, "over") and of.rate(STOCK, "over"):
        late = [of.ttft(each, "over", "p99") for each in (kind, STOCK)]
        yield _at_most("over", "stock's p99 TTFT in seconds", *late)
    if "long" in ours:
        yield {"workload": "long", "bar": "is served", "held": "tokens_per_second" in ours["long"]}


def _at_least(workload: str, bar: str, ratio: dict, least: float) -> dict:
    """A ratio of rounds; held where its median is as large."""
    figures = {"figure": ratio["median"], "confidence": ratio["confidence"], "least": least}
    return {"workload": workload, "bar": bar, **figures, "held": ratio["median"] >= least}


def _at_most(workload: str, bar: str, figure: float, most: float) -> dict:
    return {"workload": workload, "bar": bar, "figure": figure, "most": most, "held": figure <= most}


def _same_tokens(found: dict) -> Iterator[dict]:
    """Every server that ran a workload gave the same tokens in each round."""
    for workload in dict.fromkeys(name for seen in found.values() for name in seen):
        digests = [seen[workload].get("digests") for seen in found.values() if workload in seen]
        told = [each for each in digests if each]
        if len(told) > 1:
            same = len({digest for each in told for digest in each}) == 1
            yield {"workload": workload, "bar": "the same tokens in all", "held": same}


def table(found: dict, bars: list[dict]) -> str:
    """A row for each workload and server, and what was missed."""
    heads = ["Workload", "Server", "tokens/s (95 %)", "TTFT p50, p99 (ms)", "ITL p50, p99 (ms)"]
    heads += ["found again", "beyond HBM"]
    lines = [f"| {' | '.join(heads)} |", "|---|---|---:|---:|---:|---:|---:|"]
    for workload in dict.fromkeys(name for seen in found.values() for name in seen):
        lines += [_row(workload, kind, seen[workload]) for kind, seen in found.items() if workload in seen]
    lines += ["", *(_told(each) for each in bars if "confidence" in each)]
    missed = [f"{each['workload']}: {each['bar']}" for each in bars if not each["held"]]
    return "\n".join([*lines, "", f"missed: {'; '.join(missed)}" if missed else "every bar is held"])


def _row(workload: str, kind: str, seen: dict) -> str:
    if "tokens_per_second" not in seen:
        (why,) = (f"{what.replace('_', ' ')}: {text}" for what, text in seen.items())
        return f"| {workload} | {kind} | {why} | | | | |"
    low, high = seen["tokens_per_second"]["confidence"]
    hits = seen.get("hit_share", 0.0)
    cells = [workload, kind, f"{seen['tokens_per_second']['median']:.0f} ({low:.0f}–{high:.0f})"]
    cells += [_late(seen[name]) for name in ("ttft", "itl")]
    cells += [f"{hits:.0%}", f"{seen['remote_share']:.1%}" if "remote_share" in seen else ""]
    return f"| {' | '.join(cells)} |"


def _late(seen: dict) -> str:
    return ", ".join(f"{seen[part]['median'] * 1e3:.1f}" for part in ("p50", "p99"))


def _told(bar: dict) -> str:
    low, high = bar["confidence"]
    return f"{bar['workload']}, {bar['bar']}: {bar['figure']:.2f} ({low:.2f}–{high:.2f}) to {bar['least']:g}"
