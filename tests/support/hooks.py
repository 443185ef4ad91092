"""The parts of a hook over a real database, and a client that calls it over HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from fastapi import FastAPI
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from sqlalchemy import Engine

from cds_hooks.note_reader import NoteReader
from cds_hooks.routes import build_router
from cds_hooks.service import CdsService, Champion, Options
from etl.features.row import FeatureRow
from etl.rules import SiteRules
from fhir_api.store.repository import ResourceStore
from fhir_api.validation.validator import Validator
from model.score import Reason, Score
from monitoring.metrics import Metrics
from privacy.deidentify import Deidentifier
from privacy.keys import derive_keys
from privacy.policy import load_policy
from privacy.pseudonyms import pseudonym
from privacy.records import CleanResource
from tests.support.encoders import LengthEncoder
from tests.support.ledger import SITE
from tests.support.patients import ANN, STAY

VALIDATOR = Validator()  # compiles a schema once for all tests
KEYS = derive_keys(bytes(range(7, 39)), SITE)
POLICY = load_policy()
NOW = datetime(2024, 6, 1, 12, 30, tzinfo=UTC)
ANN_PSEUDONYM = pseudonym(KEYS, "Patient", ANN)
STAY_PSEUDONYM = pseudonym(KEYS, "Encounter", STAY)
REASONS = (
    Reason("prior_admissions", "2 hospital stays in the last 12 months", 0.8, modifiable=False),
    Reason("sodium", "Sodium 131 mmol/L", 0.4, modifiable=True),
    Reason("social", "The notes speak of living alone", 0.3, modifiable=True),
    Reason("age", "Age 74", -0.1, modifiable=False),
)


@dataclass
class FixedPredictor:
    """Answers with one probability and remembers what it was asked."""

    probability: float = 0.31
    reasons: tuple[Reason, ...] = REASONS
    rows: list[FeatureRow] = field(default_factory=list)
    notes: list[Sequence[NDArray[np.float32]]] = field(default_factory=list)

    def score(self, row: FeatureRow, notes: Sequence[NDArray[np.float32]]) -> Score:
        """The fixed answer, with the inputs counted on the row."""
        self.rows.append(row)
        self.notes.append(notes)
        known = int(np.isfinite(row.values).sum())
        return Score(self.probability, 0.14, self.reasons, known, len(row.values), "v1")


def cleaner() -> Deidentifier:
    """The de-identification of a site that keeps scrubbed notes."""
    return Deidentifier(POLICY, KEYS, notes="scrub", today=date(2024, 6, 1))


def hook_parts(engine: Engine, predictor: FixedPredictor | None = None, **given: Any) -> CdsService:
    """Real parts throughout, but for the predictor; `given` replaces any of them."""
    champion = Champion(predictor or FixedPredictor(), LengthEncoder())
    parts = CdsService(
        site=SITE,
        engine=engine,
        store=ResourceStore(engine, SITE, POLICY.digest),
        keys=KEYS,
        deidentifier=cleaner(),
        champion=lambda: champion,
        rules=SiteRules(),
        now=lambda: NOW,
        validator=VALIDATOR,
        metrics=Metrics(),
        options=Options(source_url="https://homeward.example"),
        notes=NoteReader(deadline_s=5.0),
    )
    return replace(parts, **given)


def client_of(parts: CdsService) -> TestClient:
    """An HTTP client of an application that has the hooks alone."""
    app = FastAPI()
    app.include_router(build_router(parts))
    return TestClient(app)


def store_identified(parts: CdsService, *resources: Mapping[str, Any]) -> None:
    """Put resources in the store as ingest would: de-identified first."""
    clean = parts.deidentifier.clean_batch(resources)
    parts.store.write([each for each in clean if isinstance(each, CleanResource)])
