"""Conditional references, creates, updates and deletes: TX14 to TX17."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from tests.support.fhir import (
    JOHN,
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
    CLINIC,
    delete,
    get,
    located,
    places,
    put_where,
    send,
    transact,
)

WHERE = {"reference": f"Organization?{BY_IDENTIFIER}"}
TO_CLINIC = {"managingOrganization": WHERE}
INACTIVE = {"managingOrganization": {"reference": "Organization?active=false"}}
NAME = "urn:uuid:2aaa1111-2222-4333-8444-555566667777"


@pytest.fixture
def http(engine: Engine) -> TestClient:
    return client(engine)


def organization_of(http: TestClient, entry: Any) -> str:
    """What the patient that an entry wrote refers to."""
    body = http.get(f"/fhir/{located(entry)}").json()
    return str(body["managingOrganization"]["reference"])


def clinics(http: TestClient, *ids: str) -> None:
    """Organizations that share an identifier."""
    transact(http, *(put(organization("77", id=each)) for each in ids))


@pytest.mark.parametrize("reference", [TO_CLINIC, INACTIVE])
def test_tx14_a_conditional_reference_finds_what_is_stored(
    http: TestClient, reference: Any
) -> None:
    transact(http, put(organization("77", id="c", active=False)))

    [made] = transact(http, post(patient(**reference)))

    assert organization_of(http, made) == "Organization/c"


@pytest.mark.parametrize("reference", [TO_CLINIC, INACTIVE])
def test_tx14_a_conditional_reference_finds_what_the_same_bundle_writes(
    http: TestClient, reference: Any
) -> None:
    made, _ = transact(
        http, post(patient(**reference)), put(organization("77", id="c", active=False))
    )

    assert organization_of(http, made) == "Organization/c"


def test_tx14_it_is_resolved_after_the_writes(http: TestClient) -> None:
    clinics(http, "old")

    made, *_ = transact(
        http,
        post(patient(**TO_CLINIC)),
        put(organization("78", id="old")),
        put(organization("77", id="new")),
    )

    assert organization_of(http, made) == "Organization/new"


@pytest.mark.parametrize("ids", [(), ("a", "b")])
@pytest.mark.parametrize(("reference", "name"), [(TO_CLINIC, "identifier"), (INACTIVE, "active")])
def test_tx14_none_or_several_fail_all_with_the_path_and_the_parameter_but_no_value(
    http: TestClient, engine: Engine, ids: tuple[str, ...], reference: Any, name: str
) -> None:
    for each in ids:
        transact(http, put(organization("77", id=each, active=False)))

    answer = send(http, "transaction", post(patient(**reference)), post(observation("Patient/a")))

    [issue] = answer.json()["issue"]
    assert answer.status_code == 412
    assert issue["expression"] == ["Bundle.entry[0].resource.managingOrganization.reference"]
    assert f"by {name}" in issue["diagnostics"]
    assert "77" not in answer.text
    assert len(stored(engine)) == len(ids)


def test_tx14_a_parameter_that_is_not_served_is_told_with_its_path(http: TestClient) -> None:
    reference = {"managingOrganization": {"reference": "Organization?nonsense=Quillfeather"}}

    answer = send(http, "transaction", post(patient()), post(patient(**reference)))

    assert answer.status_code == 400
    assert places(answer) == ["Bundle.entry[1].resource.managingOrganization.reference"]
    assert "Quillfeather" not in answer.text


@pytest.mark.parametrize("kind", ["batch", "single"])
def test_tx14_only_a_transaction_resolves_them(http: TestClient, kind: str) -> None:
    if kind == "batch":
        answer = send(http, "batch", post(patient(**TO_CLINIC))).json()
        outcome = answer["entry"][0]["response"]["outcome"]
    else:
        outcome = http.post("/fhir/Patient", json=patient(**TO_CLINIC)).json()

    assert "transaction" in outcome["issue"][0]["diagnostics"]


def test_tx15_a_conditional_create_without_a_match_creates(http: TestClient) -> None:
    [made] = transact(http, post(organization("77"), ifNoneExist=BY_IDENTIFIER))

    assert made["response"]["status"] == "201 Created"


@pytest.mark.parametrize("query", [BY_IDENTIFIER, "active=true", f"active=true&{BY_IDENTIFIER}"])
def test_tx15_a_match_is_answered_with_its_location_and_nothing_is_written(
    http: TestClient, engine: Engine, query: str
) -> None:
    clinics(http, "c")

    found, made = transact(
        http,
        post(organization("77", name="another"), NAME, ifNoneExist=query),
        post(patient(managingOrganization={"reference": NAME})),
    )

    assert found["response"]["status"] == "200 OK"
    assert found["response"]["location"] == "Organization/c/_history/1"
    assert organization_of(http, made) == "Organization/c"
    assert stored(engine) == [("Organization", 1), ("Patient", 1)]


def test_tx15_a_reference_to_the_version_of_a_match_names_the_version_that_is_stored(
    http: TestClient,
) -> None:
    clinics(http, "c")
    transact(http, put(organization("77", id="c", active=False)))

    _, seen = transact(
        http,
        post(organization("77"), NAME, ifNoneExist=BY_IDENTIFIER),
        post(observation("Patient/a", performer=[{"reference": f"{NAME}/_history/1"}])),
    )

    body = http.get(f"/fhir/{located(seen)}").json()
    assert body["performer"] == [{"reference": "Organization/c/_history/2"}]


def test_tx15_several_matches_are_a_412_that_names_the_entry(http: TestClient) -> None:
    clinics(http, "a", "b")

    answer = send(http, "transaction", post(organization("77"), ifNoneExist=BY_IDENTIFIER))

    assert answer.status_code == 412
    assert places(answer) == ["Bundle.entry[0].request.ifNoneExist"]


def test_tx15_the_same_bundle_again_finds_what_it_made(http: TestClient, engine: Engine) -> None:
    def entries() -> list[Any]:
        return [
            post(organization("77"), NAME, ifNoneExist=BY_IDENTIFIER),
            post(patient(managingOrganization={"reference": NAME}), JOHN),
        ]

    first, again = transact(http, *entries()), transact(http, *entries())

    assert [located(each) for each in first] == [located(each) for each in again]
    assert len(stored(engine)) == 2


@pytest.mark.parametrize("query", ["", "identifier=", "_count=1", "_sort=x", "identifier"])
def test_tx15_criteria_that_ask_nothing_are_refused(http: TestClient, query: str) -> None:
    clinics(http, "c")

    create = send(http, "transaction", post(organization("1"), ifNoneExist=query))
    ended = send(http, "transaction", delete(f"Organization?{query}"))

    assert (create.status_code, ended.status_code) == (400, 400)
    assert http.get("/fhir/Organization/c").status_code == 200


def test_a_conditional_update_without_a_match_creates(http: TestClient) -> None:
    [made] = transact(http, put_where(organization("77"), BY_IDENTIFIER))
    [named] = transact(
        http, put_where(organization("78", id="mine"), "identifier=http://orgs.example|78")
    )

    assert made["response"]["status"] == "201 Created"
    assert located(named) == "Organization/mine"


@pytest.mark.parametrize("query", [BY_IDENTIFIER, "active=true"])
def test_a_conditional_update_changes_the_one_match(http: TestClient, query: str) -> None:
    clinics(http, "c")

    [changed] = transact(http, put_where(organization("77", active=False), query))

    body = http.get("/fhir/Organization/c").json()
    assert changed["response"]["location"] == "Organization/c/_history/2"
    assert body["active"] is False
    assert body["identifier"] == organization("77")["identifier"]


def test_a_conditional_update_of_a_patient_keeps_the_shift_of_the_match(http: TestClient) -> None:
    transact(http, put(patient(id="ann", deceasedDateTime="2020-01-02")))
    query = "identifier=http://hospital.example/mrn|MRN-8830417"

    transact(http, put_where(patient(deceasedDateTime="2020-02-03"), query))

    body = http.get("/fhir/Patient/ann").json()
    assert body["deceasedDateTime"] == "2020-02-03"
    assert body["meta"]["versionId"] == "2"


def test_a_conditional_update_of_several_is_a_412(http: TestClient) -> None:
    clinics(http, "a", "b")

    answer = send(http, "transaction", put_where(organization("77"), BY_IDENTIFIER))

    assert answer.status_code == 412
    assert places(answer) == ["Bundle.entry[0].request.url"]


def test_a_conditional_update_may_not_bring_the_id_of_another(http: TestClient) -> None:
    clinics(http, "c")
    transact(http, put(organization("1", id="other")))

    matched = send(http, "transaction", put_where(organization("77", id="x"), BY_IDENTIFIER))
    taken = send(http, "transaction", put_where(organization("9", id="other"), "identifier=a|9"))

    assert (matched.status_code, taken.status_code) == (400, 409)
    assert places(matched) == places(taken) == ["Bundle.entry[0].resource.id"]


def test_a_conditional_delete_ends_one_leaves_none_and_refuses_several(http: TestClient) -> None:
    transact(http, put(organization("1", id="one")))
    clinics(http, "a", "b")

    one, none = transact(
        http, delete("Organization?identifier=http://orgs.example|1"),
        delete("Organization?identifier=http://orgs.example|2"),
    )  # fmt: skip
    several = send(http, "transaction", delete(f"Organization?{BY_IDENTIFIER}"))

    assert one["response"]["status"] == none["response"]["status"] == "204 No Content"
    assert http.get("/fhir/Organization/one").status_code == 410
    assert several.status_code == 412


@pytest.mark.parametrize(
    "entry",
    [
        put(organization("2", id="o"), ifMatch='W/"1"'),
        delete("Organization/o", ifMatch='W/"1"'),
        put(organization("2", id="new"), ifMatch='W/"1"'),
        put_where(organization("2"), "identifier=http://orgs.example|1", ifMatch='W/"1"'),
        put(organization("2", id="o"), ifMatch='W/"x3a"'),
    ],
)
def test_tx16_a_version_that_is_not_stored_fails_with_412(
    http: TestClient, engine: Engine, entry: Any
) -> None:
    transact(http, put(organization("1", id="o")))
    transact(http, put(organization("1", id="o", active=False)))

    answer = send(http, "transaction", post(patient()), entry)

    assert answer.status_code == 412
    assert places(answer) == ["Bundle.entry[1].request.ifMatch"]
    assert len(stored(engine)) == 2


def test_tx16_the_version_that_is_stored_is_changed(http: TestClient) -> None:
    transact(http, put(organization("1", id="o")))

    [changed] = transact(http, put(organization("2", id="o"), ifMatch='W/"1"'))

    assert changed["response"]["etag"] == 'W/"2"'


def test_tx16_if_none_match_any_writes_only_what_is_new(http: TestClient) -> None:
    entry = put(organization("1", id="o"), ifNoneMatch="*")

    first, second = send(http, "transaction", entry), send(http, "transaction", entry)

    assert (first.status_code, second.status_code) == (200, 412)
    assert places(second) == ["Bundle.entry[0].request.ifNoneMatch"]


@pytest.mark.parametrize(
    ("method", "url"), [("POST", "Patient"), ("PUT", "Patient/a"), ("PATCH", "Patient/a")]
)
def test_tx17_a_write_without_its_resource_is_a_400_that_names_the_entry(
    http: TestClient, method: str, url: str
) -> None:
    answer = send(http, "transaction", post(patient()), get(url, method))

    assert answer.status_code == 400
    assert places(answer) == ["Bundle.entry[1].resource"]


def test_a_bare_value_finds_the_identifier_of_any_system(http: TestClient) -> None:
    clinics(http, "c")

    [found] = transact(http, post(organization("1"), ifNoneExist="identifier=77"))

    assert located(found) == "Organization/c"
    assert CLINIC not in str(found)
