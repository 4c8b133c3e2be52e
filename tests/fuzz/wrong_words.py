"""Makes wrong command lines, variables and JSON out of right ones, the same for the same seed."""

import copy
import random

ODD = [
    "",
    "0",
    "-1",
    "nan",
    "inf",
    "1e400",
    "64GB",
    "0.0000001KiB",
    "99999999999999999999",
    "9" * 5000,
    "\u00b2",
    "\x1b[31m",
    "a\nb",
    "--",
    "-",
    "{",
    "[]",
    "null",
    "{" * 3000,
    "[" * 3000,
    "/nowhere/at/all",
    "/dev/null",
    ".",
    "%s",
    "\udcff",
    "x" * 300,
]


class Source:
    """Choices of one seed."""

    def __init__(self, seed):
        """Start at the beginning."""
        self.random = random.Random(seed)

    def word(self, right):
        """One of the right words, now and then changed or replaced."""
        chosen = self.random.choice(right)
        fate = self.random.random()
        if fate < 0.5:
            return chosen
        if fate < 0.75:
            return self.random.choice(ODD)
        at = self.random.randrange(len(chosen) + 1)
        return chosen[:at] + self.random.choice(ODD)[:40] + chosen[at + self.random.randrange(3) :]

    def command(self, options, most=4):
        """A few options with values; `options` has the right values of each, none for a flag."""
        words = []
        for _ in range(self.random.randrange(most + 1)):
            name, right = self.random.choice(list(options.items()))
            if self.random.random() < 0.05:
                name = name[: self.random.randrange(2, len(name) + 1)]
            if not right:
                words.append(name)
            elif self.random.random() < 0.3:
                words.append(f"{name}={self.word(right)}")
            else:
                words += [name, self.word(right)]
        return [word.replace("\0", "") for word in words]

    def json(self, tree):
        """A copy of a tree with a few places changed."""
        made = copy.deepcopy(tree)
        for _ in range(self.random.randrange(4)):
            self._change(made)
        return made

    def _change(self, tree):
        while True:
            keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
            if not keys:
                return
            key = self.random.choice(keys)
            inside = tree[key]
            if not isinstance(inside, dict | list) or not inside or self.random.random() < 0.2:
                break
            tree = inside
        fate = self.random.random()
        if fate < 0.3:
            del tree[key]
        elif fate < 0.5 and isinstance(tree, list):
            tree.append(copy.deepcopy(tree[key]))
        else:
            odd = [None, True, -1, 0, 1e308, 10**400, float("nan"), [], {}, [[]], *ODD]
            tree[key] = self.random.choice(odd)
