"""Who sees what in a search: limits of grants, other sites, callers who may not see identities."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from fhir_api.access.caller import ANY, EVERYTHING, Caller, Grant, Limit
from fhir_api.ingest.settings import build_ingestor
from fhir_api.search.engine import SearchEngine
from privacy.keys import derive_keys
from privacy.policy import load_policy
from privacy.pseudonyms import is_pseudonym, pseudonym
from tests.support.fhir import NOW, ROOT, SITE, settings
from tests.support.instance import only, seen_by, served
from tests.support.searching import (
    asked,
    coded,
    found,
    ids,
    kept,
    numbered,
    organization,
    person,
    refused,
    weight,
)

HIDDEN = Caller("research", (Grant(ANY, EVERYTHING),), identified=False)


@pytest.fixture
def http(engine: Engine) -> Iterator[TestClient]:
    with served(engine) as client:
        kept(client, numbered("ann", "17"), person("ben"), organization("clinic"))
        kept(client, weight("hers"), coded("temperature", "8310-5"), weight("his", patient="ben"))
        yield client


@pytest.mark.parametrize(
    ("grants", "matches"),
    [
        ((Grant("Observation", EVERYTHING),), {"hers", "temperature", "his"}),
        ((Grant(ANY, EVERYTHING, Limit("ann")),), {"hers", "temperature"}),
        ((Grant(ANY, EVERYTHING, Limit("ann", (("code", "8310-5"),))),), {"temperature"}),
        ((Grant(ANY, EVERYTHING, Limit(None, (("code", "29463-7"),))),), {"hers", "his"}),
        ((Grant(ANY, EVERYTHING, Limit("ben")),
          Grant("Observation", EVERYTHING, Limit("ann", (("code", "8310-5"),)))),
         {"his", "temperature"}),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("http")
def test_a_search_finds_what_any_one_of_its_callers_limits_opens(
    engine: Engine, grants: tuple[Grant, ...], matches: set[str]
) -> None:
    with seen_by(engine, Caller("app", grants)) as app:
        assert found(app, "Observation") == matches
        assert asked(app, "Observation?_summary=count")["total"] == len(matches)
        assert found(app, "Observation?_id=hers,temperature,his") == matches


@pytest.mark.usefixtures("http")
def test_a_type_without_a_grant_is_forbidden(engine: Engine) -> None:
    with seen_by(engine, Caller("app", (Grant("Patient", EVERYTHING),))) as app:
        assert refused(app, "Observation", 403).startswith("forbidden")
        assert found(app, "?_lastUpdated=gt2000") == {"ann", "ben"}
        assert refused(app, "?_type=Observation", 403)
        assert app.post("/fhir/Observation/_search", data={"code": "1"}).status_code == 403


def test_a_patients_caller_sees_that_patient_and_what_is_nobodys(
    engine: Engine, http: TestClient
) -> None:
    kept(http, {"resourceType": "Device", "id": "pump", "patient": {"reference": "Patient/ben"}})
    kept(http, {"resourceType": "Device", "id": "scale"})

    with seen_by(engine, only("ann")) as app:
        assert found(app, "Patient") == {"ann"}
        assert found(app, "Organization") == {"clinic"}
        assert found(app, "Device") == {"scale"}
        assert found(app, "?_lastUpdated=gt2000") == {
            "ann", "clinic", "scale", "hers", "temperature",
        }  # fmt: skip


@pytest.mark.usefixtures("http")
def test_limits_hold_on_every_page(engine: Engine) -> None:
    with seen_by(engine, only("ann")) as app:
        first = asked(app, "Observation?_count=1")
        second = app.get(first["link"][1]["url"]).json()

    assert [*ids(first), *ids(second)] == ["hers", "temperature"]
    assert len(second["link"]) == 1


@pytest.mark.usefixtures("http")
def test_another_site_in_the_same_database_is_not_there(engine: Engine) -> None:
    there = build_ingestor(settings(""), engine)
    keys = derive_keys(ROOT, "elsewhere")
    there.store.site = "elsewhere"
    search = SearchEngine(there.store, keys, load_policy(), lambda: NOW)

    for parameters in ([], [("_id", "hers")], [("code", "8310-5")], [("_include", "*")]):
        page = search.run(None, "Observation", parameters)
        assert (page.rows, page.included) == ([], [])
    assert search.run(None, "Observation", [("_total", "accurate")]).total == 0
    with engine.connect() as connection:
        assert search.matching_ids(connection, [("Patient", "gender=female")]) == [[]]


@pytest.mark.usefixtures("http")
def test_who_may_not_see_identities_cannot_try_out_real_ones(engine: Engine) -> None:
    stored = pseudonym(derive_keys(ROOT, SITE), "Patient", "ann")
    with seen_by(engine, HIDDEN) as app:
        assert found(app, "Patient?_id=ann") == set()
        assert found(app, "Observation?patient=ann") == set()
        assert found(app, "Patient?identifier=http://hospital.example/mrn|17") == set()
        assert found(app, f"Patient?_id={stored}") == {stored}
        assert len(found(app, f"Observation?patient={stored}")) == 2
        assert all(is_pseudonym(each) for each in found(app, "Observation"))


def test_the_links_of_an_answer_hold_what_the_caller_sent_and_no_pseudonym(
    http: TestClient,
) -> None:
    bundle = asked(http, "Observation?patient=ann&_count=1")

    assert "patient=ann" in bundle["link"][0]["url"]
    assert "p1" not in bundle["link"][0]["url"]
    assert not any(is_pseudonym(each) for each in ids(bundle))
