"""Patient/$everything: all records of patients, and what those refer to.

https://hl7.org/fhir/R4/operation-patient-everything.html. The records are those that belong to the
patient (docs/decisions/0003); with them on each page comes what they point at and what belongs to
nobody: practitioners, organizations, medicines. `start` and `end` are true dates and are compared
with each resource's own; what has none is always there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from fhir_api.access.caller import Caller
from fhir_api.errors import DateNeedsPatient, InvalidRequest, UnknownParameter
from fhir_api.moments import ALWAYS, FOREVER, Interval, interval
from fhir_api.search.index.lanes import lane
from fhir_api.search.query.controls import CURSOR, TRANSPORT, Inclusion
from fhir_api.search.r4.offer import ANY_TYPE
from fhir_api.search.sql.dates import moved
from fhir_api.search.sql.frame import Frame, Place
from fhir_api.search.sql.question import Page, Parameters, Question
from privacy.compartment import PATIENT
from privacy.dates import shift_days

SERVED = ("_count", "_since", "_type", "end", "start")
PASSED_ON = {"_since": "_lastUpdated", "_type": "_type", "_count": "_count", CURSOR: CURSOR}
LINKED = (Inclusion("", "*", "", iterate=False),)
WHOLE = Interval(ALWAYS, FOREVER)


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one patient, or of all.

    Attributes:
        patient: Pseudonym; None for every patient.
        dates: Between which their dates lie, true ones.
    """

    patient: str | None
    dates: Interval = WHOLE

    def conditions(self, frame: Frame, place: Place) -> list[str]:
        """SQL: the resource is among them."""
        if self.patient is None:
            return [f"{place.head}.patient_id IS NOT NULL"]
        owned = f"{place.head}.patient_id = {frame.bound.value(self.patient)}"
        return [owned] if self.dates == WHOLE else [owned, self.dated(frame, place)]

    def dated(self, frame: Frame, place: Place) -> str:
        """SQL: a date of the resource lies between, or it has none; a patient has always lived."""
        days = 0
        if frame.names.identified and self.patient is not None:
            days = shift_days(self.patient, frame.keys)
        stored = moved(self.dates, timedelta(days=days), timedelta(days=days))
        has_date = (
            f"EXISTS (SELECT FROM search_value s WHERE s.resource = {place.head}.number "
            f"AND s.lane = ANY({frame.bound.numbers(date_lanes(frame))})"
        )
        between = (
            f"s.starts < {frame.bound.value(stored.ends)} "
            f"AND s.ends > {frame.bound.value(stored.starts)}"
        )
        return f"(NOT {has_date}) OR {has_date} AND {between}))"


def date_lanes(frame: Frame) -> list[int]:
    """The lanes of all dates that say when something was; of a Patient, none."""
    return [
        lane(frame.keys.site, kind, each.name)
        for kind, known in frame.offer.served.items()
        for each in known.values()
        if each.kind == "date" and kind != PATIENT and each.expression
    ]


def everything(
    answer: Callable[[Question], Page], caller: Caller, patient: str | None, given: Parameters
) -> Page:
    """One page of the records of a patient, by pseudonym, or of all.

    Args:
        answer: Of the search engine.
        caller: Who asks; sees what the limits on searches of each type leave.
        patient: Pseudonym; None for every patient.
        given: `_since`, `_type`, `_count`, `start`, `end`, and the cursor.
    """
    asked = [(name, value) for name, value in given if name not in TRANSPORT]
    for name, _ in asked:
        if name not in SERVED and name != CURSOR:
            raise UnknownParameter(name, SERVED)
    passed = [(PASSED_ON[name], since(value) if name == "_since" else value)
              for name, value in one_type_list(asked) if name in PASSED_ON]  # fmt: skip
    records = Records(patient, dates_of(dict(asked), patient))
    page = answer(Question(ANY_TYPE, passed, caller, narrow=records, linked=LINKED))
    shared = [each for each in page.included if each.patient_id is None]
    applied = [each for each in asked if each[0] != CURSOR]
    return replace(page, included=shared, applied=applied)


def one_type_list(asked: Parameters) -> list[tuple[str, str]]:
    """The parameters with one `_type`; the operation may be given it once for each type."""
    types = ",".join(value for name, value in asked if name == "_type")
    others = [each for each in asked if each[0] != "_type"]
    return [*others, ("_type", types)] if len(others) < len(asked) else others


def since(value: str) -> str:
    """`_since` as a comparison with the time of storing; raises InvalidRequest."""
    if interval(value.replace(" ", "+")) is None:
        raise InvalidRequest("_since must be an instant.", "http._since")
    return f"ge{value}"


def dates_of(given: Mapping[str, str], patient: str | None) -> Interval:
    """Between `start` and `end`; raises InvalidRequest."""
    bounds = []
    for name in ("start", "end"):
        found = interval(given[name].replace(" ", "+")) if name in given else WHOLE
        if found is None:
            raise InvalidRequest(f"{name} must be a date.", f"http.{name}")
        if name in given and patient is None:
            raise DateNeedsPatient(name)
        bounds.append(found)
    return Interval(bounds[0].starts, bounds[1].ends)
