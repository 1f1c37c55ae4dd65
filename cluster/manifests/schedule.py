"""Checks the syntax of schedules by the rules of the library that Kubernetes and KubeRay use.

That is `ParseStandard` of github.com/robfig/cron version 3: five fields or a descriptor. `@every`,
which it also accepts, is refused: it counts from the controller's start, not from a time of day.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.errors import RequestError

_DESCRIPTORS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    first_name: int = 0


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS, 1),
    _Field("day of the week", 0, 6, _WEEKDAYS, 0),
)


def check_schedule(schedule: str) -> None:
    """Raises RequestError if Kubernetes would not accept the schedule, or if it never comes due."""
    if schedule in _DESCRIPTORS:
        return
    parts = schedule.split()
    if len(parts) != len(_FIELDS):
        raise RequestError(
            f"--schedule {schedule!r} has {len(parts)} fields; give five: minute, hour, day of "
            'the month, month, day of the week, as in "0 2 * * *"'
        )
    values = []
    for part, field in zip(parts, _FIELDS, strict=True):
        try:
            values.append(set().union(*(_range(text, field) for text in part.split(","))))
        except ValueError as exc:
            raise RequestError(f"--schedule {schedule!r}: {field.name} {part!r}: {exc}") from exc
    _, _, days, months, _ = values
    any_weekday = parts[4][0] in "*?"
    if any_weekday and all(min(days) > _LONGEST_MONTH[month - 1] for month in months):
        raise RequestError(
            f"--schedule {schedule!r} never comes due: its months do not have that day"
        )


def _range(text: str, field: _Field) -> set[int]:
    """The values of `*`, `N` or `N-M`, with or without `/STEP`; `N/STEP` goes up to the highest."""
    span, slash, step_text = text.partition("/")
    step = _number(step_text, "step") if slash else 1
    if step == 0:
        raise ValueError("a step of 0")
    if span in ("*", "?"):
        low, high = field.low, field.high
    else:
        first, hyphen, last = span.partition("-")
        low = _value(first, field)
        high = _value(last, field) if hyphen else field.high if slash else low
    if low < field.low or high > field.high:
        raise ValueError(f"give {field.low} to {field.high}")
    if low > high:
        raise ValueError(f"{low} is after {high}")
    return set(range(low, high + 1, step))


def _value(text: str, field: _Field) -> int:
    if text.lower() in field.names:
        return field.names.index(text.lower()) + field.first_name
    return _number(text, "value")


def _number(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a {what}")
    return int(text)
