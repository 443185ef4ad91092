"""The parts a hook call is answered with; the front door makes them and hands them down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from cds_hooks.note_reader import NoteReader
from etl.features.row import FeatureRow
from etl.notes.encoder import Encoder
from etl.rules import SiteRules
from fhir_api.audit.trail import AuditTrail
from fhir_api.store.repository import ResourceStore
from fhir_api.validation.validator import Validator
from model.score import Score
from monitoring.metrics import Metrics
from privacy.deidentify import Deidentifier
from privacy.keys import SiteKeys

PREFETCHED_TYPES = (
    "Patient", "Encounter", "Condition", "Observation", "MedicationRequest", "Procedure",
    "DocumentReference",
)  # fmt: skip

Level = Literal["low", "moderate", "high"]
Arm = Literal["shown", "silent", "shadow"]


class RiskPredictor(Protocol):
    """Anything that scores one patient; `model.predictor.Predictor` does."""

    def score(self, row: FeatureRow, notes: Sequence[NDArray[np.float32]]) -> Score:
        """Probability and reasons; `notes` are (chunk, width), oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Champion:
    """The model in service, with the note encoder its vectors were made by.

    Attributes:
        predictor: Answers for one patient.
        encoder: None when the model was trained without notes.
    """

    predictor: RiskPredictor
    encoder: Encoder | None = None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where risk begins to matter at this site.

    Attributes:
        moderate: Probability from which a card warns.
        high: Probability from which a card is critical.
    """

    moderate: float = 0.15
    high: float = 0.30

    def level(self, probability: float) -> Level:
        """The word for a probability."""
        if probability >= self.high:
            return "high"
        return "moderate" if probability >= self.moderate else "low"


@dataclass(frozen=True, slots=True)
class Options:
    """What a site may choose about the protocol.

    Attributes:
        source_url: Absolute address behind the source of a card.
        maximum_body_bytes: Longest call that is read.
        require_https: Whether `fhirServer` must be https outside loopback.
        arm: `silent` and `shadow` score and store, and show no card.
    """

    source_url: str
    maximum_body_bytes: int = 50_000_000
    require_https: bool = True
    arm: Arm = "shown"


@dataclass(frozen=True)
class CdsService:
    """Everything a call needs, and nothing it makes for itself.

    Attributes:
        site: The hospital; rows and keys are bound to it.
        engine: Of the database with the store, the online rows and the ledger.
        store: Of the site's de-identified resources.
        keys: Of the site; real ids become pseudonyms by them.
        deidentifier: The one that ingest uses, so that prefetch and store meet.
        champion: The model in service now, or None before the first promotion.
        rules: What a stay is at this site.
        now: The clock, UTC.
        validator: Of R4 resources; what prefetch holds is read no less carefully than a Bundle.
        metrics: Where calls are counted.
        options: The site's choices about the protocol.
        thresholds: The site's choices about risk.
        notes: Encodes notes first seen in prefetch, within its deadline.
        trail: Where calls are put on record.
    """

    site: str
    engine: Engine
    store: ResourceStore
    keys: SiteKeys
    deidentifier: Deidentifier
    champion: Callable[[], Champion | None]
    rules: SiteRules
    now: Callable[[], datetime]
    validator: Validator
    metrics: Metrics
    options: Options
    thresholds: Thresholds = field(default_factory=Thresholds)
    notes: NoteReader = field(default_factory=lambda: NoteReader(deadline_s=0.15))
    trail: AuditTrail | None = None

    def warm(self) -> None:
        """Load and compile what the first call would otherwise wait for; for start-up."""
        for kind in PREFETCHED_TYPES:
            self.validator.accepts({"resourceType": kind}, kind)
        self.deidentifier.clean_batch([{"resourceType": "Patient", "id": "warm"}])
        self.champion()
