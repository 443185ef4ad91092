"""The order of routes: the read asked most comes first; types with a read of their own keep it."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from fhir_api.routes.outcome import FhirRoute, takes_its_path_alone
from fhir_api.routes.router import build_router
from tests.support.instance import FHIR, issue, parts, served


@pytest.fixture
def routes(engine: Engine) -> list[FhirRoute]:
    return [each for each in build_router(parts(engine)).routes if isinstance(each, FhirRoute)]


@pytest.fixture
def http(engine: Engine) -> TestClient:
    return served(engine)


def test_reading_is_asked_first_and_answered_in_one_thread(routes: list[FhirRoute]) -> None:
    first = routes[0]

    assert (first.name, first.path) == ("read", "/{resource_type}/{id_}")
    assert takes_its_path_alone(first.dependant)


def test_types_with_a_read_of_their_own_are_left_to_it(routes: list[FhirRoute]) -> None:
    assert routes[0].elsewhere == {"AuditEvent", "Subscription"}


def test_what_reads_a_body_is_left_to_the_framework(routes: list[FhirRoute]) -> None:
    waiting = {each.name for each in routes if not takes_its_path_alone(each.dependant)}

    assert waiting >= {"create", "update", "patch", "transaction", "validate"}
    assert not waiting & {"read", "vread", "delete", "history-instance", "everything"}


@pytest.mark.parametrize("path", ["Patient/$everything", "Patient/_history", "Patient/$export"])
def test_what_looks_like_an_id_and_is_none_goes_on(http: TestClient, path: str) -> None:
    read = http.get(f"{FHIR}/Patient/nobody")
    other = http.get(f"{FHIR}/{path}")

    assert issue(read)["code"] == "not-found"
    assert other.status_code == 200 or issue(other)["code"] != "not-found"
