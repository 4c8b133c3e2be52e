"""Values and options that are nearly right, made from right ones. One seed makes one sequence."""

import copy
import os
import random

SEED = int(os.environ.get("CMM_FUZZ_SEED", "1"))
FACTOR = int(os.environ.get("CMM_FUZZ_FACTOR", "1"))

ODD_TEXTS = (
    "",
    " ",
    "\n",
    "\x1b[31m",
    "²",
    "-1",
    "1e400",
    "nan",
    "0x10",
    "64 Gb",
    "9" * 5000,
    "a" * 300,
    "<b>",
    "|",
    "{{",
    "\ud800",
)
ODD_VALUES = (
    None,
    True,
    -1,
    0,
    1 << 70,
    1e308,
    float("nan"),
    float("inf"),
    [],
    {},
    [[]],
    {"": {}},
    *ODD_TEXTS,
)


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
