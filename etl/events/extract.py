"""Events of any R4 resource: the one way from a stored resource to what happened to a patient."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from etl.events.claim import claim_events
from etl.events.condition import condition_events
from etl.events.documents import document_events, report_events
from etl.events.encounter import encounter_events
from etl.events.event import Event
from etl.events.medication import KINDS as MEDICATIONS
from etl.events.medication import medication_events
from etl.events.observation import observation_events
from etl.events.patient import patient_events
from etl.events.reading import Json, Source, source_of
from etl.events.recorded import SHAPES, recorded_events

Extractor = Callable[[Json, Source], Iterator[Event]]

EXTRACTORS: Mapping[str, Extractor] = MappingProxyType(
    dict.fromkeys(SHAPES, recorded_events)
    | dict.fromkeys(MEDICATIONS, medication_events)
    | dict.fromkeys(("Claim", "ExplanationOfBenefit"), claim_events)
    | {
        "Patient": patient_events,
        "Encounter": encounter_events,
        "Condition": condition_events,
        "Observation": observation_events,
        "DiagnosticReport": report_events,
        "DocumentReference": document_events,
    }
)


def events_of(resource: Mapping[str, Any], recorded_at: datetime | None = None) -> list[Event]:
    """What one de-identified R4 resource says happened to its patient.

    Empty for resources about no single patient (Organization, Medication, …), for kinds that say
    nothing clinical, for our own RiskAssessments, and for what was cancelled or entered in error.

    Args:
        resource: As it is stored: references are `Type/pseudonym`, dates are shifted.
        recorded_at: UTC on the patient's shifted clock; when the fact reached the site. Used as
            `available` where the resource itself gives neither a time nor an encounter whose end
            would give one. None (history that was loaded at once): such a fact always counts.

    Raises:
        UnreadableTime: A date is no FHIR date; ingest would have refused it.
    """
    extractor = EXTRACTORS.get(resource["resourceType"])
    source = source_of(resource) if extractor else None
    if extractor is None or source is None:
        return []
    events = list(extractor(resource, source))
    return events if recorded_at is None else [dated(event, recorded_at) for event in events]


def dated(event: Event, recorded_at: datetime) -> Event:
    """The event, available from `recorded_at` if nothing else says when."""
    timeless = event.available is None and event.encounter_id is None
    demographic = event.resource_type == "Patient"
    return event._replace(available=recorded_at) if timeless and not demographic else event
