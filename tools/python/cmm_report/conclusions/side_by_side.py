"""Several results side by side: each row's time in all of them, and ratios that may be unclear."""

import math

from .. import units
from ..tables import Table
from .spread import is_clear, ratio, ratio_text

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def letter(which):
    """A, B and so on for a result."""
    return LETTERS[which] if which < len(LETTERS) else str(which + 1)


def mark(results, which):
    """The letter of a result, with its mark where measured and predicted meet."""
    mixed = len({result.simulated for result in results}) > 1
    return (
        f"{letter(which)} ({'predicted' if results[which].simulated else 'measured'})"
        if mixed
        else letter(which)
    )


def ratio_table(results, family):
    """Rows down, the time in each result and its ratio to the first one across."""
    rows = [{row.name: row for row in result.family(family)} for result in results]
    names = list(dict.fromkeys(name for of_one in rows for name in of_one))
    marks = [mark(results, which) for which in range(len(results))]
    heads = ["row", *marks, *(f"{one} / {marks[0]}" for one in marks[1:])]
    lines = []
    for name in names:
        found = [of_one.get(name) for of_one in rows]
        times = [units.time_text(row.time) if row else "–" for row in found]
        ratios = [ratio_text(row, found[0]) if row and found[0] else "–" for row in found[1:]]
        lines.append([name.removeprefix(f"{family}/"), *times, *ratios])
    return Table(heads, 1, lines)


def shared_rows(results, which):
    """Pairs of rows that a result shares with the first one."""
    first, other = results[0].by_name(), results[which].by_name()
    return [(other[name], first[name]) for name in first if name in other]


def summary(results):
    """One sentence for each result after the first: faster, slower and unclear rows, and the mean ratio."""
    sentences = []
    for which in range(1, len(results)):
        pairs = shared_rows(results, which)
        names = f"{mark(results, which)} against {mark(results, 0)}"
        if not pairs:
            sentences.append(f"{names}: they share no row.")
            continue
        clear = [(row, base) for row, base in pairs if is_clear(row, base)]
        faster = sum(ratio(row, base) < 1 for row, base in clear)
        mean = math.exp(sum(math.log(ratio(row, base)) for row, base in pairs) / len(pairs))
        sentences.append(
            f"{names}: of {len(pairs)} rows in both, {faster} are faster, {len(clear) - faster} slower and "
            f"{len(pairs) - len(clear)} unclear; in the geometric mean a row takes "
            f"{units.significant(mean)} times "
            "as long."
        )
    return sentences
