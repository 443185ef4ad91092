"""The stay as a bag of codes, and the history as steps in time: what embeddings read.

The discharge from the stay itself is left out: a hook asks before it has happened, and where
the patient goes is told by the disposition.
"""

from collections.abc import Iterable
from datetime import timedelta
from math import inf, nan
from operator import itemgetter

from etl.features.comorbidities import groups_of
from etl.features.row import Step
from etl.features.view import Line, View

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MOST_STEPS = 32
MOST_CODES = 64
MOST_STAY_CODES = 512
SILENT = frozenset(
    {"MEDS_BIRTH", "MEDS_DEATH", "PART_OF", "ENCOUNTER_DX", "CLAIM_DX", "DEMOGRAPHIC"}
)
UNMEASURED = frozenset({"ADMISSION", "DISCHARGE", "NOTE"})  # their numbers are no measurements
FIRST_KINDS = (
    "ADMISSION", "DISCHARGE", "DISPOSITION", "ADMIT_SOURCE", "SERVICE", "DIAGNOSIS", "PROCEDURE",
    "ABNORMAL", "MEDICATION_REQUEST", "LAB", "VITAL",
)  # fmt: skip
RANK = {kind: rank for rank, kind in enumerate(FIRST_KINDS)}


def code_of(line: Line) -> str:
    """The event's code, with its text where the text is a coded or short value."""
    event = line.event
    if event.text_value is None or line.kind in ("ADMISSION", "NOTE"):
        return event.code
    return f"{event.code}//{event.text_value}"


def stay_codes(view: View) -> tuple[str, ...]:
    """Sorted distinct codes of the stay, its groups of illness, and demographic classes."""
    found = {
        f"DEMOGRAPHIC//{kind}//{value}" for kind, values in view.classes.items() for value in values
    }
    if view.index is not None:
        found |= {
            code_of(line) for line in view.index.lines if line.kind not in SILENT | {"DISCHARGE"}
        }
        found |= principal_codes(view.index.stays[-1].principal)
    return tuple(sorted(sorted(found, key=importance)[:MOST_STAY_CODES]))


def principal_codes(principal: Iterable[str]) -> set[str]:
    """The principal diagnosis as itself, by its first three places, and by its Charlson group."""
    codes = set()
    for pair in principal:
        system, _, code = pair.rpartition("//")
        codes |= {f"PRINCIPAL//{pair}", f"PRINCIPAL_GROUP//{system}//{code[:3]}"}
        codes |= {f"PRINCIPAL_ILLNESS//{group}" for group in groups_of(pair) or ()}
    return codes


def importance(code: str) -> tuple[int, str]:
    """Order in which codes are kept when there are too many."""
    kind = code.partition("//")[0]
    return RANK.get(kind, -1 if kind.startswith(("PRINCIPAL", "DEMOGRAPHIC")) else len(RANK)), code


def steps(view: View) -> tuple[Step, ...]:
    """The newest 32 steps, oldest first: one for each encounter and each 24 hours back."""
    grouped: dict[tuple[int, str], list[tuple[float, str, float]]] = {}
    leaving = {stay.encounter_id for stay in view.index.stays} if view.index else set()
    for line in view.lines:
        going = line.kind == "DISCHARGE" and line.event.encounter_id in leaving
        if line.time is not None and line.kind not in SILENT and not going:
            hours = max((view.as_of - line.time) / HOUR, 0.0)
            key = (int(hours // 24), line.event.encounter_id or "")
            grouped.setdefault(key, []).append((hours, code_of(line), value_of(line)))
    made = [step(members) for members in grouped.values()]
    newest = sorted(made, key=lambda each: (each.hours_before, each.codes))[:MOST_STEPS]
    return tuple(reversed(newest))


def value_of(line: Line) -> float:
    """The measured number; NaN when there is none."""
    number = line.event.numeric_value
    return nan if number is None or line.kind in UNMEASURED else number


def step(members: Iterable[tuple[float, str, float]]) -> Step:
    """One step at the time of its newest event; of a code told twice the newest value counts."""
    ordered = sorted(members, key=lambda member: (-member[0], member[1], sortable(member[2])))
    values = {code: value for _, code, value in ordered}
    kept = sorted(sorted(values, key=importance)[:MOST_CODES])
    return Step(
        min(ordered, key=itemgetter(0))[0], tuple(kept), tuple(map(values.__getitem__, kept))
    )


def sortable(value: float) -> float:
    """NaN made comparable: a number told beside it counts more."""
    return value if value == value else -inf  # noqa: PLR0124  # NaN is not itself
