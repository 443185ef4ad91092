"""What was stored under pseudonyms comes back as the caller knows it, and no further."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from fhir_api.reidentify import KnownIds, reidentified
from fhir_api.store.records import StoredResource
from privacy.dates import shift_days, shift_text
from privacy.keys import derive_keys
from privacy.pseudonyms import pseudonym
from privacy.records import CleanResource
from tests.support.fhir import JOHN_ID, ROOT, SITE, client, ingestor

KEYS = derive_keys(ROOT, SITE)
JOHN = pseudonym(KEYS, "Patient", JOHN_ID)
DAYS = shift_days(JOHN, KEYS)
NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)


def kept(**body: Any) -> StoredResource:
    content = {"resourceType": "RiskAssessment", "id": "p1risk", **body}
    return StoredResource("RiskAssessment", "p1risk", 3, JOHN, NOW, False, content)


def knowing(*ids: str) -> KnownIds:
    known = KnownIds(KEYS)
    for id_ in ids:
        known.add("Patient", id_)
    return known


def test_only_ids_that_the_caller_named_come_back() -> None:
    body = {
        "subject": {"reference": f"Patient/{JOHN}"},
        "encounter": {"reference": "Encounter/p1x"},
    }

    assert reidentified(kept(**body), knowing(JOHN_ID))["subject"] == {
        "reference": f"Patient/{JOHN_ID}"
    }
    assert reidentified(kept(**body), knowing("another"))["subject"] == body["subject"]
    assert reidentified(kept(**body), knowing(JOHN_ID))["encounter"] == body["encounter"]


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

    back = reidentified(kept(**body), knowing(JOHN_ID))

    assert back["occurrenceDateTime"] == sent
    assert back["prediction"][0]["whenPeriod"]["start"] == sent
    assert back["extension"][0]["valueDate"] == day.isoformat()


def test_text_that_only_looks_like_a_date_is_left_alone() -> None:
    body = {
        "method": {"coding": [{"code": "2020", "version": "2020-01-01"}]},
        "valueString": "2020",
    }

    assert reidentified(kept(**body), knowing(JOHN_ID))["method"] == body["method"]


def test_version_and_time_of_storing_are_told() -> None:
    meta = reidentified(kept(meta={"profile": ["http://p.example"]}), knowing())["meta"]

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
