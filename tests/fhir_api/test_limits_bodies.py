"""Limits of what is sent, one below and one above; poison is a 4xx with an OperationOutcome."""

import gzip
import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from fhir_api.json_text import JsonLimits
from fhir_api.routes.limits import Limits
from tests.support.fhir import FHIR_JSON, bundle, observation, patient, post
from tests.support.instance import issue, served, trail

SMALL = Limits(
    bundle_bytes=4_000, resource_bytes=2_000, header_bytes=1_000, address_bytes=300, parameters=5,
    json=JsonLimits(depth=10, string=500, number=20, names=30, values=300),
)  # fmt: skip
WRITES = [("POST", "/fhir"), ("POST", "/fhir/Patient"), ("PUT", "/fhir/Patient/a"),
          ("PATCH", "/fhir/Patient/a"), ("POST", "/fhir/Patient/$validate"),
          ("PUT", "/fhir/Patient?identifier=a|b")]  # fmt: skip
POISON = {
    "nothing": b"",
    "500 lists": b"[" * 500 + b"]" * 500,
    "2,000 lists": b"[" * 2000 + b"]" * 2000,
    "100,000 lists": b"[" * 100_000 + b"]" * 100_000,
    "100,000 objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "open objects": b"{" * 100_000,
    "5,000 digits": b'{"v":' + b"9" * 5000 + b"}",
    "101 digits": b'{"v":' + b"9" * 101 + b"}",
    "101 digits after the point": b'{"v":0.' + b"9" * 101 + b"}",
    "1e999": b'{"v":1e999}',
    "NaN": b'{"v":NaN}',
    "minus infinity": b'{"v":-Infinity}',
    "NUL escaped": b'{"v":"a\\u0000b"}',
    "NUL": b'{"v":"a\x00b"}',
    "NUL in a name": b'{"a\\u0000b":1}',
    "half a surrogate": b'{"v":"\\ud800"}',
    "the other half": b'{"v":"\\udc00x"}',
    "names twice": b'{"resourceType":"Patient","resourceType":"Observation"}',
    "names twice below": b'{"resourceType":"Patient","name":[{"family":"a","family":"b"}]}',
    "a mark and no resource": b'\xef\xbb\xbf{"a":1}',
    "two marks": b'\xef\xbb\xbf\xef\xbb\xbf{"resourceType":"Patient"}',
    "UTF-16": '{"resourceType":"Patient"}'.encode("utf-16"),
    "not UTF-8": b'{"a":"\xff"}',
    "two texts": b'{"a":1}{"b":2}',
    "a comment": b'{"a":1} // b',
    "single quotes": b"{'a':1}",
    "a trailing comma": b'{"a":1,}',
    "a tab in a string": b'{"a":"\t"}',
    "1,000,001 names": b"{" + b",".join(b'"k%d":1' % i for i in range(1_000_001)) + b"}",
    "XML": b"<Patient xmlns='http://hl7.org/fhir'/>",
    "an entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
}


@pytest.fixture
def http(engine: Engine) -> TestClient:
    return served(engine)


@pytest.fixture
def small(engine: Engine) -> TestClient:
    return served(engine, limits=SMALL)


def types_of(method: str) -> dict[str, str]:
    return {"content-type": "application/json-patch+json"} if method == "PATCH" else FHIR_JSON


@pytest.mark.parametrize("name", POISON)
def test_poison_is_a_4xx_with_an_outcome_on_every_route_that_writes(
    http: TestClient, name: str
) -> None:
    for method, path in WRITES:
        answer = http.request(method, path, content=POISON[name], headers=types_of(method))

        told = answer.status_code == 200 and path.endswith("$validate")  # whose answer is a verdict
        assert told or 400 <= answer.status_code < 500, (method, path, answer.text)
        assert issue(answer)["severity"] == "error"
        assert issue(answer)["diagnostics"]


def padded(length: int) -> bytes:
    """A patient of so many bytes."""
    body = json.dumps(patient()).encode()
    return body + b" " * (length - len(body))


def test_a_single_resource_has_its_own_limit(small: TestClient) -> None:
    for length, status in ((2000, 201), (2001, 413)):
        answer = small.post("/fhir/Patient", content=padded(length), headers=FHIR_JSON)
        assert answer.status_code == status
    assert "2,000 bytes" in issue(answer)["diagnostics"]


def test_a_bundle_has_a_larger_one(small: TestClient) -> None:
    body = json.dumps(bundle("batch", post(patient()))).encode()
    for length, status in ((4000, 200), (4001, 413)):
        sent = body + b" " * (length - len(body))
        assert small.post("/fhir", content=sent, headers=FHIR_JSON).status_code == status


def named(count: int) -> str:
    return "{" + ",".join(f'"a{number}":1' for number in range(count)) + "}"


def wrapped(value: str) -> str:
    return '{"x":' + value + "}"


JSON_EDGES = {
    "deeper": (wrapped("[" * 9 + "]" * 9), wrapped("[" * 10 + "]" * 10)),
    "string": (wrapped(f'"{"a" * 500}"'), wrapped(f'"{"a" * 501}"')),
    "number": (wrapped("9" * 20), wrapped("9" * 21)),
    "names": (named(30), named(31)),
    "values": (wrapped(f"[{','.join('1' * 299)}]"), wrapped(f"[{','.join('1' * 300)}]")),
}


@pytest.mark.parametrize("word", JSON_EDGES)
def test_each_limit_of_the_json_holds_at_its_edge(small: TestClient, word: str) -> None:
    below, above = JSON_EDGES[word]
    inside = issue(small.post("/fhir/Patient", content=below, headers=FHIR_JSON))
    outside = issue(small.post("/fhir/Patient", content=above, headers=FHIR_JSON))

    assert "not acceptable JSON" not in inside["diagnostics"]
    assert "not acceptable JSON" in outside["diagnostics"]
    assert word in outside["diagnostics"]


def test_a_packed_body_is_unpacked(http: TestClient) -> None:
    body = json.dumps(patient()).encode()
    for packed in (gzip.compress(body), gzip.compress(body[:50]) + gzip.compress(body[50:])):
        answer = http.post("/fhir/Patient", content=packed,
                           headers=FHIR_JSON | {"content-encoding": "gzip"})  # fmt: skip
        assert answer.status_code == 201


def test_a_packed_body_is_measured_unpacked(small: TestClient) -> None:
    for length, status in ((2000, 201), (2001, 413)):
        packed = gzip.compress(padded(length))
        answer = small.post("/fhir/Patient", content=packed,
                            headers=FHIR_JSON | {"content-encoding": "gzip"})  # fmt: skip
        assert answer.status_code == status


def test_a_body_that_unpacks_to_too_many_times_its_length_is_refused(engine: Engine) -> None:
    sent = gzip.compress(padded(100_000))
    ratio = -(-100_000 // len(sent))
    for allowed, status in ((ratio, 201), (ratio - 1, 400)):
        http = served(engine, limits=Limits(gzip_ratio=allowed))
        answer = http.post("/fhir/Patient", content=sent,
                           headers=FHIR_JSON | {"content-encoding": "gzip"})  # fmt: skip
        assert answer.status_code == status
    assert "times its length" in issue(answer)["diagnostics"]


def test_a_bomb_does_not_go_off(http: TestClient) -> None:
    bomb = gzip.compress(b" " * 200_000_000, 9)

    answer = http.post("/fhir", content=bomb, headers=FHIR_JSON | {"content-encoding": "gzip"})

    assert answer.status_code == 400


@pytest.mark.parametrize("broken", [b"no gzip", gzip.compress(b"{}")[:-5], b"\x1f\x8b",
                                    gzip.compress(b"{}") + b"rubbish"])  # fmt: skip
def test_a_packed_body_that_is_broken_is_a_400(http: TestClient, broken: bytes) -> None:
    answer = http.post("/fhir/Patient", content=broken,
                       headers=FHIR_JSON | {"content-encoding": "gzip"})  # fmt: skip

    assert answer.status_code == 400
    assert "gzip" in issue(answer)["diagnostics"]


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip"])
def test_other_packings_are_a_415(http: TestClient, coding: str) -> None:
    answer = http.post("/fhir/Patient", content=b"x",
                       headers=FHIR_JSON | {"content-encoding": coding})  # fmt: skip

    assert answer.status_code == 415


def test_an_address_has_a_limit(small: TestClient) -> None:
    room = 300 - len("/fhir/Patient") - len("_id=")
    for length, status in ((room, 200), (room + 1, 414)):
        answer = small.get("/fhir/Patient?_id=" + "a" * length)
        assert answer.status_code == status, answer.text
    assert issue(answer)["code"] == "too-long"


def test_parameters_have_a_limit(small: TestClient) -> None:
    for count, status in ((5, 200), (6, 400)):
        query = "&".join(["_id=a"] * count)
        assert small.get(f"/fhir/Patient?{query}").status_code == status


def test_headers_have_a_limit(small: TestClient) -> None:
    for length, status in ((500, 404), (1000, 431)):
        answer = small.get("/fhir/Patient/a", headers={"x-long": "a" * length})
        assert answer.status_code == status
        assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("path", ["Patient/a?access_token=s3cret", "Patient?ACCESS_TOKEN=s3cret",
                                  "Patient/access_token=s3cret", "Patient?id_token=s3cret",
                                  "Patient?%61ccess_token=s3cret"])  # fmt: skip
def test_a_token_in_the_address_is_refused_and_kept_nowhere(
    http: TestClient, engine: Engine, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG", "homeward"):
        answer = http.get(f"/fhir/{path}")

    assert answer.status_code == 400
    assert "revoke it" in issue(answer)["diagnostics"]
    kept = [record.getMessage() for record in caplog.records if record.name.startswith("homeward")]
    assert "s3cret" not in answer.text + str(trail(engine)) + str(kept)


ADDRESSES = [
    "{}", "Patient/{}", "Patient/a/{}", "Patient/a/_history/{}", "Patient?{}", "Patient?_id={}",
    "_history?_since={}", "AuditEvent/{}", "AuditEvent?date={}", "AuditEvent?entity={}",
]  # fmt: skip
ODD = ["\u202e", "\u200b", "\ufeff", "\u0130", "\u2028", "\U0001f600", "\ufdfa", "e\u0301" * 20]
odd_text = st.sampled_from(ODD) | st.text(max_size=5)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | odd_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_text, inner, max_size=3),
    max_leaves=8,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a value, as a container and a key."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(pairs):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A good resource with a few of its values put in the place of others, or made odd."""
    good = draw(st.sampled_from([patient(id="a"), observation("Patient/a", id="o")]))
    made = json.loads(json.dumps(good))
    made["contained"] = [{"resourceType": "Patient", "id": "c",
                          "link": [{"other": {"reference": "#c"}, "type": "seealso"}]}]  # fmt: skip
    for _ in range(draw(st.integers(0, 3))):
        container, key = draw(st.sampled_from(list(places(made))))
        other, from_key = draw(st.sampled_from(list(places(good))))
        container[key] = deepcopy(draw(st.just(other[from_key]) | anything))
    return made


@settings(max_examples=150, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(mutated(), st.sampled_from(["POST", "PUT", "batch", "transaction", "$validate"]))
def test_a_resource_that_went_wrong_is_never_our_mistake(
    http: TestClient, sent: Any, way: str
) -> None:
    kind = sent.get("resourceType")
    kind = kind if kind in ["Patient", "Observation"] else "Patient"
    if way in {"batch", "transaction"}:
        body = {"resourceType": "Bundle", "type": way, "entry": [
            {"resource": sent, "request": {"method": "PUT", "url": f"{kind}/a"}}]}  # fmt: skip
        answer = http.post("/fhir", content=json.dumps(body), headers=FHIR_JSON)
    else:
        path = {"POST": kind, "PUT": f"{kind}/a", "$validate": f"{kind}/$validate"}[way]
        method = "PUT" if way == "PUT" else "POST"
        answer = http.request(method, f"/fhir/{path}", content=json.dumps(sent), headers=FHIR_JSON)

    assert answer.status_code < 500, answer.text


@settings(max_examples=100, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(st.text(st.characters(codec="utf-8"), max_size=20), st.sampled_from(ADDRESSES))
def test_no_address_is_our_mistake(http: TestClient, odd: str, path: str) -> None:
    answer = http.get("/fhir/" + path.format(quote(odd, safe="")))

    assert answer.status_code < 500, answer.text
