"""A FHIR API with bulk operations, a clock that a test moves, and a worker that it starts."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine

from fhir_api.access.caller import Caller, Limit, anyone
from fhir_api.audit.trail import AuditTrail
from fhir_api.bulk.files import BulkFiles
from fhir_api.bulk.parts import BulkParts
from fhir_api.bulk.worker import run_pending
from fhir_api.outbound.client import OutboundClient
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.router import build_router
from privacy.policy import load_policy
from tests.support.fhir import FHIR_JSON, NOW, SITE, Resource, ingestor

BASE = "http://testserver/fhir"


@dataclass(slots=True)
class Clock:
    """A clock that stands still until it is moved."""

    moment: datetime = NOW

    def __call__(self) -> datetime:
        return self.moment

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(seconds=seconds)


@dataclass(slots=True)
class Chosen:
    """Stands in for the search engine where a test says itself which ids are inside limits."""

    inside: dict[str, set[str]] = field(default_factory=dict)
    asked: list[tuple[str, tuple[Limit, ...]]] = field(default_factory=list)

    def __call__(
        self, _connection: Connection, resource_type: str, ids: Collection[str],
        limits: tuple[Limit, ...], _caller: Caller | None = None,
    ) -> set[str]:  # fmt: skip
        self.asked.append((resource_type, limits))
        return set(ids) & self.inside.get(resource_type, set())


class BulkServer:
    """The API, its worker and its clock."""

    def __init__(self, engine: Engine, folder: Path, **changes: Any) -> None:
        made = ingestor(engine)
        self.clock = Clock()
        self.chosen = Chosen()
        self.caller: Caller = anyone()
        given = {"permitted": self.chosen, "sources": OutboundClient([]), **changes}
        self.parts = BulkParts(
            engine, made.keys, BulkFiles(folder), made, now=self.clock, **given
        )  # fmt: skip
        api = FhirApi(
            made, made.store, made.keys, load_policy(), made.validator, SITE, self.clock,
            vault=made.store.vault, authenticate=self.asks, bulk=self.parts,
            trail=AuditTrail(engine, SITE),
        )  # fmt: skip
        app = FastAPI()
        app.include_router(build_router(api), prefix="/fhir")
        self.http = TestClient(app)
        self.store = made.store
        self.ingestor = made

    def asks(self, _request: Request) -> Caller:
        """Who asks at present."""
        return self.caller

    def put(self, *resources: Resource) -> None:
        """Store resources under their own ids."""
        for result in self.ingestor.resources(json.loads(json.dumps(resources))):
            assert not isinstance(result, Exception), result

    def delete(self, path: str) -> None:
        """Delete a resource by its real id."""
        assert self.http.delete(f"/fhir/{path}").status_code in {200, 204}

    def begin(self, path: str, **headers: str) -> str:
        """Kick off; the status address."""
        answer = self.http.get(f"/fhir/{path}", headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.headers["content-location"])

    def post(self, path: str, *parameters: Resource, **headers: str) -> Any:
        """POST a Parameters resource."""
        body = {"resourceType": "Parameters", "parameter": list(parameters)}
        return self.http.post(
            f"/fhir/{path}", content=json.dumps(body).encode(), headers=FHIR_JSON | headers
        )

    def finished(self, status: str) -> Any:
        """The manifest of a job, worked off."""
        run_pending(self.parts)
        answer = self.http.get(status)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def export(self, path: str, **headers: str) -> Any:
        """The manifest of an export that is kicked off and worked off."""
        return self.finished(self.begin(path, **headers))

    def lines(self, entry: Resource) -> list[Any]:
        """The resources of a file that a manifest names."""
        answer = self.http.get(urlsplit(entry["url"]).path)
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]

    def output(self, manifest: Resource, section: str = "output") -> dict[str, list[Any]]:
        """Every resource of a section, by type of file."""
        found: dict[str, list[Any]] = {}
        for each in manifest[section]:
            found.setdefault(each["type"], []).extend(self.lines(each))
        return found


def refusal(answer: Any, status: int = 400) -> str:
    """What an OperationOutcome says."""
    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    return str(answer.json()["issue"][0]["diagnostics"])
