"""The Subscription resource over HTTP: what is taken, what is refused and why, what is kept."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from fhir_api.subscriptions.seal import Seal, Secrets
from fhir_api.validation.validator import Validator
from tests.support.fhir import FHIR_JSON
from tests.support.subscriptions import BACKPORT, KEYS, RISK, client, rules, stored_id, subscription

HOOK = "https://hook.example/notify"
SECRET = "Authorization: Bearer s3cr3t-of-the-hook"


@pytest.fixture
def http(engine: Engine) -> TestClient:
    return client(engine, rules(HOOK, most_of_a_client=5))


def post(http: TestClient, resource: dict[str, Any]) -> Any:
    return http.post("/fhir/Subscription", json=resource, headers=FHIR_JSON)


def places(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [each["expression"][0] for each in answer.json()["issue"]]


def table(engine: Engine) -> str:
    with engine.connect() as connection:
        return "\n".join(connection.execute(text("SELECT s::text FROM subscription s")).scalars())


def test_a_subscription_is_made_and_waits_for_its_handshake(http: TestClient) -> None:
    made = post(http, subscription(HOOK))
    id_ = made.json()["id"]

    assert made.status_code == 201
    assert made.headers["location"] == f"https://ehr.example/fhir/Subscription/{id_}"
    assert made.headers["etag"] == 'W/"1"'
    assert made.json()["status"] == "requested"


def test_what_is_read_is_what_was_sent_but_for_its_secrets(http: TestClient) -> None:
    numbers = {"heartbeat-period": 60, "timeout": 20, "max-count": 10}
    criterion = "RiskAssessment?patient=Patient/ann&probability=ge30"
    contact = [{"system": "email", "value": "it@hook.example"}]
    sent = subscription(
        HOOK, RISK, criterion=criterion, numbers=numbers, header=[SECRET], contact=contact,
        end="2030-01-01T00:00:00Z",
    )  # fmt: skip

    id_ = post(http, sent).json()["id"]
    read = http.get(f"/fhir/Subscription/{id_}").json()

    assert Validator().validate(read) == []
    assert read["channel"] == sent["channel"] | {"header": ["Authorization: (kept secret)"]}
    assert {name: read[name] for name in ("_criteria", "criteria", "reason", "contact")} == {
        name: sent[name] for name in ("_criteria", "criteria", "reason", "contact")
    }
    assert read["end"].startswith("2030-01-01T00:00:00")


def test_secrets_and_real_ids_are_not_in_the_table(http: TestClient, engine: Engine) -> None:
    criterion = "Encounter?patient=Patient/ann-of-the-hospital"
    post(http, subscription(HOOK, criterion=criterion, header=[SECRET], reason="Ann Quillfeather"))
    kept = table(engine)

    assert "s3cr3t" not in kept
    assert "Quillfeather" not in kept
    assert "ann-of-the-hospital" not in kept
    assert stored_id("Patient", "ann-of-the-hospital") in kept


def test_sealed_headers_cannot_be_moved_to_another_subscription() -> None:
    from cryptography.exceptions import InvalidTag

    seal = Seal(KEYS)
    sealed = seal.close("one", Secrets((SECRET,), "why"))

    assert seal.open("one", sealed) == Secrets((SECRET,), "why")
    assert SECRET not in repr(seal.open("one", sealed))
    with pytest.raises(InvalidTag):
        seal.open("two", sealed)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"criteria": "Encounter?status=finished"}, "Subscription.criteria"),
        ({"criteria": "http://elsewhere.example/topic"}, "Subscription.criteria"),
        ({"status": "active"}, "Subscription.status"),
        ({"status": "error"}, "Subscription.status"),
    ],
)
def test_a_subscription_that_is_not_served_says_where(
    http: TestClient, change: dict[str, Any], place: str
) -> None:
    answer = post(http, subscription(HOOK) | change)

    assert places(answer) == [place]
    assert "elsewhere" not in answer.text


@pytest.mark.parametrize("kind", ["websocket", "email", "sms", "message"])
def test_rest_hook_is_the_only_channel(http: TestClient, kind: str) -> None:
    sent = subscription(HOOK)
    sent["channel"]["type"] = kind

    assert places(post(http, sent)) == ["Subscription.channel.type"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://elsewhere.example/notify",
        "http://hook.example/notify",
        "https://hook.example.evil.example/notify",
        "https://user:password@hook.example/notify",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
    ],
)
def test_an_endpoint_that_is_not_on_the_list_is_refused(http: TestClient, endpoint: str) -> None:
    answer = post(http, subscription(endpoint))

    assert places(answer) == ["Subscription.channel.endpoint"]
    assert endpoint not in answer.text


def test_a_site_that_names_no_endpoint_lets_none_be_notified(engine: Engine) -> None:
    answer = post(client(engine, rules()), subscription(HOOK))

    assert places(answer) == ["Subscription.channel.endpoint"]


@pytest.mark.parametrize(
    "line",
    [
        "no colon",
        "Host: elsewhere.example",
        "Content-Length: 5",
        "Transfer-Encoding: chunked",
        "Proxy-Authorization: x",
        "X-Key: a\r\nX-Other: b",
        "X-Key: \u00e9",
        "Authorization: (kept secret)",
    ],
)
def test_a_header_that_would_change_the_request_is_refused(http: TestClient, line: str) -> None:
    answer = post(http, subscription(HOOK, header=["X-Fine: yes", line]))

    assert places(answer) == ["Subscription.channel.header[1]"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("heartbeat-period", 1), ("heartbeat-period", 90_000), ("timeout", 61), ("max-count", 1001)],
)
def test_numbers_of_the_channel_have_bounds(http: TestClient, name: str, value: int) -> None:
    answer = post(http, subscription(HOOK, numbers={name: value}))

    assert places(answer) == ["Subscription.channel.extension"]


def test_how_much_a_notification_tells_must_be_said(http: TestClient) -> None:
    sent = subscription(HOOK)
    del sent["channel"]["_payload"]

    assert places(post(http, sent)) == ["Subscription.channel.payload.extension"]


def test_everything_wrong_is_told_at_once(http: TestClient) -> None:
    sent = subscription("https://elsewhere.example/", status="active", criteria="nothing")

    assert sorted(places(post(http, sent))) == [
        "Subscription.channel.endpoint",
        "Subscription.criteria",
        "Subscription.status",
    ]


@pytest.mark.parametrize("missing", ["reason", "channel", "criteria", "status"])
def test_r4_comes_first(http: TestClient, missing: str) -> None:
    sent = subscription(HOOK)
    del sent[missing]

    assert post(http, sent).status_code == 422


@pytest.mark.parametrize("end", ["2030-12-31T23:59:60Z", "9999-12-31T23:59:59-14:00"])
def test_an_end_outside_the_calendar_is_refused(http: TestClient, end: str) -> None:
    assert places(post(http, subscription(HOOK, end=end))) == ["Subscription.end"]


def test_an_update_shakes_hands_again_and_counts_its_version(http: TestClient) -> None:
    id_ = post(http, subscription(HOOK)).json()["id"]
    path = f"/fhir/Subscription/{id_}"

    changed = http.put(path, json=subscription(HOOK, RISK, id=id_), headers=FHIR_JSON)
    stale = http.put(
        path, json=subscription(HOOK, id=id_), headers=FHIR_JSON | {"if-match": 'W/"1"'}
    )

    assert (changed.status_code, changed.headers["etag"]) == (200, 'W/"2"')
    assert (changed.json()["criteria"], changed.json()["status"]) == (RISK, "requested")
    assert stale.status_code == 412


def test_a_client_may_switch_a_subscription_off(http: TestClient) -> None:
    id_ = post(http, subscription(HOOK)).json()["id"]
    off = subscription(HOOK, id=id_, status="off")

    answer = http.put(f"/fhir/Subscription/{id_}", json=off, headers=FHIR_JSON)

    assert answer.json()["status"] == "off"


def test_an_update_names_the_id_of_its_path(http: TestClient) -> None:
    id_ = post(http, subscription(HOOK)).json()["id"]
    other = subscription(HOOK, id="other")

    assert http.put(f"/fhir/Subscription/{id_}", json=other, headers=FHIR_JSON).status_code == 400
    assert http.put("/fhir/Subscription/other", json=other, headers=FHIR_JSON).status_code == 404


def test_a_deleted_subscription_is_gone_and_may_be_deleted_again(http: TestClient) -> None:
    path = f"/fhir/Subscription/{post(http, subscription(HOOK)).json()['id']}"

    assert [http.delete(path).status_code for _ in range(2)] == [204, 204]
    assert http.get(path).status_code == 404


def test_subscriptions_are_searched(http: TestClient) -> None:
    first = post(http, subscription(HOOK)).json()["id"]
    second = post(http, subscription(HOOK, RISK)).json()["id"]

    def found(query: str) -> set[str]:
        answer = http.get(f"/fhir/Subscription?{query}").json()
        assert answer["total"] == len(answer.get("entry", []))
        return {each["resource"]["id"] for each in answer.get("entry", [])}

    assert found("") == {first, second}
    assert found(f"criteria={RISK}") == {second}
    assert found(f"_id={first}&status=requested,active") == {first}
    assert found("status=off") == set()
    assert found(f"url={HOOK}") == {first, second}
    assert http.get("/fhir/Subscription?payload=x").status_code == 400


def test_a_search_may_be_posted_as_a_form(http: TestClient) -> None:
    id_ = post(http, subscription(HOOK)).json()["id"]
    answer = http.post("/fhir/Subscription/_search", data={"_id": id_})

    assert answer.json()["total"] == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PATCH", "/1", 405),
        ("POST", "/1", 405),
        ("PUT", "", 405),
        ("DELETE", "", 405),
        ("GET", "/_history", 404),
        ("GET", "/1/_history", 404),
        ("GET", "/1/_history/1", 404),
    ],
)
def test_what_is_not_for_subscriptions_is_told(
    http: TestClient, method: str, path: str, status: int
) -> None:
    answer = http.request(method, f"/fhir/Subscription{path}")

    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_client_cannot_have_any_number_of_subscriptions(http: TestClient) -> None:
    answers = [post(http, subscription(HOOK)).status_code for _ in range(6)]

    assert answers == [201] * 5 + [400]


def test_the_topics_are_there_to_read(http: TestClient) -> None:
    topics = http.get("/fhir/SubscriptionTopic").json()

    assert topics["total"] == 2
    assert http.get("/fhir/SubscriptionTopic/stay-finished").json()["id"] == "stay-finished"
    assert http.get("/fhir/SubscriptionTopic/nothing").status_code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"resourceType": "Patient"}'])
def test_a_body_that_is_no_subscription_is_a_400(http: TestClient, body: bytes) -> None:
    answer = http.post("/fhir/Subscription", content=body, headers=FHIR_JSON)

    assert answer.status_code == 400


def test_what_the_backport_calls_its_extensions_is_what_we_read() -> None:
    assert BACKPORT.startswith("http://hl7.org/fhir/uv/subscriptions-backport/")
