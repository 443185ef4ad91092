"""Each call about a patient is on record in the audit trail, by pseudonyms (SEC-3)."""

from typing import Any

import pytest
from sqlalchemy import Engine, text

from cds_hooks.service import CdsService
from fhir_api.audit import reading
from fhir_api.audit.event import Access
from fhir_api.audit.trail import AuditTrail
from fhir_api.errors import TrailUnavailable
from tests.support.hooks import ANN_PSEUDONYM, client_of, hook_parts
from tests.support.patients import ANN, discharge_call

DISCHARGE = "/cds-services/readmission-risk-discharge"


@pytest.fixture
def parts(engine: Engine) -> CdsService:
    made = hook_parts(engine)
    return hook_parts(engine, trail=AuditTrail(engine, made.site))


def recorded(parts: CdsService) -> list[Access]:
    found = reading.events(parts.engine, parts.site, reading.Wanted(count=10))
    return [each.access for each in reversed(found)]


def test_an_answered_call_is_on_record(parts: CdsService) -> None:
    call: dict[str, Any] = discharge_call()
    assert client_of(parts).post(DISCHARGE, json=call).status_code == 200

    (access,) = recorded(parts)
    assert (access.interaction, access.status) == ("$encounter-discharge", 200)
    assert access.patients == (f"Patient/{ANN_PSEUDONYM}",)
    assert access.request_id == call["hookInstance"]
    assert access.user is not None
    assert access.user.startswith("Practitioner/p1")


def test_a_call_that_lacks_data_is_on_record_too(parts: CdsService) -> None:
    client_of(parts).post(DISCHARGE, json=discharge_call(prefetch={}))

    assert [each.status for each in recorded(parts)] == [412]


def test_no_real_id_is_in_the_trail(parts: CdsService) -> None:
    call = discharge_call()
    client_of(parts).post(DISCHARGE, json=call)

    with parts.engine.connect() as connection:
        kept = str(connection.execute(text("SELECT t::text FROM audit_event t")).scalar_one())
    for value in (ANN, call["context"]["userId"], call["context"]["encounterId"]):
        assert value not in kept


def test_what_cannot_be_put_on_record_is_not_answered(
    parts: CdsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_given: object) -> None:
        raise TrailUnavailable

    monkeypatch.setattr(AuditTrail, "record", away)

    answer = client_of(parts).post(DISCHARGE, json=discharge_call())
    assert answer.status_code == 503
    assert "cards" not in answer.json()
