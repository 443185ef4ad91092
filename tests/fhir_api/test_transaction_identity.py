"""Ids and references of a transaction: TX8 to TX13."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from fhir_api.bundles.references import rewrite
from privacy.keys import derive_keys
from privacy.pseudonyms import pseudonym
from tests.support.fhir import (
    JOHN,
    JOHN_ID,
    ROOT,
    SITE,
    client,
    ingestor,
    observation,
    organization,
    patient,
    post,
    put,
    stored,
)
from tests.support.transactions import located, places, put_where, send, transact

PSEUDONYM = pseudonym(derive_keys(ROOT, SITE), "Patient", "17")
HERE, THERE = "http://a.example/fhir/", "http://b.example/fhir/"


@pytest.fixture
def http(engine: Engine) -> TestClient:
    return client(engine)


def read(http: TestClient, entry: Any) -> Any:
    """The resource that an entry of an answer wrote."""
    answer = http.get(f"/fhir/{located(entry)}")
    assert answer.status_code == 200
    return answer.json()


def test_tx8_the_server_gives_the_id_whatever_the_resource_and_the_full_url_say(
    http: TestClient,
) -> None:
    [made] = transact(http, post(patient(id="mine"), JOHN))

    assert located(made) not in {"Patient/mine", f"Patient/{JOHN_ID}"}
    assert http.get("/fhir/Patient/mine").status_code == 404


def test_tx8_the_same_bundle_twice_is_a_no_op_and_another_bundle_is_not(
    http: TestClient, engine: Engine
) -> None:
    first = transact(http, post(patient(), JOHN), post(observation()))
    again = transact(http, post(patient(), JOHN), post(observation()))
    other = transact(http, post(patient(), JOHN), post(observation(status="amended")))

    assert [located(each) for each in first] == [located(each) for each in again]
    assert {each["response"]["status"] for each in again} == {"200 OK"}
    assert located(other[0]) != located(first[0])
    assert len(stored(engine)) == 4


def test_tx8_a_bundle_sent_again_does_not_set_back_what_was_changed_since(
    http: TestClient,
) -> None:
    [made] = transact(http, post(organization("1")))
    changed = organization("1", id=located(made).partition("/")[2], active=False)
    transact(http, put(changed))

    [again] = transact(http, post(organization("1")))

    assert again["response"]["location"] == f"{located(made)}/_history/2"
    assert read(http, made)["active"] is False


def test_tx8_a_create_on_its_own_is_a_new_resource_each_time(http: TestClient) -> None:
    made = {http.post("/fhir/Patient", json=patient()).headers["location"] for _ in range(2)}

    assert len(made) == 2


def test_tx8_in_a_file_a_name_is_an_id(engine: Engine) -> None:
    [stored_here] = ingestor(engine).transaction(
        {"resourceType": "Bundle", "type": "transaction", "entry": [post(patient(), JOHN)]}
    )

    assert stored_here.real_id == JOHN_ID  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "entry",
    [
        put(patient(id=PSEUDONYM)),
        post(patient(id=PSEUDONYM)),
        put_where(patient(id=PSEUDONYM), "identifier=a|b"),
    ],
)
def test_tx8_an_id_that_is_a_pseudonym_is_refused(http: TestClient, entry: Any) -> None:
    answer = send(http, "transaction", entry)

    assert answer.status_code == 422
    assert places(answer) == ["Bundle.entry[0].resource.id"]
    assert PSEUDONYM not in answer.text


def test_tx8_version_and_time_that_a_client_sends_are_ignored(http: TestClient) -> None:
    meta = {"versionId": "77", "lastUpdated": "1999-01-01T00:00:00Z"}

    [made] = transact(
        http, put(organization("1", id="o", meta=meta)), prefer="return=representation"
    )

    assert made["resource"]["meta"]["versionId"] == "1"
    assert not made["resource"]["meta"]["lastUpdated"].startswith("1999")


def test_tx9_references_to_a_posted_entry_follow_it(http: TestClient) -> None:
    nested = {"url": "http://x.example", "valueReference": {"reference": JOHN}}
    john, seen = transact(
        http, post(patient(), JOHN), post(observation(hasMember=[{"reference": JOHN}],
                                                      extension=[nested]))
    )  # fmt: skip

    body = read(http, seen)

    assert body["subject"]["reference"] == located(john)
    assert body["hasMember"] == [{"reference": located(john)}]


def linked() -> dict[str, Any]:
    """A resource with a name of another entry wherever one may stand, and where none may."""
    return {
        "resourceType": "ServiceRequest",
        "instantiatesUri": [JOHN, "http://x.example"],
        "instantiatesCanonical": [JOHN],
        "identifier": [{"system": JOHN, "value": JOHN}],
        "text": {"div": f"<div><a class='x' href='{JOHN}'>{JOHN}</a><img src=\"{JOHN}\"/></div>"},
        "extension": [
            {"url": "http://x.example", "valueUri": JOHN},
            {"url": "http://x.example", "valueUrl": JOHN},
            {"url": "http://x.example", "valueUuid": JOHN},
            {"url": "http://x.example", "valueCanonical": JOHN},
            {"url": "http://x.example", "valueString": JOHN},
        ],
        "contained": [{"resourceType": "Media", "content": {"url": JOHN, "title": JOHN}}],
    }


def test_tx9_links_of_every_type_follow_and_canonicals_and_texts_never() -> None:
    resource = linked()

    rewrite(resource, {JOHN: "Patient/1"})

    assert resource["instantiatesUri"] == ["Patient/1", "http://x.example"]
    assert resource["instantiatesCanonical"] == [JOHN]
    assert resource["identifier"] == [{"system": "Patient/1", "value": JOHN}]
    assert resource["text"]["div"] == (
        f"<div><a class='x' href='Patient/1'>{JOHN}</a><img src=\"Patient/1\"/></div>"
    )
    values = [next(each for name, each in extension.items() if name != "url")
              for extension in resource["extension"]]  # fmt: skip
    assert values == ["Patient/1", "Patient/1", "Patient/1", JOHN, JOHN]
    assert resource["contained"][0]["content"] == {"url": "Patient/1", "title": JOHN}


def test_tx9_a_canonical_that_is_called_like_a_link_elsewhere_stays() -> None:
    unmapped = {"mode": "other-map", "url": JOHN}
    concept_map = {"resourceType": "ConceptMap", "url": JOHN, "group": [{"unmapped": unmapped}]}

    rewrite(concept_map, {JOHN: "Patient/1"})

    assert concept_map["url"] == "Patient/1"
    assert unmapped["url"] == JOHN


def test_tx10_two_entries_may_refer_to_each_other(http: TestClient) -> None:
    one, other = "urn:uuid:1aaa1111-2222-4333-8444-555566667777", JOHN

    entries = transact(
        http,
        post(observation("Patient/a", hasMember=[{"reference": other}]), one),
        post(observation("Patient/a", hasMember=[{"reference": one}]), other),
    )

    bodies = [read(http, each) for each in entries]
    assert [each["hasMember"][0]["reference"] for each in bodies] == [
        located(entries[1]),
        located(entries[0]),
    ]


def test_tx11_a_reference_to_a_version_stays_one_and_a_new_resource_is_in_its_first(
    http: TestClient,
) -> None:
    old = f"{HERE}Organization/9"
    kept = {"reference": "Organization/elsewhere/_history/4"}

    made, seen = transact(
        http,
        post(organization("1"), old),
        post(observation("Patient/a", performer=[{"reference": f"{old}/_history/7"}, kept])),
    )

    performers = [each["reference"] for each in read(http, seen)["performer"]]
    assert performers == [f"{located(made)}/_history/1", kept["reference"]]


def test_tx12_references_out_of_the_bundle_are_left_alone(http: TestClient) -> None:
    _, seen = transact(http, post(patient(), JOHN), post(observation("Patient/out-there")))

    assert read(http, seen)["subject"]["reference"] == "Patient/out-there"


@pytest.mark.parametrize(("base", "joined"), [(HERE, True), (THERE, False)])
def test_tx12_a_relative_reference_is_read_against_the_full_url_that_holds_it(
    http: TestClient, base: str, joined: bool
) -> None:
    john, seen = transact(
        http,
        post(patient(), f"{HERE}Patient/7"),
        post(observation("Patient/7"), f"{base}Observation/1"),
    )

    expected = located(john) if joined else "Patient/7"
    assert read(http, seen)["subject"]["reference"] == expected


def test_tx13_a_put_goes_by_its_id_whatever_server_its_full_url_names(http: TestClient) -> None:
    entry = put(organization("1", id="o")) | {"fullUrl": f"{THERE}Organization/99"}
    absolute = {"method": "PUT", "url": f"{THERE}Patient/p"}

    first, second, seen = transact(
        http,
        entry,
        {"resource": patient(id="p"), "request": absolute},
        post(observation("Patient/p", performer=[{"reference": f"{THERE}Organization/99"}])),
    )

    assert (located(first), located(second)) == ("Organization/o", "Patient/p")
    assert read(http, seen)["performer"] == [{"reference": "Organization/o"}]
