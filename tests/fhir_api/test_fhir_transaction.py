"""POST /fhir as the ingestor sees it: all or nothing, once, and joined."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from fhir_api.errors import FhirError, TransactionRefused
from fhir_api.ingest.response import Answering
from fhir_api.ingest.results import Stored
from fhir_api.reidentify import Presenter
from privacy.pseudonyms import pseudonym
from tests.support.fhir import (
    JOHN,
    JOHN_ID,
    bundle,
    dump,
    ingestor,
    observation,
    organization,
    patient,
    post,
    put,
    stored,
)

CLINIC = "Organization?identifier=http://orgs.example|77"


def test_entries_are_stored_and_answered_in_their_order(engine: Engine) -> None:
    entries = (
        post(observation(), "urn:uuid:1aaa1111-2222-4333-8444-555566667777"),
        put(organization("1", id="org-1")),
        post(patient(), JOHN),
    )

    taking = ingestor(engine)
    results = taking.transaction(bundle("transaction", *entries))
    answer = Answering(Presenter(taking.keys, None)).bundle("transaction-response", results)

    assert [each["response"] for each in answer["entry"]] == [
        {"status": "201 Created", "location": f"{where}/_history/1", "etag": 'W/"1"'}
        for where in (
            "Observation/1aaa1111-2222-4333-8444-555566667777",
            "Organization/org-1",
            f"Patient/{JOHN_ID}",
        )
    ]
    assert len(stored(engine)) == 3


def test_the_same_bundle_twice_stores_nothing_twice(engine: Engine) -> None:
    taking = ingestor(engine)
    sent = bundle("transaction", post(patient(), JOHN), post(observation()))
    again = bundle("transaction", post(patient(), JOHN), post(observation()))

    first, second = taking.transaction(sent), taking.transaction(again)

    assert [each.written.outcome for each in first] == ["created", "created"]
    assert [each.written.outcome for each in second] == ["unchanged", "unchanged"]
    assert len(stored(engine)) == 2


def test_one_poisoned_entry_stops_the_whole_transaction(engine: Engine) -> None:
    bad = observation(status="no-such-status")

    with pytest.raises(TransactionRefused) as refused:
        ingestor(engine).transaction(bundle("transaction", post(patient(), JOHN), post(bad)))

    places = [issue.expression for issue in refused.value.issues]
    assert places == ["Bundle.entry[1].resource.status"]
    assert refused.value.status == 422
    assert stored(engine) == []


def test_a_batch_goes_on_without_its_poisoned_entry(engine: Engine) -> None:
    bad = observation(effectiveDateTime="2020-02-30")
    sent = bundle("batch", post(patient(), JOHN), post(bad), post(observation()))

    results = ingestor(engine).batch(sent)

    assert [isinstance(each, Stored) for each in results] == [True, False, True]
    assert isinstance(results[1], FhirError)
    assert results[1].expression == "Bundle.entry[1].resource.effectiveDateTime"
    assert sorted(stored(engine)) == [("Observation", 1), ("Patient", 1)]


def test_a_name_inside_the_bundle_becomes_the_pseudonym_everywhere(engine: Engine) -> None:
    taking = ingestor(engine)
    linked = observation(derivedFrom=[{"reference": JOHN}], instantiatesUri=None)
    del linked["instantiatesUri"]
    nested = {"extension": [{"url": "http://x.example", "valueReference": {"reference": JOHN}}]}
    taking.transaction(bundle("transaction", post(linked | nested), post(patient(), JOHN)))

    real = pseudonym(taking.keys, "Patient", JOHN_ID)
    found = taking.store.patient_resources(real, types={"Observation"})

    assert found[0].body["subject"]["reference"] == f"Patient/{real}"
    assert found[0].body["derivedFrom"][0]["reference"] == f"Patient/{real}"
    assert JOHN_ID not in dump(engine)


def test_the_order_of_entries_changes_nothing_that_is_stored(engine: Engine) -> None:
    taking = ingestor(engine)
    names = [f"urn:uuid:{n}aaa1111-2222-4333-8444-555566667777" for n in range(1, 7)]
    entries = [post(patient(), JOHN), *(post(observation(), name) for name in names)]
    taking.transaction(bundle("transaction", *entries))
    before = stored(engine)

    random.Random(5).shuffle(entries)
    results = taking.transaction(bundle("transaction", *entries))

    assert {each.written.outcome for each in results} == {"unchanged"}
    assert stored(engine) == before


def test_a_conditional_reference_that_finds_nothing_names_its_place(engine: Engine) -> None:
    sent = bundle("transaction", post(patient(managingOrganization={"reference": CLINIC}), JOHN))

    with pytest.raises(TransactionRefused) as refused:
        ingestor(engine).transaction(sent)

    [issue] = refused.value.issues
    assert issue.expression == "Bundle.entry[0].resource.managingOrganization.reference"
    assert refused.value.status == 412
    assert "77" not in issue.diagnostics
    assert stored(engine) == []


def test_a_conditional_reference_to_two_resources_is_refused(engine: Engine) -> None:
    taking = ingestor(engine)
    twins = post(organization("77", name="a")), post(organization("77", active=False))
    taking.batch(bundle("batch", *twins))

    with pytest.raises(TransactionRefused, match="mend"):
        taking.transaction(
            bundle("transaction", post(patient(managingOrganization={"reference": CLINIC})))
        )


def test_of_many_equal_conditional_creates_at_once_one_creates(engine: Engine) -> None:
    taking = ingestor(engine)
    query = "identifier=http://orgs.example|77"

    def create(number: int) -> str:
        name = f"urn:uuid:{number:08d}-2222-4333-8444-555566667777"
        sent = bundle("transaction", post(organization("77"), name, ifNoneExist=query))
        return taking.transaction(sent)[0].written.outcome

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(create, range(16)))

    assert outcomes == ["created"] + ["unchanged"] * 15
    assert stored(engine) == [("Organization", 1)]


def test_one_resource_twice_in_a_transaction_is_refused(engine: Engine) -> None:
    twice = put(organization("1", id="same")), put(organization("2", id="same"))

    with pytest.raises(TransactionRefused) as refused:
        ingestor(engine).transaction(bundle("transaction", *twice))

    places = [issue.expression for issue in refused.value.issues]
    assert places == ["Bundle.entry[0]", "Bundle.entry[1]"]


def test_an_empty_transaction_is_no_error(engine: Engine) -> None:
    assert ingestor(engine).transaction(bundle("transaction")) == []


def test_a_stale_version_is_not_overwritten(engine: Engine) -> None:
    taking = ingestor(engine)
    taking.transaction(bundle("transaction", put(organization("1", id="o"))))
    changed = organization("1", id="o", active=False)
    taking.transaction(bundle("transaction", put(changed, ifMatch='W/"1"')))

    with pytest.raises(TransactionRefused) as refused:
        taking.transaction(bundle("transaction", put(changed, ifMatch='W/"1"')))

    assert refused.value.status == 412
    assert stored(engine) == [("Organization", 1), ("Organization", 2)]


def test_a_deletion_ends_a_resource_and_keeps_its_versions(engine: Engine) -> None:
    taking = ingestor(engine)
    taking.transaction(bundle("transaction", put(organization("1", id="o"))))
    gone = {"request": {"method": "DELETE", "url": "Organization/o"}}

    taking.transaction(bundle("transaction", gone))

    [head] = [taking.store.read("Organization", pseudonym(taking.keys, "Organization", "o"))]
    assert head is not None
    assert head.deleted
    assert stored(engine) == [("Organization", 1), ("Organization", 2)]


def test_what_privacy_refuses_fails_the_transaction_with_its_path(engine: Engine) -> None:
    unknown = {"url": "http://unknown.example/negates", "valueBoolean": True}
    sent = bundle("transaction", post(observation(modifierExtension=[unknown])))

    with pytest.raises(TransactionRefused) as refused:
        ingestor(engine).transaction(sent)

    [issue] = refused.value.issues
    assert str(issue.expression).startswith("Bundle.entry[0].resource.modifierExtension")
    assert stored(engine) == []


def test_nothing_identified_reaches_the_tables(engine: Engine) -> None:
    ingestor(engine).transaction(bundle("transaction", post(patient(), JOHN), post(observation())))

    held = dump(engine)

    for canary in ("Quillfeather", "Zebediah", "8830417", "1961-05-04", JOHN_ID, "2020-02-29"):
        assert canary not in held
