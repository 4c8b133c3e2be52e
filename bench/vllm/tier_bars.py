"""What tiers.py's figures must show, and the figures as a table."""

from collections.abc import Iterator

from tier_kinds import FIXED, FOLLOWING, NATIVE, STOCK


class Figures:
    """Medians by server and workload; None where a server did not run it."""

    def __init__(self, found: dict) -> None:
        self.found = found

    def rate(self, kind: str, workload: str) -> float | None:
        """Tokens per second."""
        seen = self.found.get(kind, {}).get(workload, {})
        return seen["tokens_per_second"]["median"] if "tokens_per_second" in seen else None

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
    stock, mine = of.rate(STOCK, "cycled"), of.rate(FOLLOWING, "cycled")
    if stock and mine:
        yield _at_least("cycled", "0.98 of stock", mine / stock, 0.98)
    if mine:
        yield _at_most("cycled", "no reads beyond HBM", ours["cycled"].get("remote_share", 1.0), 0.0)
    mine, native, stock = (of.rate(kind, "returning") for kind in (FOLLOWING, NATIVE, STOCK))
    if mine and native:
        yield _at_least("returning", "native's tokens per second", mine, native)
        late = [of.ttft(kind, "returning", "mean") for kind in (FOLLOWING, NATIVE)]
        yield _at_most("returning", "native's mean TTFT in seconds", *late)
    if mine and stock:
        yield _at_least("returning", "twice stock's tokens per second", mine, 2 * stock)
    mine = of.rate(FOLLOWING, "over")
    others = [rate for kind in (STOCK, NATIVE, FIXED) if (rate := of.rate(kind, "over"))]
    if mine and others:
        yield _at_least("over", "the best other's tokens per second", mine, max(others))
    if mine and of.rate(STOCK, "over"):
        late = [of.ttft(kind, "over", "p99") for kind in (FOLLOWING, STOCK)]
        yield _at_most("over", "stock's p99 TTFT in seconds", *late)
    if "long" in ours:
        yield _at_least("long", "is served", float("tokens_per_second" in ours["long"]), 1.0)


def _at_least(workload: str, bar: str, figure: float, least: float) -> dict:
    return {"workload": workload, "bar": bar, "figure": figure, "least": least, "held": figure >= least}


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
    missed = [f"{each['workload']}: {each['bar']}" for each in bars if not each["held"]]
    return "\n".join([*lines, "", f"missed: {'; '.join(missed)}" if missed else "every bar is held"])


def _row(workload: str, kind: str, seen: dict) -> str:
    if "tokens_per_second" not in seen:
        why = f"refused: {seen['refused']}" if "refused" in seen else f"left out: {seen['left_out']}"
        return f"| {workload} | {kind} | {why} | | | | |"
    low, high = seen["tokens_per_second"]["confidence"]
    hits = seen.get("hit_share", 0.0) + seen.get("external_hit_share", 0.0)
    cells = [workload, kind, f"{seen['tokens_per_second']['median']:.0f} ({low:.0f}–{high:.0f})"]
    cells += [_late(seen[name]) for name in ("ttft", "itl")]
    cells += [f"{hits:.0%}", f"{seen['remote_share']:.1%}" if "remote_share" in seen else ""]
    return f"| {' | '.join(cells)} |"


def _late(seen: dict) -> str:
    return ", ".join(f"{seen[part]['median'] * 1e3:.1f}" for part in ("p50", "p99"))
