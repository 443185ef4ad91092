"""Notes: which text was written when. The text itself stays in the resource.

https://hl7.org/fhir/R4/documentreference.html and `presentedForm` of a DiagnosticReport. An event
names the text by its key (`etl.notes.text.note_key`), by which its embedding is found. A document
whose text was not kept still counts as a document.
"""

from collections.abc import Iterator
from datetime import datetime

from etl.events.event import Event
from etl.events.reading import Json, Source, coding_pairs, moment, period, reference_id
from etl.notes.text import note_key, note_texts

UNTOLD = frozenset({"entered-in-error", "cancelled", "registered"})
UNKNOWN = "UNKNOWN"


def document_events(resource: Json, source: Source) -> Iterator[Event]:
    """NOTE//type for each text of a DocumentReference."""
    if resource.get("status") in UNTOLD or resource.get("docStatus") == "entered-in-error":
        return
    context = resource.get("context") or {}
    written = moment(resource.get("date") or period(context)[0])
    within = {"encounter": next(iter(context.get("encounter", ())), None)}
    encounter_id = reference_id(within, ("encounter",), "Encounter/")
    yield from note_events(resource, source._replace(encounter_id=encounter_id), written)


def report_events(resource: Json, source: Source) -> Iterator[Event]:
    """REPORT//system//code, and NOTE//type for each text, of a DiagnosticReport."""
    if resource.get("status") in UNTOLD:
        return
    start, _ = period(resource, "effectivePeriod")
    issued = moment(resource.get("issued"))
    time = moment(resource.get("effectiveDateTime") or start) or issued
    for pair in coding_pairs(resource.get("code")):
        yield source.event(f"REPORT//{pair}", time, issued)
    if resource.get("presentedForm"):
        yield from note_events(resource, source, issued or time)


def note_events(resource: Json, source: Source, written: datetime | None) -> Iterator[Event]:
    """One event a text, its key as text and its length in characters as number."""
    texts = note_texts(resource)
    code = f"NOTE//{document_type(resource)}"
    for text in texts:
        yield source.event(code, written, number=float(len(text)), text=note_key(text), unit="1")
    if not texts and resource["resourceType"] == "DocumentReference":
        yield source.event(code, written)


def document_type(resource: Json) -> str:
    """`system//code` of the first type, a LOINC document code as a rule."""
    return next(coding_pairs(resource.get("type") or resource.get("code")), UNKNOWN)
