"""Values, words and command lines that are nearly right, made from right ones. One seed makes one sequence.

CMM_FUZZ_SEED is the first seed, and CMM_FUZZ_FACTOR how many times as much is tried.
"""

import copy
import os
import random

SEED = int(os.environ.get("CMM_FUZZ_SEED") or 1)
FACTOR = int(os.environ.get("CMM_FUZZ_FACTOR") or 1)

ODD_TEXTS = (
    "",
    " ",
    "\n",
    "a\nb",
    "\x1b[31m",
    "²",
    "0",
    "-1",
    "1e400",
    "nan",
    "inf",
    "0x10",
    "64 Gb",
    "64GB",
    "0.0000001KiB",
    "99999999999999999999",
    "9" * 5000,
    "a" * 300,
    "<b>",
    "|",
    "--",
    "-",
    "{",
    "{" * 3000,
    "[]",
    "[" * 3000,
    "null",
    "%s",
    ".",
    "/nowhere/at/all",
    "/dev/null",
    "\ud800",
    "\udcff",
)
ODD_VALUES = (
    None,
    True,
    -1,
    0,
    1 << 70,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    [],
    {},
    [[]],
    {"": {}},
    *ODD_TEXTS,
)
# What no program can be given: the end of a word, and half of a pair that no byte stands for.
_NO_WORDS = str.maketrans("", "", "\0\ud800")


def seeds(few: int) -> range:
    """As many seeds as are tried, or more by the factor."""
    return range(SEED, SEED + few * FACTOR)


def _places(value):
    """Every container in a value with each of its keys."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield value, key
        yield from _places(inner)


def changed(value, random_: random.Random):
    """A deep copy of a JSON value in which one to three places are gone, of another type, or doubled."""
    made = copy.deepcopy(value)
    for _ in range(random_.randint(1, 3)):
        places = list(_places(made))
        if not places:
            break
        holder, key = random_.choice(places)
        what = random_.random()
        if what < 0.25:
            del holder[key]
        elif what < 0.35 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif what < 0.45 and isinstance(holder[key], str):
            holder[key] = holder[key][: len(holder[key]) // 2] + random_.choice(ODD_TEXTS)
        else:
            holder[key] = copy.deepcopy(random_.choice(ODD_VALUES))
    return made


def damaged(text: str, random_: random.Random) -> str:
    """A text that is cut short, has something put in, or is nested too deep."""
    at = random_.randrange(len(text) + 1)
    return random_.choice(
        (text[:at], text[:at] + random_.choice(ODD_TEXTS) + text[at:], "[" * 100_000, '{"a":' * 50_000)
    )


def word(right, random_: random.Random) -> str:
    """One of the right words, or every other time one that is changed or odd."""
    chosen = random_.choice(right)
    fate = random_.random()
    if fate < 0.5:
        return chosen
    if fate < 0.75:
        return random_.choice(ODD_TEXTS).translate(_NO_WORDS)
    at = random_.randrange(len(chosen) + 1)
    put_in = random_.choice(ODD_TEXTS)[:40].translate(_NO_WORDS)
    return chosen[:at] + put_in + chosen[at + random_.randrange(3) :]


def command_line(options, random_: random.Random, most: int = 4) -> list[str]:
    """Up to `most` options with values; `options` has the right values of each, none for a flag."""
    words = []
    for _ in range(random_.randrange(most + 1)):
        name, right = random_.choice(list(options.items()))
        if random_.random() < 0.05:
            name = name[: random_.randrange(2, len(name) + 1)]
        if not right:
            words.append(name)
        elif random_.random() < 0.3:
            words.append(f"{name}={word(right, random_)}")
        else:
            words += [name, word(right, random_)]
    return words
