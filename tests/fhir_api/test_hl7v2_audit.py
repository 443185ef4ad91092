"""Each message is on record in the audit trail, by pseudonyms, before it is acknowledged."""

from typing import Any

import pytest
from sqlalchemy import Engine, text

from fhir_api.audit import reading
from fhir_api.audit.fhir import audit_event
from fhir_api.audit.trail import AuditTrail
from fhir_api.errors import TrailUnavailable
from fhir_api.hl7v2.receiver import Receiver
from tests.support.fhir import SITE
from tests.support.hl7v2 import PID, adt, count, pv1, receiver, told


def recording(engine: Engine) -> Receiver:
    made = receiver(engine)
    made.trail = AuditTrail(engine, SITE)
    return made


def events(engine: Engine) -> list[dict[str, Any]]:
    """AuditEvents, oldest first."""
    found = reading.events(engine, SITE, reading.Wanted(count=10))
    return [audit_event(each, SITE) for each in reversed(found)]


def entities(event: dict[str, Any]) -> list[str]:
    named = (each["what"].get("reference", "").partition("/")[0] for each in event["entity"])
    return [each for each in named if each]


def test_a_message_is_on_record_with_its_patient_and_visit(engine: Engine) -> None:
    assert told(recording(engine), adt("A01")) == "AA"

    (event,) = events(engine)
    assert event["subtype"][0]["code"] == "A01"
    assert (event["outcome"], event["outcomeDesc"]) == ("0", "AA")
    assert entities(event) == ["Patient", "Encounter", "Patient"]


def test_a_resend_and_a_refusal_are_on_record_too(engine: Engine) -> None:
    taker = recording(engine)
    for content in (adt("A01"), adt("A01"), adt("A01", PID, pv1(f44="QUILLTIME"), number="2")):
        told(taker, content)
    told(taker, adt("A09", number="3"))
    told(taker, b"no message at all")

    assert [each["outcomeDesc"] for each in events(engine)] == ["AA", "AA", "AE", "AR", "AR"]


def test_no_value_of_a_message_is_in_the_trail(engine: Engine) -> None:
    taker = recording(engine)
    told(taker, adt("A01"))
    told(taker, adt("A01", PID, pv1(f44="QUILLTIME"), number="2"))

    with engine.connect() as connection:
        rows = connection.execute(text("SELECT t::text FROM audit_event t")).scalars()
        kept = "\n".join(rows)
    assert "p1" in kept
    for value in ("8830417", "V-77", "Quillfeather", "QUILLTIME", "HOSPITAL"):
        assert value not in kept


def test_what_cannot_be_put_on_record_is_not_acknowledged(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_given: object) -> None:
        raise TrailUnavailable

    taker = recording(engine)
    with monkeypatch.context() as patched:
        patched.setattr(AuditTrail, "record", away)
        assert told(taker, adt("A01")) == "AR"

    assert told(taker, adt("A01")) == "AA"
    assert count(engine, "hl7v2_message") == 1
