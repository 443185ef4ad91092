"""What a caller may do is asked for each entry: TX20, SMART requirement 130."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from fhir_api.access.caller import ANY, EVERYTHING, Caller, Grant, Limit
from tests.support.fhir import (
    client,
    observation,
    organization,
    patient,
    post,
    put,
    stored,
)
from tests.support.instance import seen_by
from tests.support.transactions import (
    delete,
    get,
    patch,
    places,
    put_where,
    send,
    statuses,
    transact,
)

MRN = "identifier=http://hospital.example/mrn|MRN-8830417"
STATUS = {"op": "replace", "path": "/status", "value": "amended"}


def caller(*grants: Grant, identified: bool = True) -> Caller:
    return Caller("app", grants, identified=identified)


def may(kind: str, *interactions: Any, limit: Limit | None = None) -> Grant:
    return Grant(kind, frozenset(interactions), limit or Limit())


def for_patient(id_: str) -> Caller:
    return caller(Grant(ANY, EVERYTHING, Limit(id_)))


@pytest.fixture
def ann(engine: Engine) -> TestClient:
    """A client limited to the records of Ann; Bob's are stored too."""
    transact(
        client(engine),
        put(patient(id="ann")),
        put(patient(id="bob", identifier=[{"system": "a", "value": "bob"}])),
        put(observation("Patient/ann", id="of-ann")),
        put(observation("Patient/bob", id="of-bob")),
    )
    return seen_by(engine, for_patient("ann"))


WRITER = caller(may("Observation", "create", "update"), may("Patient", "read"))
ENTRIES = [
    post(observation("Patient/a")),
    post(organization("1")),
    get("Patient/nobody"),
    get("Observation?status=final"),
    delete("Observation/x"),
    patch("Organization/x", STATUS),
]


def test_tx20_in_a_batch_the_entries_that_are_not_allowed_are_403(engine: Engine) -> None:
    answer = send(seen_by(engine, WRITER), "batch", *ENTRIES)

    assert statuses(answer) == ["201", "403", "404", "403", "403", "403"]


def test_tx20_in_a_transaction_one_that_is_not_allowed_fails_the_whole(engine: Engine) -> None:
    answer = send(seen_by(engine, WRITER), "transaction", *ENTRIES)

    assert answer.status_code == 403
    assert places(answer) == [f"Bundle.entry[{index}]" for index in (1, 3, 4, 5)]
    assert stored(engine) == []


def test_tx20_nothing_else_is_told_of_entries_when_one_is_not_allowed(engine: Engine) -> None:
    bad = post(observation("Patient/a", status="no"))

    answer = send(seen_by(engine, WRITER), "transaction", bad, post(organization("1")))

    assert answer.status_code == 403
    assert places(answer) == ["Bundle.entry[1]"]


FOREIGN = [
    post(observation("Patient/bob")),
    put(observation("Patient/ann", id="of-bob")),
    put(observation("Patient/bob", id="of-ann")),
    delete("Observation/of-bob"),
    patch("Observation/of-bob", STATUS),
    delete("Patient?identifier=a|bob"),
    put_where(patient(), "identifier=a|bob"),
    post(patient(), ifNoneExist="identifier=a|bob"),
    put(patient(id="carl")),
]


@pytest.mark.parametrize("entry", FOREIGN)
def test_tx20_under_a_patient_limit_nothing_of_another_is_written(
    ann: TestClient, engine: Engine, entry: Any
) -> None:
    before = stored(engine)

    whole = send(ann, "transaction", post(observation("Patient/ann")), entry)

    assert whole.status_code == refusal(entry)
    assert [each.removesuffix(".request.url") for each in places(whole)] == ["Bundle.entry[1]"]
    assert stored(engine) == before


def refusal(entry: Any) -> int:
    """What lies outside is not there to be changed or ended; what is brought is refused."""
    return 404 if entry["request"]["method"] in {"PATCH", "DELETE"} else 403


@pytest.mark.parametrize("url", ["Observation/{}", "Observation?status=final&_id={}"])
@pytest.mark.parametrize("make", [delete, lambda url: patch(url, STATUS)])
def test_tx20_what_is_hidden_by_a_limit_is_told_like_what_is_not_there(
    ann: TestClient, make: Any, url: str
) -> None:
    hidden, absent = (
        send(ann, "batch", make(url.format(each))).json()["entry"][0]["response"]
        for each in ("of-bob", "of-nobody")
    )

    assert hidden == absent
    assert hidden["status"] == "404"


@pytest.mark.parametrize("entry", FOREIGN)
def test_tx20_in_a_batch_the_other_entries_stand(
    ann: TestClient, engine: Engine, entry: Any
) -> None:
    before = len(stored(engine))

    answer = send(ann, "batch", entry, post(observation("Patient/ann")))

    assert statuses(answer) == [str(refusal(entry)), "201"]
    assert len(stored(engine)) == before + 1


def test_tx20_what_is_inside_the_limit_is_written_and_read(ann: TestClient) -> None:
    answer = send(
        ann,
        "transaction",
        post(observation("Patient/ann")),
        put(observation("Patient/ann", id="of-ann", status="amended")),
        put(patient(id="ann", gender="female")),
        get("Observation/of-ann"),
        get("Observation?status=amended"),
    )

    assert statuses(answer) == ["201", "200", "200", "200", "200"]


@pytest.mark.parametrize("url", ["Observation/of-bob", "Patient/bob", "Observation/nobody"])
def test_tx20_what_is_outside_the_limit_is_read_as_if_it_were_not_there(
    ann: TestClient, url: str
) -> None:
    answer = send(ann, "batch", get(url), get("Observation?status=final"))

    assert statuses(answer) == ["404", "200"]
    found = answer.json()["entry"][1]["resource"]["entry"]
    assert [each["resource"]["id"] for each in found] == ["of-ann"]


def test_a_limit_by_query_holds_before_and_after_the_write(engine: Engine) -> None:
    transact(
        client(engine), put(organization("1", id="o")), put(organization("2", id="p", active=False))
    )
    active = Limit(query=(("active", "true"),))
    http = seen_by(engine, caller(may("Organization", "update", "create", limit=active)))

    answer = send(
        http,
        "batch",
        put(organization("1", id="o", name="x")),
        put(organization("1", id="o", active=False)),
        put(organization("2", id="p", active=True)),
        post(organization("3", active=False)),
    )

    assert statuses(answer) == ["200", "403", "403", "403"]


TRIED = [
    post(observation("Patient/ann")),
    post(patient(), ifNoneExist=MRN),
    put(observation("Patient/ann", id="of-ann")),
    put_where(patient(), MRN),
    patch("Patient/ann", {"op": "test", "path": "/gender", "value": "male"}),
    delete(f"Patient?{MRN}"),
]


@pytest.mark.parametrize("entry", TRIED)
@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_who_may_see_no_identities_cannot_try_them_with_a_write(
    engine: Engine, kind: str, entry: Any
) -> None:
    transact(client(engine), put(patient(id="ann")))
    before = stored(engine)
    http = seen_by(engine, caller(Grant(ANY, EVERYTHING), identified=False))

    answer = send(http, kind, entry)

    told = answer.json() if kind == "transaction" else answer.json()["entry"][0]["response"]
    assert "p1" not in answer.text
    assert "--identified" in str(told)
    assert (answer.status_code, stored(engine)) == (403 if kind == "transaction" else 200, before)


def test_who_may_see_no_identities_deletes_by_pseudonym(engine: Engine) -> None:
    transact(client(engine), put(patient(id="ann")))
    http = seen_by(engine, caller(Grant(ANY, EVERYTHING), identified=False))
    [found] = http.get("/fhir/Patient").json()["entry"]

    transact(http, delete(f"Patient/{found['resource']['id']}"), delete("Patient/ann"))

    assert http.get("/fhir/Patient").json().get("entry") is None
