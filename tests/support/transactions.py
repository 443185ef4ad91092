"""Bundles sent over HTTP, and what their answers say."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, event, text

from tests.support.fhir import FHIR_JSON, Resource, bundle

CLINIC = "http://orgs.example|77"
BY_IDENTIFIER = f"identifier={CLINIC}"


def send(http: TestClient, kind: str, *entries: Any, prefer: str = "") -> Any:
    """The answer to a Bundle."""
    content = json.dumps(bundle(kind, *entries)).encode()
    return http.post("/fhir", content=content, headers=FHIR_JSON | {"prefer": prefer})


def transact(http: TestClient, *entries: Any, prefer: str = "") -> list[Resource]:
    """The entries that answer a transaction which must succeed."""
    answer = send(http, "transaction", *entries, prefer=prefer)
    assert answer.status_code == 200, answer.text
    assert answer.json()["type"] == "transaction-response"
    return list(answer.json().get("entry", []))


def statuses(answer: Any) -> list[str]:
    """The status of each entry of a response Bundle."""
    return [each["response"]["status"][:3] for each in answer.json().get("entry", [])]


def places(answer: Any) -> list[str]:
    """Where an OperationOutcome says that something is wrong."""
    return [place for issue in answer.json()["issue"] for place in issue.get("expression", [])]


def get(url: str, method: str = "GET", **request: str) -> Resource:
    """An entry that reads."""
    return {"request": {"method": method, "url": url, **request}}


def delete(url: str, **request: str) -> Resource:
    """An entry that deletes."""
    return get(url, "DELETE", **request)


def put_where(resource: Resource, query: str, **request: str) -> Resource:
    """A conditional update."""
    url = f"{resource['resourceType']}?{query}"
    return {"resource": resource, "request": {"method": "PUT", "url": url, **request}}


def patch(url: str, *operations: Resource, **request: str) -> Resource:
    """An entry that patches, its operations in a Binary."""
    data = base64.b64encode(json.dumps(operations).encode()).decode()
    binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}
    return {"resource": binary, "request": {"method": "PATCH", "url": url, **request}}


def located(entry: Resource) -> str:
    """`Type/id` of what an entry wrote."""
    return str(entry["response"]["location"]).partition("/_history/")[0]


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements sent to the database meanwhile, COPY left out."""
    sent: list[str] = []

    def note(_connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


FAIL_AT_FIRST = """
    CREATE SEQUENCE IF NOT EXISTS test_attempts;
    CREATE OR REPLACE FUNCTION test_fail_at_first() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('test_attempts') <= {times} THEN
            RAISE EXCEPTION 'invented' USING ERRCODE = '{state}';
        END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER test_fail AFTER INSERT ON resource_version
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION test_fail_at_first();
"""
AS_BEFORE = """
    DROP TRIGGER test_fail ON resource_version;
    DROP FUNCTION test_fail_at_first;
    DROP SEQUENCE test_attempts;
"""


@contextmanager
def commits_that_fail(engine: Engine, times: int, state: str) -> Iterator[None]:
    """A database whose first commits of a version fail with this SQLSTATE."""
    with engine.begin() as connection:
        connection.execute(text(FAIL_AT_FIRST.format(times=times, state=state)))
    yield
    with engine.begin() as connection:
        connection.execute(text(AS_BEFORE))
