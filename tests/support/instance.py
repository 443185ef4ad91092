"""The FHIR API with its audit trail, for a caller of your choice, and what the trail then holds."""

from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from fhir_api.access.caller import ANY, EVERYTHING, Caller, Grant, Limit, anyone
from fhir_api.audit.trail import AuditTrail
from fhir_api.routes.beyond import answer_beyond_routes
from fhir_api.routes.limits import Limits
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.router import build_router
from fhir_api.store.vault import Vault
from privacy.policy import load_policy
from tests.support.fhir import FHIR_JSON, NOW, SITE, serving

FHIR = "/fhir"


def parts(engine: Engine, **changes: Any) -> FhirApi:
    """The parts of the API of the test site, with a trail, a vault and an open door."""
    made = serving(engine)
    given = {
        "vault": Vault(engine, made.keys),
        "trail": AuditTrail(engine, SITE),
        "authenticate": lambda _request: anyone(),
    }
    return FhirApi(
        made, made.store, made.keys, load_policy(), made.validator, SITE, lambda: NOW,
        **(given | changes),
    )  # fmt: skip


def app(engine: Engine, **changes: Any) -> FastAPI:
    """The API alone, under `/fhir`."""
    made = FastAPI()
    made.include_router(build_router(parts(engine, **changes)), prefix=FHIR)
    answer_beyond_routes(made)
    return made


def served(engine: Engine, *, limits: Limits | None = None, **changes: Any) -> TestClient:
    """A client of the API."""
    changes |= {"limits": limits} if limits else {}
    return TestClient(app(engine, **changes))


def seen_by(engine: Engine, caller: Caller, **changes: Any) -> TestClient:
    """A client of the API whose caller is known."""
    return served(engine, authenticate=lambda _request: caller, **changes)


def only(patient: str, kind: str = ANY, query: tuple[tuple[str, str], ...] = ()) -> Caller:
    """A caller whose grant is limited to one patient, and to resources that match a query."""
    return Caller("app", (Grant(kind, EVERYTHING, Limit(patient, query)),), patient=patient)


def keep(http: TestClient, *resources: dict[str, Any]) -> None:
    """Store resources under their own ids."""
    for each in resources:
        path = f"{FHIR}/{each['resourceType']}/{each['id']}"
        answer = http.put(path, json=each, headers=FHIR_JSON)
        assert answer.status_code in {200, 201}, answer.text


def issue(answer: Any) -> dict[str, Any]:
    """The first issue of an OperationOutcome."""
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    assert answer.headers["content-type"] == "application/fhir+json"
    found: dict[str, Any] = body["issue"][0]
    return found


def trail(engine: Engine) -> list[dict[str, Any]]:
    """The rows of the audit trail, oldest first."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM audit_event ORDER BY number")).mappings()
        return [dict(row) for row in rows]
