"""Which state an alarm is in, by its datapoints. Pure: no clock, no account.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

OK = "OK"
ALARM = "ALARM"
INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
# CloudWatch looks at more periods than it evaluates, in case data is missing. How many more is not published;
# in the user guide's tables it is these.
EXTRA_PERIODS = 2

COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
# treatMissingData -> how the reason calls it.
FILLINGS: Mapping[str, str] = {"breaching": "Breaching", "notBreaching": "NonBreaching"}


@dataclass(frozen=True, slots=True)
class Rule:
    comparison: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    missing: str
    """breaching, notBreaching, ignore or missing."""

    @property
    def range(self) -> int:
        return self.evaluation_periods + EXTRA_PERIODS

    def is_broken_by(self, value: float) -> bool:
        return COMPARISONS[self.comparison][0](value, self.threshold)


@dataclass(frozen=True, slots=True)
class Datapoint:
    began: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Verdict:
    state: str
    reason: str


def evaluate(rule: Rule, seen: Sequence[Datapoint | None]) -> Verdict | None:
    """The state after these periods, the newest first, without data where None; no verdict keeps the state."""
    real = [each for each in seen if each is not None]
    if len(real) >= rule.evaluation_periods:
        return _of_enough(rule, real[: rule.evaluation_periods])
    if rule.missing in FILLINGS:
        return _of_filled(rule, real)
    if not real:
        if rule.missing == "ignore":
            return None
        unknown = _counted(rule.evaluation_periods, "datapoint")
        return Verdict(INSUFFICIENT_DATA, f"Insufficient Data: {unknown} unknown.")
    return _of_few(rule, real, seen)


def _of_enough(rule: Rule, real: Sequence[Datapoint]) -> Verdict:
    broken = [each for each in real if rule.is_broken_by(each.value)]
    rings = len(broken) >= rule.datapoints_to_alarm
    telling = broken if rings else [each for each in real if each not in broken]
    least = rule.datapoints_to_alarm if rings else len(real) - rule.datapoints_to_alarm + 1
    way = "OK -> ALARM" if rings else "ALARM -> OK"
    return Verdict(
        ALARM if rings else OK,
        f"Threshold Crossed: {len(telling)} out of the last {len(real)} datapoints "
        f"{_compared(rule, telling, rings=rings)} (minimum {least} datapoint{_s(least)} for {way} transition).",
    )


def _of_filled(rule: Rule, real: Sequence[Datapoint]) -> Verdict:
    missing = rule.evaluation_periods - len(real)
    broken = [each for each in real if rule.is_broken_by(each.value)]
    assumed = missing if rule.missing == "breaching" else 0
    rings = len(broken) + assumed >= rule.datapoints_to_alarm
    telling = broken if rings else [each for each in real if each not in broken]
    periods = f"{rule.evaluation_periods} period{_s(rule.evaluation_periods)}"
    if telling:
        known = f"{len(telling)} datapoint{_s(len(telling))} {_compared(rule, telling, rings=rings)}"
    elif real:
        known = f"{_counted(len(real), 'datapoint')} received for {periods}"
    else:
        known = f"no datapoints were received for {periods}"
    filled = f"{_counted(missing, 'missing datapoint')} treated as [{FILLINGS[rule.missing]}]"
    return Verdict(ALARM if rings else OK, f"Threshold Crossed: {known} and {filled}.")


def _of_few(rule: Rule, real: Sequence[Datapoint], seen: Sequence[Datapoint | None]) -> Verdict | None:
    """Some data, less than the alarm wants, and nothing assumed of the rest."""
    broken = [each for each in real if rule.is_broken_by(each.value)]
    sound = [each for each in real if each not in broken]
    # With nothing but breaches since then, an old enough one rings ("premature transitions to alarm state").
    age = max((place for place, each in enumerate(seen, 1) if each is not None), default=0)
    premature = rule.missing == "missing" and not sound and age >= rule.datapoints_to_alarm
    rings = len(broken) >= rule.datapoints_to_alarm or premature
    if not rings and not sound:
        return None
    telling = broken if rings else sound
    counted = f"{len(telling)} datapoint{_s(len(telling))}"
    return Verdict(ALARM if rings else OK, f"Threshold Crossed: {counted} {_compared(rule, telling, rings=rings)}.")


def _compared(rule: Rule, telling: Sequence[Datapoint], *, rings: bool) -> str:
    values = ", ".join(f"{each.value} ({each.began:%d/%m/%y %H:%M:%S})" for each in telling)
    verb = f"{'was' if len(telling) == 1 else 'were'}{'' if rings else ' not'}"
    return f"[{values}] {verb} {COMPARISONS[rule.comparison][1]} the threshold ({rule.threshold})"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{_s(number)} {'was' if number == 1 else 'were'}"


def _s(number: int) -> str:
    return "" if number == 1 else "s"
