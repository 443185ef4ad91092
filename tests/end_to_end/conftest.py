"""A small hospital taken the whole way once, for every test of this folder."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from fhir_api.ingest.report import IngestReport
from homeward.app import create_app
from homeward.commands import features, ingest, models, monitor, notes, train
from homeward.house import House
from homeward.settings import read_settings
from homeward.simulation.simulate import Options, simulate
from tests.conftest import fresh_database

PATIENTS, SEED = 220, 5
KEY = "8f1c6a0be4d29375a6b0c1d2e3f4857697a8b9cadbecfd0e1f20314253647586"


@dataclass(frozen=True)
class Way:
    """What the way left behind, before anything happened later."""

    folder: Path
    house: House
    report: IngestReport
    again: IngestReport
    manifest: Any
    artefact: Path
    client: TestClient

    def calls(self) -> list[dict[str, Any]]:
        """The discharges to ask about, as an EHR would."""
        files = sorted((self.folder / "discharges").glob("*.json"))
        return [json.loads(path.read_text()) for path in files]

    def ask(self, discharge: dict[str, Any]) -> Any:
        """The answer to one encounter-discharge call."""
        context = {
            "userId": "Practitioner/p",
            "patientId": discharge["patient"],
            "encounterId": discharge["encounter"],
        }
        body = {
            "hook": "encounter-discharge",
            "hookInstance": "0b5d8b8e-4c3e-4d0c-9d5a-2f3f1d0a8c11",
            "context": context,
            "prefetch": discharge["prefetch"],
        }
        return self.client.post("/cds-services/readmission-risk-discharge", json=body)


@pytest.fixture(scope="session")
def way(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """Simulate, ingest twice, fit an encoder, compute features, train, promote, serve."""
    folder = tmp_path_factory.mktemp("hospital")
    options = Options(PATIENTS, SEED, folder, discharge_window_days=60, later_days=90)
    simulate(options)
    with fresh_database(postgres_server) as url:
        house = small_house(url, tmp_path_factory.mktemp("home"), options.until)
        history = [folder / "hospital.json", folder / "patients"]
        report, again = (ingest.run(house, history, workers=1) for _ in range(2))
        notes.run(house, minutes=0.1, seed=1)
        manifest = features.run(house, full=True)
        version, artefact = train.run(house, quick(house))
        models.move(house, version)
        app, _ = create_app(house)
        yield Way(folder, house, report, again, manifest, artefact, TestClient(app))
        house.close()


def small_house(url: str, home: Path, until: date) -> House:
    """A house over a database of its own."""
    given = {"home": home, "database_url": url, "site": "small", "key": KEY, "notes": "scrub"}
    return House(read_settings(**given, observed_until=until, master="local[2]"))


def quick(house: House) -> Any:
    """Training that is over in seconds."""
    from homeward.encoder import encoder_folder
    from model.options import TrainOptions

    folder = encoder_folder(house, None)
    return TrainOptions(epochs=2, draws=20, note_encoder=folder, threads=1, min_count=3)


@pytest.fixture(scope="session")
def answers(way: Way) -> list[Any]:
    """What the server answered about each discharge."""
    return [way.ask(discharge) for discharge in way.calls()]


@pytest.fixture(scope="session")
def followed_up(way: Way, answers: list[Any]) -> Any:
    """Outcomes linked after what happened later was fed in."""
    assert answers
    ingest.run(way.house, [way.folder / "later"], workers=1)
    later = House(way.house.settings.model_copy(update={"observed_until": date(2026, 9, 28)}))
    yield monitor.run(later)
    later.close()
