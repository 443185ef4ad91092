"""Search by date: prefixes, overlap of periods, UTC, and whose dates may be asked for."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from fhir_api.access.caller import ANY, EVERYTHING, Caller, Grant
from privacy.keys import derive_keys
from privacy.pseudonyms import pseudonym
from tests.support.fhir import ROOT, SITE
from tests.support.instance import only, seen_by, served
from tests.support.searching import asked, found, ids, kept, numbered, person, refused, weight


@pytest.fixture
def http(engine: Engine) -> Iterator[TestClient]:
    with served(engine) as client:
        yield client


def at(id_: str, when: str, patient: str = "ann") -> dict[str, Any]:
    return weight(id_, patient, effectiveDateTime=when)


def during(id_: str, **period: str) -> dict[str, Any]:
    return weight(id_, effectivePeriod=period)


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("2020-03-10", {"day", "hour"}),
        ("2020-03", {"day", "hour", "period"}),
        ("2020", {"day", "hour", "period"}),
        ("ne2020-03-10", {"period", "open"}),
        ("gt2020-03-10", {"period", "open"}),
        ("lt2020-03-10", {"period"}),
        ("ge2020-03-10", {"day", "hour", "period", "open"}),
        ("le2020-03-10", {"day", "hour", "period"}),
        ("sa2020-03-10", {"open"}),
        ("eb2020-03-10", set()),
        ("eb2020-04", {"day", "hour", "period"}),
        ("sa2020-02", {"day", "hour", "period", "open"}),
        ("2020-03-10T11:30:00Z", {"hour"}),
        ("2020-03-10T12:30:00%2B01:00", {"hour"}),
        ("gt2020-03-10T11:29:59Z&date=lt2020-03-10T11:30:01Z", {"day", "hour", "period"}),
        ("2020-03-09,2020-03-10", {"day", "hour"}),
    ],
)
def test_prefixes_compare_intervals_in_utc(http: TestClient, query: str, matches: set[str]) -> None:
    kept(
        http,
        at("day", "2020-03-10"),
        at("hour", "2020-03-10T12:30:00+01:00"),
        during("period", start="2020-03-05", end="2020-03-20"),
        during("open", start="2020-05-01"),
    )

    assert found(http, f"Observation?patient=ann&date={query}") == matches


def test_approximately_is_a_tenth_of_the_time_since(http: TestClient) -> None:
    kept(http, at("near", "2020-03-10"), at("far", "2015-03-10"))

    assert found(http, "Observation?patient=ann&date=ap2020-06") == {"near"}


@given(days=st.lists(st.dates(date(1980, 1, 1), date(2090, 1, 1)), min_size=1, max_size=5))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_day_that_was_sent_is_the_day_that_is_found(http: TestClient, days: list[date]) -> None:
    kept(http, *(at(f"on-{day}", day.isoformat()) for day in days))

    for day in days:
        assert f"on-{day}" in found(http, f"Observation?patient=ann&date={day}&_count=1000")
        assert f"on-{day}" not in found(http, f"Observation?patient=ann&date=gt{day}&_count=1000")


@pytest.mark.parametrize("patient", ["ann", "ben", "cid", "dot", "eve"])
def test_a_month_or_year_that_was_sent_is_found_as_it_was_sent(
    http: TestClient, patient: str
) -> None:
    kept(http, at("month", "2020-03", patient), at("year", "2020", patient))
    kept(http, at("last-day", "2020-03-31", patient))

    assert found(http, f"Observation?patient={patient}&date=2020-03") == {"month", "last-day"}
    assert "year" in found(http, f"Observation?patient={patient}&date=2020")


def test_without_a_patient_a_date_is_refused_and_the_reason_told(http: TestClient) -> None:
    for query in ("date=2020", "code=1&date=ge2020", "_sort=-date", "date:missing=false&date=2020"):
        told = refused(http, f"Observation?{query}")
        assert told.startswith("business-rule")
        assert "needs the patient" in told
        assert "patient=" in told


def test_a_date_inside_a_chain_is_refused_as_well(http: TestClient) -> None:
    assert "needs the patient" in refused(http, "Observation?subject:Patient.birthdate=1961")
    assert "needs the patient" in refused(http, "Patient?_has:Observation:patient:date=2020")
    kept(http, person("ann"), at("hers", "2020-03-10"))

    assert found(http, "Patient?_id=ann&_has:Observation:patient:date=2020-03-10") == {"ann"}
    assert found(http, "Patient?_id=ann&_has:Observation:patient:date=2020-03-11") == set()


@pytest.mark.parametrize(
    "named",
    [
        "patient=ann", "subject=Patient/ann", "subject:Patient=ann", "subject=ann",
        "patient.identifier=http://hospital.example/mrn|17", "patient._id=ann",
        "subject:Patient.identifier=http://hospital.example/mrn|17",
    ],
)  # fmt: skip
def test_every_way_to_name_the_patient_opens_the_dates(http: TestClient, named: str) -> None:
    kept(http, numbered("ann", "17"), at("hers", "2020-03-10"), at("his", "2020-03-10", "ben"))

    assert found(http, f"Observation?{named}&date=2020-03-10") == {"hers"}


def test_a_patient_nobody_has_is_named_all_the_same(http: TestClient) -> None:
    kept(http, at("hers", "2020-03-10"))

    assert found(http, "Observation?patient.identifier=http://x.example|9&date=2020") == set()


def test_patients_are_found_by_date_with_their_id_or_identifier(http: TestClient) -> None:
    kept(http, numbered("ann", "17") | {"birthDate": "1961-05-04"})
    identifier = "identifier=http://hospital.example/mrn|17"

    assert found(http, "Patient?_id=ann&birthdate=1961") == {"ann"}
    assert found(http, f"Patient?{identifier}&birthdate=1961-05-04") == {"ann"}
    assert found(http, f"Patient?{identifier}&birthdate=1975") == set()
    assert "needs the patient" in refused(http, "Patient?birthdate=1961")


def test_of_several_patients_each_has_a_calendar_of_its_own(http: TestClient) -> None:
    for name in ("ann", "ben", "cid"):
        kept(http, at(f"{name}-1", "2020-03-10", name), at(f"{name}-2", "2020-03-11", name))

    assert found(http, "Observation?patient=ann,ben&date=2020-03-10") == {"ann-1", "ben-1"}
    in_order = ids(asked(http, "Observation?patient=ann,ben&_sort=-date,_id"))
    assert {*in_order[:2]} == {"ann-2", "ben-2"}


def test_a_caller_limited_to_one_patient_need_not_name_it(engine: Engine) -> None:
    with seen_by(engine, only("ann")) as http:
        kept(http, at("hers", "2020-03-10"))

        assert found(http, "Observation?date=2020-03-10") == {"hers"}
        assert found(http, "Observation?date=2020-03-11") == set()


def test_a_patients_compartment_names_it(http: TestClient) -> None:
    kept(http, at("hers", "2020-03-10"))

    assert found(http, "Patient/ann/Observation?date=2020-03-10") == {"hers"}


def test_the_time_of_storing_needs_no_patient_and_is_true(http: TestClient) -> None:
    kept(http, at("hers", "2020-03-10"))
    stored = asked(http, "Observation")["entry"][0]["resource"]["meta"]["lastUpdated"]

    assert found(http, f"Observation?_lastUpdated={stored}") == {"hers"}
    assert found(http, f"Observation?_lastUpdated={stored[:10]}") == {"hers"}
    assert found(http, f"Observation?_lastUpdated=gt{stored}") == set()
    assert found(http, f"Observation?_lastUpdated=ge{stored}") == {"hers"}
    assert found(http, "Observation?_lastUpdated=ap2001") == set()


def test_what_belongs_to_nobody_has_years_and_needs_no_patient(http: TestClient) -> None:
    kept(http, {"resourceType": "Practitioner", "id": "doc", "birthDate": "1970-04-01"})
    told = http.get("/fhir/metadata").json()["rest"][0]["resource"]
    kinds = {each["type"]: {p["name"] for p in each.get("searchParam", [])} for each in told}

    assert "birthdate" not in kinds["Practitioner"]
    assert found(http, "Practitioner?_lastUpdated=ge2000") == {"doc"}


def test_who_sees_stored_dates_searches_by_them_and_needs_no_patient(
    http: TestClient, engine: Engine
) -> None:
    kept(http, at("hers", "2020-03-10"))
    researcher = Caller("research", (Grant(ANY, EVERYTHING),), identified=False)
    with seen_by(engine, researcher) as stored:
        [entry] = asked(stored, "Observation")["entry"]
        shown = entry["resource"]["effectiveDateTime"]
        ann = pseudonym(derive_keys(ROOT, SITE), "Patient", "ann")

        assert shown < "2020-03-10"
        assert len(found(stored, f"Observation?date={shown}")) == 1
        assert len(found(stored, f"Observation?date={shown}&patient={ann}")) == 1
        assert found(stored, "Observation?patient=ann&date=2020-03-10") == set()
        assert found(stored, f"Observation?patient={ann}&date=2020-03-10") == set()
