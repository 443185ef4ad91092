"""A transaction by the rules of https://hl7.org/fhir/R4/http.html#trules: TX1 to TX7."""

import random

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from fhir_api.validation.validator import Validator
from tests.support.fhir import (
    JOHN,
    Resource,
    client,
    observation,
    organization,
    patient,
    post,
    put,
    stored,
)
from tests.support.transactions import (
    BY_IDENTIFIER,
    delete,
    get,
    located,
    patch,
    places,
    put_where,
    send,
    statuses,
    transact,
)

SEEN = [f"urn:uuid:{number}aaa1111-2222-4333-8444-555566667777" for number in range(1, 7)]
SERVERS = {"meta", "id", "birthDate"}  # a birth year moves with the shift, and that with the id
ACTIVE = {"op": "replace", "path": "/active", "value": False}


@pytest.fixture
def http(engine: Engine) -> TestClient:
    return client(engine)


def test_tx1_all_entries_are_applied_and_the_answer_is_200(http: TestClient) -> None:
    entries = transact(http, post(patient(), JOHN), put(organization("1", id="o")))

    assert [each["response"]["status"] for each in entries] == ["201 Created"] * 2


def test_tx1_one_bad_entry_leaves_nothing_and_one_outcome_names_every_bad_one(
    http: TestClient, engine: Engine
) -> None:
    bad, worse = observation(status="no"), observation(effectiveDateTime="2020-02-30")

    answer = send(http, "transaction", post(patient(), JOHN), post(bad), post(worse))

    assert answer.status_code == 422
    assert places(answer) == [
        "Bundle.entry[1].resource.status",
        "Bundle.entry[2].resource.effectiveDateTime",
    ]
    assert stored(engine) == []


def test_tx2_an_empty_transaction_is_no_error(http: TestClient) -> None:
    answer = send(http, "transaction")

    assert answer.json() == {"resourceType": "Bundle", "type": "transaction-response"}


def mixed() -> list[Resource]:
    """An entry of each kind, all about different resources that refer to one another."""
    seen = observation(JOHN, performer=[{"reference": f"Organization?{BY_IDENTIFIER}"}])
    return [
        post(patient(managingOrganization={"reference": "Organization/kept"}), JOHN),
        *(post(seen, name) for name in SEEN),
        put(organization("77", id="made")),
        patch("Organization/kept", ACTIVE),
        delete("Organization/gone"),
        get("Organization/kept"),
    ]


def outcome_of(http: TestClient, entries: list[Resource]) -> list[tuple[str, str]]:
    """What is stored of each type when the entries have been carried out, ids aside."""
    names = {}
    for entry, sent in zip(transact(http, *entries), entries, strict=True):
        if "location" in entry["response"] and "fullUrl" in sent:
            names[located(entry)] = sent["fullUrl"]
    found = [
        resource["resource"]
        for kind in ("Patient", "Observation", "Organization")
        for resource in http.get(f"/fhir/{kind}").json().get("entry", [])
    ]
    return sorted((each["resourceType"], drawn(each, names)) for each in found)


def drawn(resource: Resource, names: dict[str, str]) -> str:
    """A resource as text, ids of the server's making replaced by the names of their entries."""
    content = {name: each for name, each in resource.items() if name not in SERVERS}
    shown = repr(sorted(content.items()))
    for id_, name in names.items():
        shown = shown.replace(id_, name)
    return shown


@pytest.mark.parametrize("seed", range(4))
def test_tx3_the_outcome_does_not_depend_on_the_order_of_entries(engine: Engine, seed: int) -> None:
    http = client(engine)
    outcomes = []
    for order in (mixed(), random.Random(seed).sample(mixed(), len(mixed()))):
        with engine.begin() as connection:
            connection.execute(text("TRUNCATE resource_version, resource_head, search_value, "
                                    "resource_identifier, vault_name"))  # fmt: skip
        transact(http, put(organization("k", id="kept")), put(organization("g", id="gone")))
        outcomes.append(outcome_of(http, order))

    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    "others",
    [
        [put(organization("2", id="o"))],
        [delete("Organization/o")],
        [patch("Organization/o", ACTIVE)],
        [put_where(organization("1"), "identifier=http://orgs.example|1")],
        [delete("Organization?identifier=http://orgs.example|1")],
        [delete("Organization?identifier=http://orgs.example|1"), patch("Organization/o", ACTIVE)],
    ],
)
def test_tx4_one_resource_named_twice_fails_the_whole(
    http: TestClient, engine: Engine, others: list[Resource]
) -> None:
    transact(http, put(organization("1", id="o")))

    answer = send(http, "transaction", put(organization("1", id="o", active=False)), *others)

    assert answer.status_code == 400
    assert places(answer)[:2] == ["Bundle.entry[0]", "Bundle.entry[1]"]
    assert stored(engine) == [("Organization", 1)]


def test_tx4_two_updates_that_ask_the_same_and_find_nothing_are_one_resource(
    http: TestClient, engine: Engine
) -> None:
    both = [put_where(organization("77"), BY_IDENTIFIER) for _ in range(2)]

    assert send(http, "transaction", *both).status_code == 400
    assert send(http, "transaction", both[0], post(organization("77"))).status_code == 400
    assert stored(engine) == []


def test_tx5_deletes_come_before_creates_and_creates_before_updates(http: TestClient) -> None:
    transact(http, put(organization("77", id="old")))

    made, gone = transact(
        http,
        post(organization("77"), ifNoneExist=BY_IDENTIFIER),
        delete("Organization/old"),
    )

    assert made["response"]["status"] == "201 Created"
    assert gone["response"]["status"] == "204 No Content"
    assert http.get("/fhir/Organization/old").status_code == 410


def test_tx6_reads_searches_and_versions_see_what_was_written(http: TestClient) -> None:
    transact(http, put(organization("1", id="o")))

    answers = transact(
        http,
        get("Organization/o"),
        get("Organization?active=false"),
        get("Organization/o/_history/1"),
        get("Organization/o", "HEAD"),
        put(organization("1", id="o", active=False)),
    )

    read, found, version, head, _ = (each.get("resource", {}) for each in answers)
    assert read["active"] is False
    assert [each["resource"]["id"] for each in found["entry"]] == ["o"]
    assert (version["active"], version["meta"]["versionId"]) == (True, "1")
    assert head == {}
    assert answers[3]["response"]["etag"] == 'W/"2"'


def test_tx6_a_read_of_what_is_not_there_fails_the_whole(http: TestClient, engine: Engine) -> None:
    answer = send(http, "transaction", put(organization("1", id="o")), get("Patient/nobody"))

    assert answer.status_code == 404
    assert places(answer) == ["Bundle.entry[1]"]
    assert stored(engine) == []


def test_tx6_a_read_that_the_caller_has_already_is_a_304(http: TestClient) -> None:
    transact(http, put(organization("1", id="o")))

    [entry] = transact(http, get("Organization/o", ifNoneMatch='W/"1"'))

    assert entry["response"]["status"] == "304 Not Modified"
    assert "resource" not in entry


def test_tx7_each_entry_is_answered_with_status_version_and_time(http: TestClient) -> None:
    transact(http, put(organization("1", id="o")))

    changed, made = transact(http, put(organization("2", id="o")), post(patient()))

    response = changed["response"]
    assert (response["status"], response["location"]) == ("200 OK", "Organization/o/_history/2")
    assert response["etag"] == 'W/"2"'
    assert response["lastModified"].endswith("Z")
    assert made["response"]["location"].endswith("/_history/1")
    assert "resource" not in changed


def test_tx7_the_resource_or_an_outcome_is_told_where_it_is_preferred(http: TestClient) -> None:
    sent = post(organization("1"))

    [minimal] = transact(http, sent, prefer="return=minimal")
    [whole] = transact(http, sent, prefer="return=representation")
    [outcome] = transact(http, sent, prefer='return="OperationOutcome"; wait=10')

    assert set(minimal) == {"response"}
    assert whole["resource"]["id"] == located(whole).partition("/")[2]
    assert whole["resource"]["identifier"] == organization("1")["identifier"]
    assert outcome["response"]["outcome"]["resourceType"] == "OperationOutcome"


def test_tx7_answers_are_valid_r4(http: TestClient) -> None:
    transact(http, put(organization("k", id="kept")), put(organization("g", id="gone")))

    answer = send(http, "transaction", *mixed(), prefer="return=representation")

    assert Validator().validate(answer.json()) == []
    assert statuses(answer) == ["201"] * 8 + ["200", "204", "200"]
