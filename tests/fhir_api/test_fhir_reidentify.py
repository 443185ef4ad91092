"""What was stored under pseudonyms comes back as the caller knows it, and no further."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from fhir_api.reidentify import Presenter
from fhir_api.store.records import StoredResource
from fhir_api.store.vault import Vault
from privacy.dates import shift_days, shift_text
from privacy.keys import derive_keys
from privacy.pseudonyms import pseudonym
from privacy.records import CleanResource
from tests.support.fhir import JOHN_ID, ROOT, SITE, client, ingestor, observation, patient

KEYS = derive_keys(ROOT, SITE)
JOHN = pseudonym(KEYS, "Patient", JOHN_ID)
DAYS = shift_days(JOHN, KEYS)
NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)


def kept(**body: Any) -> StoredResource:
    content = {"resourceType": "RiskAssessment", "id": "p1risk", **body}
    return StoredResource("RiskAssessment", "p1risk", 3, JOHN, NOW, False, content)


def shown(stored: StoredResource, *named: str, identified: bool = True) -> dict[str, Any]:
    presenter = Presenter(KEYS, None, identified=identified)
    for id_ in named:
        presenter.stored_id("Patient", id_)
    return presenter.present([stored])[0]


def test_without_a_vault_only_ids_that_the_caller_named_come_back() -> None:
    body = {
        "subject": {"reference": f"Patient/{JOHN}"},
        "encounter": {"reference": "Encounter/p1x"},
    }

    assert shown(kept(**body), JOHN_ID)["subject"] == {"reference": f"Patient/{JOHN_ID}"}
    assert shown(kept(**body), "another")["subject"] == body["subject"]
    assert shown(kept(**body), JOHN_ID)["encounter"] == body["encounter"]


def test_a_caller_who_is_not_to_see_identities_gets_what_is_stored() -> None:
    body = {"subject": {"reference": f"Patient/{JOHN}"}, "occurrenceDateTime": "2024-01-01"}

    seen = shown(kept(**body), JOHN_ID, identified=False)

    assert {name: seen[name] for name in body} == body


@given(
    st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    st.sampled_from(["", "T08:30:00.5+05:30", "T00:00:00Z"]),
)
def test_dates_come_back_as_they_were_sent(day: date, time: str) -> None:
    sent = day.isoformat() + time
    body = {
        "occurrenceDateTime": shift_text(sent, DAYS),
        "prediction": [{"whenPeriod": {"start": shift_text(sent, DAYS)}}],
        "extension": [{"url": "http://x.example", "valueDate": shift_text(day.isoformat(), DAYS)}],
    }

    back = shown(kept(**body), JOHN_ID)

    assert back["occurrenceDateTime"] == sent
    assert back["prediction"][0]["whenPeriod"]["start"] == sent
    assert back["extension"][0]["valueDate"] == day.isoformat()


def test_text_that_only_looks_like_a_date_is_left_alone() -> None:
    body = {
        "method": {"coding": [{"code": "2020", "version": "2020-01-01"}]},
        "valueString": "2020",
    }

    assert shown(kept(**body), JOHN_ID)["method"] == body["method"]


def test_version_and_time_of_storing_are_told() -> None:
    meta = shown(kept(meta={"profile": ["http://p.example"]}))["meta"]

    assert meta == {
        "profile": ["http://p.example"],
        "versionId": "3",
        "lastUpdated": "2024-06-01T12:00:00.000Z",
    }


def test_a_stored_assessment_is_read_back_by_the_real_patient(engine: Engine) -> None:
    discharged = datetime(2024, 5, 31, 9, tzinfo=UTC)
    body = {
        "resourceType": "RiskAssessment",
        "id": "p1risk",
        "status": "final",
        "subject": {"reference": f"Patient/{JOHN}"},
        "occurrenceDateTime": (discharged + timedelta(days=DAYS)).isoformat(),
    }
    clean = CleanResource("RiskAssessment", "p1risk", JOHN, body, ())
    ingestor(engine).store.write([clean])

    found = client(engine).get(f"/fhir/RiskAssessment?subject=Patient/{JOHN_ID}").json()

    [entry] = found["entry"]
    assert entry["resource"]["subject"]["reference"] == f"Patient/{JOHN_ID}"
    assert entry["resource"]["occurrenceDateTime"] == discharged.isoformat()


def test_real_ids_and_identifiers_come_back_out_of_the_vault(engine: Engine) -> None:
    api = client(engine)
    api.put("/fhir/Patient/ann-7", json=patient(id="ann-7"))
    api.put("/fhir/Observation/o-9", json=observation("Patient/ann-7", id="o-9"))

    [entry] = api.get("/fhir/Observation?patient=ann-7").json()["entry"]
    read = api.get("/fhir/Patient/ann-7").json()

    assert entry["resource"]["id"] == "o-9"
    assert read["identifier"] == patient()["identifier"]


def test_nothing_in_the_vault_can_be_read_without_the_key(engine: Engine) -> None:
    client(engine).put("/fhir/Patient/ann-7", json=patient(id="ann-7"))

    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, sealed FROM vault_name")).all()

    assert len(rows) == 2
    assert not any(b"ann-7" in bytes(row.sealed) or b"MRN" in bytes(row.sealed) for row in rows)


def test_a_sealed_name_moved_to_another_row_does_not_open() -> None:
    vault = Vault(None, KEYS)  # type: ignore[arg-type]  # sealing asks no database
    sealed = vault.seal("Patient/p1a", "Patient/ann")

    assert vault.open("Patient/p1a", sealed) == "Patient/ann"
    with pytest.raises(InvalidTag):
        vault.open("Patient/p1b", sealed)
