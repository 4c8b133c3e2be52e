"""The plain model of the tests: an engine that does as it likes, and knows what each page must hold."""

import numpy as np

NAMES = ("idle", "dead", "dropped", "fresh", "hits", "written", "used")


class Engine:
    """Pages with tags for content. Page 0 is padding, and pages from `known` on are never named."""

    def __init__(self, pages, known, seed):
        """Nothing is live yet."""
        self.random = np.random.default_rng(seed)
        self.known = known
        self.readers = np.zeros(pages, np.int64)
        self.holds = np.zeros(pages, bool)
        self.tags = -np.arange(1, pages + 1)  # what memory holds before anything is known
        self.last_tag = 0

    def step(self, most):
        """Changes of a step, at most so many pages in each list, as int32 arrays; notes them."""
        told = {name: [] for name in NAMES}
        for page in self._some(np.flatnonzero(self.readers), 3 * most):
            for _ in range(self.random.integers(1, self.readers[page] + 1)):
                name = "idle" if self.random.random() < 0.7 else "dead"
                told[name].append(page)
        # They count list by list, so that a page is dead if its last reader was among those of `dead`.
        for name in ("idle", "dead"):
            for page in told[name]:
                self.readers[page] -= 1
                if name == "dead" and self.readers[page] == 0:
                    self.holds[page] = False
        for page in self._some(np.flatnonzero((self.readers == 0) & self.holds), most // 4):
            told["dropped"].append(page)
            self.holds[page] = False
        free = np.flatnonzero(self.readers[: self.known] == 0)
        for page in self._some(free[free > 0], most):
            told["fresh"].append(page)
            self.readers[page], self.holds[page] = 1, True
        fresh = set(told["fresh"])
        for page in self._some(np.flatnonzero(self.holds), most // 2):
            if page in fresh:
                continue
            told["hits"].append(page)
            self.readers[page] += 1
        live = np.flatnonzero(self.readers)
        told["written"] = [page for page in self._some(live, most // 4) if page not in fresh]
        told["used"] = self._some(live, most)
        if self.random.random() < 0.3:
            told["fresh"].append(0)
        return {name: np.array(pages, np.int32) for name, pages in told.items()}

    def must_hold(self, told):
        """The pages whose content must be in their slots before the work of a step."""
        needed = self.holds.copy()
        needed[told["fresh"]] = False
        return np.flatnonzero(needed)

    def write(self, told):
        """The work of a step: the pages that it writes, and their new tags."""
        pages = np.concatenate([told["fresh"], told["written"]])
        pages = np.unique(pages[pages > 0])
        self.tags[pages] = np.arange(self.last_tag + 1, self.last_tag + 1 + len(pages))
        self.last_tag += len(pages)
        return pages, self.tags[pages]

    def _some(self, of, most):
        count = min(len(of), int(self.random.integers(0, most + 1)))
        return [int(page) for page in self.random.choice(of, count, replace=False)] if count else []
