"""Notes as DocumentReferences, and their gold labels."""

from base64 import b64encode
from datetime import timedelta
from random import Random
from typing import Any, NamedTuple

from homeward.simulation.chance import fresh_id
from homeward.simulation.clock import stamp
from homeward.simulation.notes.facts import Scene
from homeward.simulation.notes.write import Note, notes_of
from homeward.simulation.resources.parts import LOINC, Known, Resource, concept, to, to_clinician

KINDS = {
    "summary": ("18842-5", "Discharge summary", timedelta(minutes=25)),
    "nursing": ("34746-8", "Nurse Note", timedelta(minutes=70)),
}
"""LOINC document type, its words, and how long before discharge the note is signed."""

CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"


class Labelled(NamedTuple):
    """A note's resource and the line that phi.jsonl holds for it."""

    known: Known
    gold: dict[str, Any]


def documents(rng: Random, scene: Scene) -> list[Labelled]:
    """The notes of a stay."""
    return [document(rng, scene, note) for note in notes_of(rng, scene)]


def document(rng: Random, scene: Scene, note: Note) -> Labelled:
    """One note as a DocumentReference with its labels."""
    code, words, before = KINDS[note.kind]
    stay, moment = scene.stay, scene.stay.ended - before
    author = stay.doctor if note.kind == "summary" else stay.nurse
    resource: Resource = {
        "resourceType": "DocumentReference",
        "id": fresh_id(rng),
        "status": "current",
        "type": concept(LOINC, code, words),
        "category": [concept(CATEGORY, "clinical-note", "Clinical Note")],
        "subject": to("Patient", scene.patient.person.id),
        "date": stamp(moment),
        "author": [to_clinician(author)],
        "content": [{"attachment": attachment(note, words)}],
        "context": {"encounter": [to("Encounter", stay.id)]},
    }
    return Labelled(Known(moment, resource), gold(resource["id"], scene, note))


def attachment(note: Note, title: str) -> dict[str, str]:
    """The text as base64."""
    data = b64encode(note.text.text.encode()).decode()
    return {"contentType": "text/plain", "data": data, "title": title}


def gold(document_id: str, scene: Scene, note: Note) -> dict[str, Any]:
    """The line of phi.jsonl: text, spans, and the names that the patient's Bundle gives away."""
    person, stay = scene.patient.person, scene.stay
    names = [one.name for one in (stay.doctor, stay.nurse, scene.gp)]
    return {
        "id": document_id,
        "text": note.text.text,
        "spans": note.text.spans,
        "known": {
            "patient": [person.name.given, person.name.family],
            "relative": [person.relative.name.given, person.relative.name.family],
            "providers": [[name.given, name.family] for name in names],
        },
    }
