"""Keys behind addresses: fetched, kept, fetched again, and kept when the fetch fails."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from fhir_api.outbound.client import Answer
from fhir_api.outbound.errors import Unreachable
from fhir_api.smart.key_sets import KeySets, kept_for, keys_in
from tests.support.smart import EC, RSA, Clock, Hospital, Web, public

ADDRESS = "https://etl.example/jwks"


class Kept:
    """Key sets over a web of one page."""

    def __init__(self, **headers: str) -> None:
        self.web, self.clock = Web(), Clock()
        self.web.put(ADDRESS, public(EC), **headers)
        self.sets = KeySets(self.web)

    def kids(self, kid: str = "ec") -> list[str]:
        return [key["kid"] for key in self.sets.keys(ADDRESS, kid, self.clock())]


def test_a_key_set_is_fetched_once_and_kept_for_five_minutes() -> None:
    kept = Kept()

    assert [kept.kids() for _ in range(3)] == [["ec"]] * 3
    assert len(kept.web.asked) == 1
    kept.clock.pass_by(minutes=5)
    kept.kids()
    assert len(kept.web.asked) == 2


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("max-age=60", 60), ("public, max-age=120", 120), ("max-age=999999", 300), ("", 300),
     ("no-store", 0), ("no-cache", 0), ("max-age=0", 0), ("private", 300)],
)  # fmt: skip
def test_cache_control_is_honoured_up_to_five_minutes(said: str, seconds: int) -> None:
    assert kept_for({"cache-control": said}) == timedelta(seconds=seconds)


def test_a_new_key_is_found_at_its_first_use() -> None:
    kept = Kept()
    kept.kids()
    kept.web.put(ADDRESS, public(EC, RSA))
    kept.clock.pass_by(seconds=10)

    assert kept.kids("rsa") == ["ec", "rsa"]


def test_unknown_key_ids_ask_an_address_once_in_ten_seconds() -> None:
    kept = Kept()

    for number in range(50):
        kept.kids(f"guess {number}")

    assert len(kept.web.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [Answer(500, {}, b""), Answer(302, {"location": "https://evil.example"}, b""),
     Answer(200, {}, b"no json"), Answer(200, {}, b"[]"), Answer(200, {}, b'{"keys": 7}'),
     Answer(200, {}, b" " * 70_000 + b'{"keys": []}'), Answer(200, {}, b"[" * 5_000)],
)  # fmt: skip
def test_keys_outlive_a_fetch_that_fails(answer: Answer) -> None:
    kept = Kept()
    kept.kids()
    kept.web.pages[ADDRESS] = answer
    kept.clock.pass_by(minutes=10)

    assert kept.kids() == ["ec"]
    assert len(kept.web.asked) == 2


def test_keys_outlive_an_address_that_does_not_answer() -> None:
    answers: list[Any] = [Answer(200, {}, json.dumps(public(EC)).encode())]

    def fetch(_address: str) -> Answer:
        if answers:
            answer: Answer = answers.pop()
            return answer
        raise Unreachable("did not answer")

    sets, clock = KeySets(fetch), Clock()
    sets.keys(ADDRESS, "ec", clock())
    clock.pass_by(minutes=10)

    assert [key["kid"] for key in sets.keys(ADDRESS, "ec", clock())] == ["ec"]


def test_what_is_no_key_in_a_set_is_left_out() -> None:
    assert keys_in(b'{"keys": [7, {"kid": "a"}, null]}') == [{"kid": "a"}]
    assert keys_in(json.dumps({"keys": [{}] * 200}).encode()) is None


def test_a_system_may_have_its_keys_at_an_address_and_rotate_them(engine: Engine) -> None:
    hospital = Hospital(engine)
    hospital.web.put(ADDRESS, public(RSA))
    hospital.register_system(jwks=None, jwks_url=ADDRESS)

    assert hospital.system_token().status_code == 401
    hospital.web.put(ADDRESS, public(EC))
    hospital.clock.pass_by(seconds=10)

    assert hospital.system_token().status_code == 200
    assert hospital.system_token(jti="again").status_code == 200


def test_a_registered_jku_is_accepted(engine: Engine) -> None:
    from fhir_api.smart.assertion import TYPE
    from tests.support.smart import assertion

    hospital = Hospital(engine)
    hospital.web.put(ADDRESS, public(EC))
    hospital.register_system(jwks=None, jwks_url=ADDRESS)

    def status(jku: str) -> int:
        answer = hospital.token(
            grant_type="client_credentials", scope="system/*.rs", client_assertion_type=TYPE,
            client_assertion=assertion(hospital.clock(), header={"jku": jku}),
        )  # fmt: skip
        return int(answer.status_code)

    assert status(ADDRESS) == 200
    assert status(ADDRESS + "/") == 401
    assert hospital.web.asked == [ADDRESS]
