"""What a worker counts of its blocks, for Prometheus: shown at vLLM's /metrics.

vLLM's server reads what its other processes count from files in the folder PROMETHEUS_MULTIPROC_DIR, which
must be set before it starts; `cmm serve` does so. Without it a worker counts for nobody.
"""

import collections
import time
from collections.abc import Callable, Mapping

from prometheus_client import Counter, Gauge

MINUTE = 60.0
LABELS = ("model_name", "engine", "rank")

_MANY = {"labelnames": (*LABELS, "state"), "multiprocess_mode": "mostrecent"}
PAGES = Gauge(
    "cmm_kv_pages", "Blocks of the KV cache, by state: live, idle, remote (live beyond HBM)", **_MANY
)
SHARE = Gauge(
    "cmm_kv_remote_share",
    "Of the blocks that steps of the last minute read, the part beyond HBM",
    labelnames=LABELS,
    multiprocess_mode="mostrecent",
)
BYTES = Counter(
    "cmm_kv_bytes",
    "Bytes of blocks copied up to HBM, down from it, and staged there for prompts",
    (*LABELS, "direction"),
)
HITS = Counter("cmm_kv_hits", "Blocks that vLLM found again", LABELS)
BROUGHT = Counter("cmm_kv_hits_brought", "Of these, those that came back to HBM from beyond", LABELS)
READ = Counter("cmm_kv_reads", "Blocks that steps read, by place: hbm, beyond", (*LABELS, "place"))


class Metrics:
    """What one worker counts."""

    def __init__(
        self, model: str, engine: int, rank: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """By the names that vLLM gives them."""
        self._of = {"model_name": model, "engine": str(engine), "rank": str(rank)}
        self._clock = clock
        self._before: dict[str, float] = collections.defaultdict(float)
        self._reads: collections.deque[tuple[float, float, float]] = collections.deque()

    def update(self, counted: Mapping[str, float], hits: int, brought: int, staged: int = 0) -> None:
        """Take over what `Residency.counters` says, blocks found again and bytes staged, since the start."""
        for state in ("live", "idle", "remote"):
            PAGES.labels(**self._of, state=state).set(counted[state])
        for direction in ("up", "down"):
            self._add(BYTES, counted[f"bytes_{direction}"], direction=direction)
        self._add(BYTES, staged, direction="staged")
        self._add(READ, counted["read_remote"], place="beyond")
        self._add(READ, counted["read"] - counted["read_remote"], place="hbm")
        self._add(HITS, hits)
        self._add(BROUGHT, brought)
        SHARE.labels(**self._of).set(self._share(counted["read"], counted["read_remote"]))

    def _add(self, counter: Counter, total: float, **more: str) -> None:
        key = f"{counter}{more}"
        counter.labels(**self._of, **more).inc(total - self._before[key])
        self._before[key] = total

    def _share(self, read: float, remote: float) -> float:
        now = self._clock()
        reads = self._reads
        reads.append((now, read, remote))
        while len(reads) > 1 and now - reads[1][0] >= MINUTE:
            reads.popleft()
        begin = reads[0]
        return (remote - begin[2]) / (read - begin[1]) if read > begin[1] else 0.0
