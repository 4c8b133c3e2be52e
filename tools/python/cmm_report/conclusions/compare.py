"""A measured run against a simulated one: how well the simulator predicts."""

import statistics
from dataclasses import dataclass, field, replace

from ..errors import BadInput
from ..units import percent_text, significant, time_text

NEAR, FAR = 0.15, 0.35
CALLS, FEW = "allocate", 20
STEADY = 1.5  # calls of a host at one speed differ by less


@dataclass(frozen=True)
class Prediction:
    """A row that both runs have."""

    name: str
    family: str
    measured: float
    predicted: float

    @property
    def ratio(self):
        """Predicted over measured."""
        return self.predicted / self.measured

    @property
    def error(self):
        """How far the prediction is off, relative to what was measured."""
        return abs(self.ratio - 1)


@dataclass
class Comparison:
    """Every row that both have, the ones used for calibration apart, and the rows that only one has."""

    measured: object
    simulated: object
    rows: list
    calibration: list
    only: dict = field(default_factory=dict)

    def families(self):
        """Predictions by family, "all" first."""
        groups = {"all": self.rows}
        for row in self.rows:
            groups.setdefault(row.family, []).append(row)
        return groups

    def worst(self, count=10):
        """The predictions that are furthest off, too short and too long alike."""
        return sorted(self.rows, key=lambda row: -max(row.ratio, 1 / row.ratio))[:count]


def median_error(rows):
    """The error of the middle row."""
    return statistics.median(row.error for row in rows)


def share_within(rows, error):
    """The share of rows whose error is at most this."""
    return sum(row.error <= error for row in rows) / len(rows)


def scaled_by_those_beside(rows, reach=2):
    """Predictions over how far those of the rows beside each in time are off, of at least two rows."""
    beside = (rows[max(0, at - reach) : at] + rows[at + 1 : at + 1 + reach] for at in range(len(rows)))
    return [
        replace(row, predicted=row.predicted / statistics.median(each.ratio for each in others))
        for row, others in zip(rows, beside, strict=True)
    ]


def speeds_of_host(comparison):
    """How the calls are predicted of a host that changed its speed in the run; None where it kept it.

    They are rows of `allocate`, which is nothing but calls: the rows beside one in time tell the speed.
    """
    calls = [row for row in comparison.rows if row.family == CALLS]
    if len(calls) < FEW:
        return None
    scaled = scaled_by_those_beside(calls)
    speeds = sorted(row.predicted / before.predicted for row, before in zip(scaled, calls, strict=True))
    tenth = len(speeds) // 10
    return scaled if speeds[-1 - tenth] > STEADY * speeds[tenth] else None


def host_lines(comparison):
    """A sentence on a host that changed its speed, which no one prediction of a call can follow."""
    scaled = speeds_of_host(comparison)
    if scaled is None:
        return []
    return [
        f"The host of {comparison.measured.name} changed its speed in this run, and a prediction has one. At "
        f"the speed that the rows beside each in time tell, the median error of {CALLS} is "
        f"{percent_text(median_error(scaled))}, and {percent_text(share_within(scaled, FAR))} of its rows "
        f"are within {percent_text(FAR)}."
    ]


def compare(measured, simulated):
    """Match the rows of two runs; raises BadInput where they are not one of each kind or share no row."""
    if measured.simulated or not simulated.simulated:
        raise BadInput(
            f"--compare takes a measured result and then a simulated one, and {measured.path} is "
            f"{measured.mark}, {simulated.path} is {simulated.mark}; give them in this order"
        )
    real, predicted = measured.by_name(), simulated.by_name()
    both = [
        Prediction(name, row.family, row.time, predicted[name].time)
        for name, row in real.items()
        if name in predicted
    ]
    calibration = [row for row in both if row.name in simulated.calibration]
    rows = [row for row in both if row.name not in simulated.calibration]
    if not rows:
        raise BadInput(
            f"{measured.path} and {simulated.path} share no row that was not used for calibration; run "
            "tools/bench "
            "for both with the same --filter"
        )
    only = {
        "measured only": [name for name in real if name not in predicted],
        "predicted only": [name for name in predicted if name not in real],
    }
    return Comparison(measured, simulated, rows, calibration, only)


def report_lines(comparison):
    """The comparison as text for a terminal."""
    lines = [
        f"predicted by {comparison.simulated.name}, measured on {comparison.measured.name}: "
        f"{len(comparison.rows)} rows, {len(comparison.calibration)} more used for calibration and left out",
        "",
        f"{'family':<14}{'rows':>6}{'median error':>14}{'within 15 %':>13}{'within 35 %':>13}",
    ]
    for family, count, median, near, far in family_lines(comparison):
        lines.append(f"{family:<14}{count:>6}{median:>14}{near:>13}{far:>13}")
    lines += [*host_lines(comparison), "", "furthest off (predicted / measured):"]
    for row in comparison.worst():
        lines.append(
            f"{significant(row.ratio):>8}  {time_text(row.predicted)} / {time_text(row.measured)}  {row.name}"
        )
    for row in comparison.calibration:
        lines.append(f"calibration, left out: {row.name} ({significant(row.ratio)})")
    for which, names in comparison.only.items():
        if names:
            lines.append(f"{which}: {len(names)} rows, such as {names[0]}")
    return [*lines, ""]


def failures(comparison, most_median, within):
    """Which bars the predictions miss: a median error, and (error, share of rows) that must be within it."""
    missed = []
    median = median_error(comparison.rows)
    if most_median is not None and median > most_median:
        missed.append(f"the median error is {median:.1%}, more than {percent_text(most_median)}")
    for error, share in within:
        found = share_within(comparison.rows, error)
        if found < share:
            missed.append(
                f"{found:.1%} of the rows are within {percent_text(error)}, fewer than {percent_text(share)}"
            )
    return missed


def family_lines(comparison):
    """Lines of a table: family, rows, median error, shares within the two bounds."""
    return [
        [
            family,
            len(rows),
            percent_text(median_error(rows)),
            *(percent_text(share_within(rows, e)) for e in (NEAR, FAR)),
        ]
        for family, rows in comparison.families().items()
    ]


def row_lines(rows, note=""):
    """Lines of a table: row, predicted, measured, ratio."""
    return [
        [row.name + note, time_text(row.predicted), time_text(row.measured), f"{significant(row.ratio)}×"]
        for row in rows
    ]
