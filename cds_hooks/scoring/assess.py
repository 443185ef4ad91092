"""One score for one call: the way from real identifiers to a probability.

Real ids become pseudonyms by the site's keys; prefetch goes through the same de-identification as
everything stored, and so through the same date shift; the features, the notes and the predictor
are those of training. No mapping table is read or kept (docs/decisions/0012).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

from cds_hooks.binding import bind
from cds_hooks.errors import DataMissing, NoChampion
from cds_hooks.latency import Stopwatch
from cds_hooks.prefetch import Prefetched, State, read_prefetch
from cds_hooks.request import HookCall
from cds_hooks.scoring.cleaning import Cleaned, clean
from cds_hooks.scoring.history import History, gather
from cds_hooks.scoring.stay import Stay, ended_at, stay_of
from cds_hooks.service import CdsService, Champion
from etl.features.compute import feature_row
from etl.features.row import FeatureRow
from etl.online import load_note_vectors
from model.score import Score
from privacy.dates import shift_datetime, shift_days
from privacy.pseudonyms import pseudonym


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a score rests on, for the card.

    Attributes:
        states: What each prefetch key said, without those not sent that the store stands in for.
        truncated: Keys of which only the first page was sent.
        left_out: Resources sent that could not be used.
        notes_unread: Notes that were not encoded in time.
        used: `Type/real-id` of the resources sent and used.
        known_until: UTC; newest fact used, on the true clock; None when no fact has a time.
    """

    states: Mapping[str, State]
    truncated: frozenset[str]
    left_out: int
    notes_unread: int
    used: tuple[str, ...]
    known_until: datetime | None


@dataclass(frozen=True, slots=True)
class Assessment:
    """A score and everything that is written down about it.

    Attributes:
        prediction_id: Of this score; the ledger and the stored RiskAssessment share it.
        call: That asked for it.
        patient_id: Pseudonym.
        stay: The stay it is about, if there is one.
        score: The probability and its reasons.
        as_of: UTC; the moment it speaks of, on the true clock.
        shift_days: What the patient's stored dates are moved by.
        watermark: Of the stored row the features began with.
        provenance: What it rests on.
    """

    prediction_id: UUID
    call: HookCall
    patient_id: str
    stay: Stay | None
    score: Score
    as_of: datetime
    shift_days: int
    watermark: int | None
    provenance: Provenance

    @property
    def shifted_as_of(self) -> datetime:
        """The same moment on the patient's stored clock."""
        return shift_datetime(self.as_of, self.shift_days)


def assess(parts: CdsService, call: HookCall, watch: Stopwatch) -> Assessment:
    """Score the patient of a call.

    Raises:
        NoChampion: No model is in service.
        InvalidCall: Prefetch is malformed.
        WrongPatient: Prefetch holds data of another patient.
        DataMissing: Required data are neither sent nor stored.
    """
    champion = parts.champion()
    if champion is None:
        raise NoChampion
    prefetched = read_prefetch(call.prefetch, call.service.prefetch)
    bind(call.context, prefetched)
    patient_id = pseudonym(parts.keys, "Patient", call.context.patientId)
    with watch.part("deidentify"):
        cleaned = clean(prefetched, parts.validator, parts.deidentifier)
    with watch.part("history"):
        history = gather(parts.engine, parts.store, patient_id, cleaned.bodies)
    stay = stay_of(call.context, cleaned.references, parts.keys, history, parts.rules)
    _require(call, history, cleaned, patient_id, stay)
    return _scored(
        parts, champion, _Known(call, patient_id, prefetched, cleaned, history, stay), watch
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a call before it is scored."""

    call: HookCall
    patient_id: str
    prefetched: Prefetched
    cleaned: Cleaned
    history: History
    stay: Stay | None


def _scored(parts: CdsService, champion: Champion, known: _Known, watch: Stopwatch) -> Assessment:
    days = shift_days(known.patient_id, parts.keys)
    as_of = ended_at(known.stay, known.history) or shift_datetime(parts.now(), days)
    with watch.part("features"):
        encounter_id = known.stay.encounter_id if known.stay else None
        row = feature_row(known.history.events, as_of, encounter_id, parts.rules)
    with watch.part("notes"):
        notes = _notes(parts, champion, row, known.history)
    with watch.part("predict"):
        score = champion.predictor.score(row, notes)
    unread = len(row.note_keys) - len(notes) if champion.encoder else 0
    return Assessment(
        prediction_id=uuid4(),
        call=known.call,
        patient_id=known.patient_id,
        stay=known.stay,
        score=score,
        as_of=shift_datetime(as_of, -days),
        shift_days=days,
        watermark=known.history.watermark,
        provenance=_provenance(known, unread, as_of, days),
    )


def _notes(
    parts: CdsService, champion: Champion, row: FeatureRow, history: History
) -> Sequence[NDArray[np.float32]]:
    """Vectors of the notes that could be had, oldest first."""
    encoder = champion.encoder
    if encoder is None or not row.note_keys:
        return []
    stored = load_note_vectors(parts.engine, parts.site, row.note_keys, encoder.hash)
    return list(parts.notes.vectors(encoder, row.note_keys, stored, history.texts).values())


def _provenance(known: _Known, unread: int, as_of: datetime, days: int) -> Provenance:
    times = [
        event.available
        for event in known.history.events
        if event.available is not None and event.available <= as_of
    ]
    return Provenance(
        states=_states(known),
        truncated=known.prefetched.truncated,
        left_out=known.cleaned.left_out,
        notes_unread=unread,
        used=known.cleaned.references,
        known_until=shift_datetime(max(times), -days) if times else None,
    )


def _states(known: _Known) -> dict[str, State]:
    templates = known.call.service.prefetch
    stored = {resource_type for resource_type, _ in known.history.resources()}
    return {
        key: state
        for key, state in known.prefetched.states.items()
        if state is not State.ABSENT or re.split("[/?]", templates[key])[0] not in stored
    }


def _require(
    call: HookCall, history: History, cleaned: Cleaned, patient_id: str, stay: Stay | None
) -> None:
    """The patient, and at discharge the stay, must be known from somewhere."""
    known = history.resources()
    known |= {(body["resourceType"], body["id"]) for body in cleaned.bodies}
    satisfied = {
        "patient": ("Patient", patient_id) in known,
        "encounter": stay is not None and ("Encounter", stay.encounter_id) in known,
    }
    missing = [key for key in call.service.required if not satisfied[key]]
    if missing:
        raise DataMissing(missing, [call.service.prefetch[key] for key in missing])
