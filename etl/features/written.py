"""How much was written, and which texts the network may read."""

from math import nan

from etl.features.feature import Feature
from etl.features.view import View

NEWEST = 16

FEATURES = (
    Feature(
        "notes", "Notes of this stay", "count", "DocumentReference, DiagnosticReport", "this stay",
        "notes", "{value} {note|notes} written in this stay",
    ),
    Feature(
        "note_characters", "Length of the notes of this stay", "{characters}",
        "DocumentReference.content.attachment", "this stay",
        "notes", "{value} characters of notes in this stay",
    ),
)  # fmt: skip


def written(view: View) -> dict[str, float]:
    """Values of the features above; NaN outside a stay."""
    if view.index is None:
        return {"notes": nan, "note_characters": nan}
    notes = [line.event for line in view.index.lines if line.kind == "NOTE"]
    keys = {event.text_value or event.resource_id: event.numeric_value or 0.0 for event in notes}
    return {"notes": float(len(keys)), "note_characters": float(sum(sorted(keys.values())))}


def note_keys(view: View) -> tuple[str, ...]:
    """Keys of the newest 16 texts, oldest first, each once at its newest place."""
    keys = [line.event.text_value for line in view.lines if line.kind == "NOTE"]
    newest = dict.fromkeys(key for key in reversed(keys) if key)
    return tuple(reversed(list(newest)[:NEWEST]))
