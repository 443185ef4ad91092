"""FHIR resources and Bundles in a few words, and the parts that take them in."""

import json
from datetime import UTC, date, datetime
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from fhir_api.ingest.ingestor import Ingestor
from fhir_api.ingest.settings import IngestSettings, build_ingestor
from fhir_api.routes.limits import Limits
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.router import build_router
from fhir_api.search.engine import SearchEngine
from privacy.policy import load_policy

SITE = "test"
ROOT = bytes(range(7, 47))
TODAY = date(2024, 6, 1)
NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
JOHN = "urn:uuid:0aaa1111-2222-4333-8444-555566667777"
JOHN_ID = JOHN.removeprefix("urn:uuid:")
FHIR_JSON = {"content-type": "application/fhir+json"}
Resource = dict[str, Any]


def settings(url: str, **changes: Any) -> IngestSettings:
    """Settings of an ingest into the database at `url`."""
    return IngestSettings(url, SITE, ROOT, TODAY, **changes)


def ingestor(engine: Engine) -> Ingestor:
    """An ingestor with the real policy and real keys."""
    return build_ingestor(settings(""), engine)


def serving(engine: Engine) -> Ingestor:
    """An ingestor as the server has it: a POST gets an id of the server's."""
    made = ingestor(engine)
    search = SearchEngine(made.store, made.keys, load_policy(), lambda: NOW)
    return Ingestor(made.store, made.deidentifier, made.validator, made.keys, search=search)


def client(engine: Engine, largest_body: int = 50_000_000) -> TestClient:
    """A client of the FHIR API alone, under `/fhir`."""
    made = serving(engine)
    parts = FhirApi(
        made, made.store, made.keys, load_policy(), made.validator, SITE, lambda: NOW,
        vault=made.store.vault, limits=Limits(bundle_bytes=largest_body),
    )  # fmt: skip
    app = FastAPI()
    app.include_router(build_router(parts), prefix="/fhir")
    return TestClient(app)


def patient(**more: Any) -> Resource:
    """A patient with a name, a birth date and a record number."""
    return {
        "resourceType": "Patient",
        "name": [{"family": "Quillfeather", "given": ["Zebediah"]}],
        "gender": "male",
        "birthDate": "1961-05-04",
        "identifier": [{"system": "http://hospital.example/mrn", "value": "MRN-8830417"}],
        **more,
    }


def observation(subject: str = JOHN, **more: Any) -> Resource:
    """A body temperature."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]},
        "subject": {"reference": subject},
        "effectiveDateTime": "2020-02-29T10:00:00+01:00",
        **more,
    }


def organization(number: str, **more: Any) -> Resource:
    """An organization with an identifier that others refer to."""
    identifier = [{"system": "http://orgs.example", "value": number}]
    return {"resourceType": "Organization", "active": True, "identifier": identifier, **more}


def post(resource: Resource, name: str | None = None, **request: str) -> Resource:
    """An entry that creates a resource, called `name` inside the Bundle."""
    asked = {"method": "POST", "url": resource["resourceType"], **request}
    return {"resource": resource, "request": asked} | ({"fullUrl": name} if name else {})


def put(resource: Resource, **request: str) -> Resource:
    """An entry that stores a resource under its own id."""
    url = f"{resource['resourceType']}/{resource['id']}"
    return {"resource": resource, "request": {"method": "PUT", "url": url, **request}}


def bundle(kind: str, *entries: Resource) -> Resource:
    """A fresh Bundle; ingestion changes what it is given."""
    made: Resource = json.loads(json.dumps({"resourceType": "Bundle", "type": kind}))
    return made | {"entry": json.loads(json.dumps(entries))}


def stored(engine: Engine) -> list[tuple[str, int]]:
    """Type and version of every row, in order of writing."""
    query = text("SELECT resource_type, version FROM resource_version ORDER BY seq")
    with engine.connect() as connection:
        return [(kind, version) for kind, version in connection.execute(query)]


def dump(engine: Engine) -> str:
    """Everything that the store's tables hold, as text."""
    with engine.connect() as connection:
        return "\n".join(
            str(row)
            for table in ("resource_version", "resource_head", "resource_identifier")
            for row in connection.execute(text(f"SELECT t::text FROM {table} t"))
        )
