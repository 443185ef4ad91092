"""The stay being discharged: how the patient came in, what was done, where the patient goes."""

from collections.abc import Iterable
from datetime import timedelta
from math import nan

from etl.features.feature import Feature
from etl.features.view import Line, Spell, View
from etl.labels.stays import Stay

HOURS_24 = timedelta(hours=24)
SATURDAY = 5
EMERGENCY_SOURCES = frozenset({"emd", "EMERGENCY ROOM", "AMBULANCE"})
TRANSFER_SOURCES = frozenset({"hosp-trans", "TRANSFER FROM HOSPITAL"})
URGENT = frozenset({"EM", "UR", "EL-EM"})
FACILITIES = frozenset(
    {"nursing_facility", "rehabilitation", "long_term_hospital", "psychiatric", "other_facility"}
)
STAY = "this stay"
LAST_CODE = "\U0010ffff"

FEATURES = (
    Feature(
        "los_days", "Length of stay", "d", "Encounter.period", STAY,
        "length_of_stay", "{value} {night|nights} in hospital",
    ),
    Feature(
        "hospitals", "Hospitals of this stay, counting transfers", "count",
        "Encounter.serviceProvider", STAY, "admission", "cared for in {value} {hospital|hospitals}",
    ),
    Feature(
        "admitted_via_emergency", "Admitted through the emergency department", "yes/no",
        "Encounter.hospitalization.admitSource, emergency encounters that end in the admission",
        STAY, "admission", "came in through the emergency department",
        "did not come in through the emergency department",
    ),
    Feature(
        "admitted_urgently", "Emergency or urgent admission", "yes/no", "Encounter.priority", STAY,
        "admission", "an emergency or urgent admission", "not an urgent admission",
    ),
    Feature(
        "transferred_in", "Transferred from another hospital", "yes/no",
        "Encounter.hospitalization.admitSource", STAY,
        "admission", "transferred from another hospital", "not transferred from another hospital",
    ),
    Feature(
        "admitted_on_weekend", "Admitted on a Saturday or Sunday", "yes/no",
        "Encounter.period.start", STAY,
        "admission", "admitted on a weekend", "admitted on a weekday",
    ),
    Feature(
        "diagnoses", "Diagnoses of this stay", "count", "Condition.code", STAY,
        "stay_intensity", "{value} {diagnosis|diagnoses} in this stay",
    ),
    Feature(
        "procedures", "Procedures of this stay", "count", "Procedure.code", STAY,
        "stay_intensity", "{value} {procedure|procedures} in this stay",
    ),
    Feature(
        "labs", "Laboratory results of this stay", "count", "Observation of category laboratory",
        STAY, "stay_intensity", "{value} laboratory {result|results} in this stay",
    ),
    Feature(
        "medications", "Different medicines of this stay", "count",
        "MedicationRequest, -Administration, -Dispense, -Statement", STAY,
        "medicines", "{value} different {medicine|medicines} in this stay", modifiable=True,
    ),
    Feature(
        "to_home", "Discharged home without services", "yes/no",
        "Encounter.hospitalization.dischargeDisposition", STAY,
        "destination", "goes home without services", "does not go home without services",
        modifiable=True,
    ),
    Feature(
        "to_home_health", "Discharged home with home health services", "yes/no",
        "Encounter.hospitalization.dischargeDisposition", STAY,
        "destination", "goes home with home health services", "no home health services",
        modifiable=True,
    ),
    Feature(
        "to_facility", "Discharged to another facility", "yes/no",
        "Encounter.hospitalization.dischargeDisposition", STAY,
        "destination", "goes to another care facility", "does not go to a care facility",
        modifiable=True,
    ),
)  # fmt: skip


def this_stay(view: View) -> dict[str, float]:
    """Values of the features above; NaN outside a stay and where the record does not say."""
    index = view.index
    if index is None:
        return dict.fromkeys((feature.name for feature in FEATURES), nan)
    return {
        "los_days": index.days,
        "hospitals": float(len({stay.hospital for stay in index.stays})),
        "admitted_on_weekend": float(index.stays[0].admitted_on.weekday() >= SATURDAY),
        **how_admitted(index, view.visits),
        **volumes(index.lines),
        **where_to(index),
    }


def how_admitted(index: Spell, visits: Iterable[Stay]) -> dict[str, float]:
    """Emergency, urgency and transfer; each 1.0, 0.0 or NaN."""
    first = {index.stays[0].encounter_id, *index.stays[0].parts}
    lines = [line for line in index.lines if line.event.encounter_id in first]
    sources = last_words(lines, "ADMIT_SOURCE")
    emergency = index.stays[0].emergency or any(leads_into(visit, index) for visit in visits)
    return {
        "admitted_via_emergency": 1.0 if emergency else among(sources, EMERGENCY_SOURCES),
        "admitted_urgently": among(last_words(lines, "PRIORITY"), URGENT),
        "transferred_in": among(sources, TRANSFER_SOURCES),
    }


def leads_into(visit: Stay, index: Spell) -> bool:
    """Whether an emergency visit ended in this admission: at most 24 hours lie between."""
    if not visit.emergency or visit.discharged_at is None:
        return False
    return index.admitted_at - visit.discharged_at <= HOURS_24


def last_words(lines: Iterable[Line], kind: str) -> set[str]:
    """Bare codes of the events of one kind."""
    return {line.rest.rpartition("//")[2] for line in lines if line.kind == kind}


def among(found: set[str], wanted: frozenset[str]) -> float:
    """1.0 or 0.0 whether something found is wanted; NaN when nothing was found."""
    return float(not wanted.isdisjoint(found)) if found else nan


def volumes(lines: Iterable[Line]) -> dict[str, float]:
    """How much was recorded: different diagnoses and medicines, procedures and results."""
    labs: set[str] = set()
    procedures: set[str] = set()
    diagnoses: dict[str, str] = {}
    medicines: dict[str, str] = {}
    for kind, rest, _, event in lines:
        if kind == "LAB":
            labs.add(event.resource_id)
        elif kind.startswith("MEDICATION"):
            keep_first(medicines, event.resource_id, rest)
        elif kind == "DIAGNOSIS":
            keep_first(diagnoses, event.resource_id, rest)
        elif kind == "PROCEDURE":
            procedures.add(event.resource_id)
    return {
        "diagnoses": float(len(set(diagnoses.values()))),
        "procedures": float(len(procedures)),
        "labs": float(len(labs)),
        "medications": float(len(set(medicines.values()))),
    }


def keep_first(found: dict[str, str], resource_id: str, code: str) -> None:
    """Let one code stand for a resource, so that one thing coded twice is one thing."""
    if code < found.get(resource_id, LAST_CODE):
        found[resource_id] = code


def where_to(index: Spell) -> dict[str, float]:
    """Home, home with services or a facility; NaN when the disposition is not known."""
    place = max(index.stays, key=lambda stay: stay.discharged_at or index.ended_at).destination
    if place is None:
        return dict.fromkeys(("to_home", "to_home_health", "to_facility"), nan)
    return {
        "to_home": float(place == "home"),
        "to_home_health": float(place == "home_health"),
        "to_facility": float(place in FACILITIES),
    }
