"""The discharge call: what an EHR would send to CDS Hooks when a patient is about to leave."""

from datetime import datetime
from typing import Any

from homeward.simulation.bundles import searchset
from homeward.simulation.clock import stamp
from homeward.simulation.lives import Life
from homeward.simulation.options import Span
from homeward.simulation.resources.parts import Known, Resource
from homeward.simulation.stays import Stay

PREFETCH = {
    "observations": "Observation",
    "medications": "MedicationRequest",
    "procedures": "Procedure",
    "documents": "DocumentReference",
}


def called_stay(life: Life, span: Span) -> Stay | None:
    """The first index stay that ended in the days of discharge calls, or None."""
    for followed in life.followed:
        if followed.excluded is None and span.calls_from <= followed.last.ended < span.now:
            return followed.last
    return None


def discharge_call(stay: Stay, patient_id: str, known: list[Known]) -> dict[str, Any]:
    """The patient, the stay and the prefetch, all as known at the moment of discharge."""
    newest = as_known(known, stay.ended)
    of_stay = [one for one in newest if belongs_to(one, stay.id)]
    conditions = [one for one in newest if one["resourceType"] == "Condition"]
    lists = {
        key: searchset([one for one in of_stay if one["resourceType"] == resource_type])
        for key, resource_type in PREFETCH.items()
    }
    return {
        "patient": patient_id,
        "encounter": stay.id,
        "discharged_at": stamp(stay.ended),
        "prefetch": {
            "patient": the_one(newest, patient_id),
            "encounter": the_one(newest, stay.id),
            "conditions": searchset(conditions),
            **lists,
        },
    }


def as_known(known: list[Known], until: datetime) -> list[Resource]:
    """The newest version of each resource known at that moment."""
    newest = {one.resource["id"]: one.resource for one in known if one.known_at <= until}
    return list(newest.values())


def belongs_to(resource: Resource, encounter_id: str) -> bool:
    """True of what names that encounter as its own."""
    reference = f"Encounter/{encounter_id}"
    if resource["resourceType"] == "DocumentReference":
        return any(one["reference"] == reference for one in resource["context"]["encounter"])
    encounter = resource.get("encounter")
    return encounter is not None and bool(encounter["reference"] == reference)


def the_one(resources: list[Resource], resource_id: str) -> Resource:
    """The resource with that id."""
    return next(one for one in resources if one["id"] == resource_id)
