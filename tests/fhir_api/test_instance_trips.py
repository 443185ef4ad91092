"""How often a read goes to the database: once for all it shows, once for its row in the trail."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from fhir_api.access.caller import ANY, EVERYTHING, Caller, Grant
from fhir_api.reidentify import Presenter
from fhir_api.store.named import read_named
from fhir_api.store.repository import ResourceStore
from fhir_api.store.vault import Vault
from privacy.keys import derive_keys
from privacy.records import CleanResource
from tests.support.asking import noted
from tests.support.fhir import ROOT, SITE, observation, patient
from tests.support.instance import keep, seen_by, served

KEYS = derive_keys(ROOT, SITE)
NAMES = {f"Patient/p1{letter}": f"Patient/{letter}" for letter in "abc"}
REFERENCES = st.sampled_from([*NAMES, "Patient/p1a/_history/3", "Patient/p1unknown", "#part"])
VALUES = st.recursive(
    st.builds(lambda each: {"reference": each}, REFERENCES) | st.text("ab\n", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner),
)


@pytest.fixture
def store(engine: Engine) -> ResourceStore:
    return ResourceStore(engine, SITE, "policy-1", Vault(engine, KEYS))


def named(body: object) -> CleanResource:
    content = {"resourceType": "Basic", "id": "p1x", "value": body}
    names = {**NAMES, "Basic/p1x": "Basic/x", "Basic/p1x#identifier": '[{"value": "7"}]'}
    return CleanResource("Basic", "p1x", "p1a", content, (), names)


def test_a_read_goes_to_the_database_twice(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    http = served(engine)
    keep(http, patient(id="ann"), observation("Patient/ann", id="o1"))
    with noted(monkeypatch) as sent:
        answer = http.get("/fhir/Observation/o1")

    assert answer.json()["subject"] == {"reference": "Patient/ann"}
    assert ["vault_name" in each for each in sent] == [True, False]
    assert "audit_event" in sent[1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(VALUES)
def test_one_trip_brings_the_names_that_two_would(store: ResourceStore, body: object) -> None:
    store.write([named(body)])
    once, twice = (Presenter(KEYS, Vault(store.engine, KEYS)) for _ in range(2))

    shown = once.present([each for each in [once.read(store, "Basic", "p1x")] if each])
    expected = twice.present([each for each in [store.read("Basic", "p1x")] if each])

    assert shown == expected
    assert shown[0]["identifier"] == [{"value": "7"}]


def test_a_deletion_is_read_too_and_nothing_where_nothing_was(store: ResourceStore) -> None:
    store.write([named("here")])
    store.run(lambda unit: unit.delete([("Basic", "p1x")]))
    vault = Vault(store.engine, KEYS)
    found = read_named(store, vault, "Basic", "p1x")

    assert found is not None
    assert found[0].deleted
    assert read_named(store, vault, "Basic", "p1y") is None


def test_who_may_see_no_identities_opens_no_vault(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(served(engine), patient(id="ann"))
    masked = seen_by(engine, Caller("app", (Grant(ANY, EVERYTHING),), identified=False))
    with noted(monkeypatch) as sent:
        masked.get("/fhir/Patient/ann")

    assert not any("vault_name" in each for each in sent)
