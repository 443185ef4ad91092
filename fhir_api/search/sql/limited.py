"""The limits of a caller as conditions of a search: resources inside any one of them.

A limit to a patient opens the patient's compartment, and of the types outside of it those that are
about nobody. What belongs to another patient stays closed whatever its type.
https://hl7.org/fhir/R4/compartmentdefinition-patient.html
"""

from collections.abc import Callable, Sequence

from fhir_api.access.caller import Limit
from fhir_api.search.query.asked import Condition, read_condition
from fhir_api.search.r4.definitions import compartment
from fhir_api.search.sql.frame import Frame, Place
from privacy.compartment import PATIENT
from privacy.pseudonyms import pseudonym

Make = Callable[[Frame, Place, Condition], str]


def within_limits(frame: Frame, place: Place, limits: Sequence[Limit], make: Make) -> list[str]:
    """SQL: the resource is inside one of the limits; nothing where there are none."""
    found = [" AND ".join(within(frame, place, limit, make)) or "TRUE" for limit in limits]
    return [f"({' OR '.join(found)})"] if found else []


def within(frame: Frame, place: Place, limit: Limit, make: Make) -> list[str]:
    """SQL: what a limit demands, each part of it."""
    asked = [read_condition(name, value) for name, value in limit.query]
    demanded = [make(frame, place, each) for each in asked]
    if limit.patient is not None:
        demanded.insert(0, of_patient(frame, place, limit.patient))
    return demanded


def of_patient(frame: Frame, place: Place, patient: str) -> str:
    """SQL: the resource belongs to the patient, or is of a type that may belong to nobody."""
    stored = frame.bound.value(pseudonym(frame.keys, PATIENT, patient))
    owned = f"{place.head}.patient_id = {stored}"
    if place.resource_type == PATIENT or place.resource_type in compartment(PATIENT):
        return owned
    return f"({owned} OR {place.head}.patient_id IS NULL)"
