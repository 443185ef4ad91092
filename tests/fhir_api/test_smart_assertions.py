"""Hostile assertions: each is refused with the same words, and none says why.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
"""

import json
import uuid
import warnings
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry
from sqlalchemy import Engine

from fhir_api.smart.assertion import TYPE
from fhir_api.smart.memory import Memory
from tests.support.fhir import NOW
from tests.support.smart import (
    EC,
    FHIR,
    RSA,
    TOKEN_URL,
    Clock,
    Hospital,
    assertion,
    claims_of,
    public,
)

MOMENT = int(NOW.timestamp())
STRANGER = ECKey.generate_key("P-384", parameters={"kid": "ec"})
OTHER_CURVE = ECKey.generate_key("P-256", parameters={"kid": "p256"})
with warnings.catch_warnings(action="ignore"):
    SHORT = RSAKey.generate_key(1024, parameters={"kid": "short"})
TWIN = ECKey.generate_key("P-384", parameters={"kid": "twin"})
TWIN2 = ECKey.generate_key("P-384", parameters={"kid": "twin"})
FOR_SECRETS = ECKey.generate_key("P-384", parameters={"kid": "enc", "use": "enc"})
REFUSED = {
    "error": "invalid_client",
    "error_description": "The client could not be authenticated.",
}


def part(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def unsigned(header: dict[str, Any], signature: str = "") -> str:
    return f"{part(header)}.{part(claims_of(NOW))}.{signature}"


def resigned(header: dict[str, Any], payload: str) -> str:
    """Signed all right, whatever header and payload are."""
    signed = f"{part(header)}.{part(payload)}"
    signature = JWSRegistry.algorithms["ES384"].sign(signed.encode(), EC)
    return f"{signed}.{urlsafe_b64encode(signature).decode().rstrip('=')}"


def with_header(**changed: Any) -> str:
    """A good assertion but for its header."""
    header = {name: value for name, value in {**ES, **changed}.items() if value is not None}
    return resigned(header, json.dumps(claims_of(NOW)))


def with_hmac(algorithm: str, secret: str) -> str:
    header = {"alg": algorithm, "kid": "ec", "typ": "JWT"}
    return jwt.encode(header, claims_of(NOW), OctKey.import_key(secret), algorithms=[algorithm])


def with_key(key: ECKey | RSAKey, algorithm: str, **header: Any) -> str:
    given = {"alg": algorithm, "kid": key.kid, "typ": "JWT", **header}
    return jwt.encode(given, claims_of(NOW), key, algorithms=[algorithm])


GOOD = assertion(NOW)
ES = {"alg": "ES384", "kid": "ec", "typ": "JWT"}
HEAD, _, TAIL = GOOD.split(".")
TWICE = json.dumps(ES)[:-1] + ', "alg": "none"}'
PUBLIC_TEXT = json.dumps(EC.as_dict(private=False))
HEADERS = {
    "typ is of an access token": {"typ": "at+jwt"},
    "typ is a number": {"typ": 7},
    "typ is of something else": {"typ": "JOSE"},
    "kid is missing": {"kid": None},
    "kid is unknown": {"kid": "nobody"},
    "kid is empty": {"kid": ""},
    "kid is a path": {"kid": "../../../../dev/null"},
    "kid is SQL": {"kid": "ec' or '1'='1"},
    "kid is of two keys": {"kid": "twin"},
    "kid is of a key of another kind": {"kid": "rsa"},
    "kid is of a key for secrets": {"kid": "enc"},
    "kid is very long": {"kid": "k" * 600},
    "jku is not registered": {"jku": "https://evil.example/jwks"},
    "jku is this machine": {"jku": "http://127.0.0.1:1/jwks"},
    "jku is a file": {"jku": "file:///etc/passwd"},
}
CLAIMS: dict[str, dict[str, Any]] = {
    "iss is missing": {"iss": None},
    "sub is missing": {"sub": None},
    "iss is not sub": {"iss": "etl", "sub": "app"},
    "iss is a stranger": {"iss": "nobody", "sub": "nobody"},
    "iss is a list": {"iss": ["etl"], "sub": ["etl"]},
    "iss has a null": {"iss": "etl\0", "sub": "etl\0"},
    "iss is a public app": {"iss": "app", "sub": "app"},
    "aud is missing": {"aud": None},
    "aud is empty": {"aud": ""},
    "aud is an empty list": {"aud": []},
    "aud is the FHIR API": {"aud": FHIR},
    "aud is a hook": {"aud": "https://ehr.example/cds-services/readmission"},
    "aud is longer": {"aud": TOKEN_URL + "/"},
    "aud is an object": {"aud": {TOKEN_URL: 1}},
    "aud is another server": {"aud": "https://other.example/auth/token"},
    "exp is missing": {"exp": None},
    "exp is past": {"exp": MOMENT - 61},
    "exp is long past": {"exp": 0},
    "exp is in six minutes and a second": {"exp": MOMENT + 361},
    "exp is tomorrow": {"exp": MOMENT + 86_400},
    "exp is text": {"exp": str(MOMENT + 100)},
    "exp is true": {"exp": True},
    "exp is enormous": {"exp": 10**400},
    "exp is negative": {"exp": -(10**400)},
    "iat is in the future": {"iat": MOMENT + 120},
    "iat is an hour ago": {"iat": MOMENT - 3600},
    "iat is text": {"iat": "now"},
    "nbf is in the future": {"nbf": MOMENT + 120},
    "nbf is text": {"nbf": "now"},
    "jti is missing": {"jti": None},
    "jti is empty": {"jti": ""},
    "jti is a number": {"jti": 7},
    "jti is very long": {"jti": "j" * 300},
}
TEXTS = {
    "nothing": "",
    "dots": "..",
    "words": "not a token",
    "two parts": GOOD.rpartition(".")[0],
    "four parts": GOOD + ".x",
    "encrypted": "a.b.c.d.e",
    "no signature": GOOD.rpartition(".")[0] + ".",
    "another signature": GOOD[:-8] + "AAAAAAAA",
    "another payload": f"{HEAD}.{part(claims_of(NOW, sub='app'))}.{TAIL}",
    "header is no JSON": f"{part('x')}.{part({})}.x",
    "header is a list": f"{part([])}.{part({})}.x",
    "header is no base64": f"***.{part({})}.x",
    "header says alg twice": f"{part(TWICE)}.{part({})}.x",
    "header is deep": f"{part('[' * 3000)}.{part({})}.x",
    "payload is no JSON": resigned(ES, "x"),
    "payload is a list": resigned(ES, "[]"),
    "payload is another token": resigned(ES | {"cty": "JWT"}, GOOD),
    "payload has NaN": resigned(ES, json.dumps(claims_of(NOW, exp=float("nan")))),
    "payload has Infinity": resigned(ES, json.dumps(claims_of(NOW, exp=float("inf")))),
    "payload says sub twice": resigned(ES, json.dumps(claims_of(NOW))[:-1] + ', "sub": "app"}'),
    "a megabyte": GOOD + "A" * 50_000,
    "alg none": unsigned({"alg": "none", "kid": "ec", "typ": "JWT"}),
    "alg None": unsigned({"alg": "None", "kid": "ec", "typ": "JWT"}, "x"),
    "alg none with a signature": unsigned({"alg": "none", "kid": "ec"}, TAIL),
    "alg is missing": unsigned({"kid": "ec"}, TAIL),
    "alg is a list": unsigned({"alg": ["ES384"], "kid": "ec"}, TAIL),
    "alg is lower case": unsigned({"alg": "es384", "kid": "ec"}, TAIL),
    "HS256 with the public key": with_hmac("HS256", PUBLIC_TEXT),
    "HS384 with the public key": with_hmac("HS384", PUBLIC_TEXT),
    "HS512 with the public key": with_hmac("HS512", PUBLIC_TEXT),
    "RS256": with_key(RSA, "RS256"),
    "RS512": with_key(RSA, "RS512"),
    "PS384": with_key(RSA, "PS384"),
    "ES256": with_key(OTHER_CURVE, "ES256"),
    "a short RSA key": with_key(SHORT, "RS384"),
    "a stranger's key": with_key(STRANGER, "ES384"),
    "a key of its own in jwk": with_key(STRANGER, "ES384", jwk=STRANGER.as_dict(private=False)),
    "a key of its own at x5u": with_key(STRANGER, "ES384", x5u="https://evil.example/x5u"),
    "a key of its own at jku": with_key(STRANGER, "ES384", jku="https://evil.example/jwks"),
    "ES384 over an RSA kid": unsigned({"alg": "ES384", "kid": "rsa"}, TAIL),
    "crit": with_header(crit=["exp"], exp=1),
    "crit is empty": with_header(crit=[]),
    "b64 is false": with_header(b64=False, crit=["b64"]),
    "zip": with_header(zip="DEF"),
}  # fmt: skip
HOSTILE = {
    **TEXTS,
    **{name: with_header(**header) for name, header in HEADERS.items()},
    **{name: assertion(NOW, **claims) for name, claims in CLAIMS.items()},
}


@pytest.fixture
def hospital(engine: Engine) -> Hospital:
    made = Hospital(engine)
    made.register()
    keys = public(EC, RSA, TWIN, TWIN2, OTHER_CURVE, SHORT, FOR_SECRETS)
    made.register_system()
    client = made.parts.clients.find("etl")
    assert client is not None
    made.parts.clients.put([replace(client, jwks=keys)], made.clock())
    return made


def ask(hospital: Hospital, text: str) -> Any:
    return hospital.token(
        grant_type="client_credentials", scope="system/*.rs", client_assertion_type=TYPE,
        client_assertion=text,
    )  # fmt: skip


def test_there_are_more_than_sixty_hostile_assertions() -> None:
    assert len(HOSTILE) >= 60


def test_each_hostile_assertion_is_refused_with_the_same_words(hospital: Hospital) -> None:
    answers = {name: ask(hospital, text) for name, text in HOSTILE.items() if len(text) < 60_000}

    assert {name for name, answer in answers.items() if answer.status_code != 401} == set()
    assert {name for name, answer in answers.items() if answer.json() != REFUSED} == set()
    assert hospital.web.asked == []
    assert ask(hospital, GOOD).status_code == 200


def test_a_megabyte_is_not_even_read(hospital: Hospital) -> None:
    assert ask(hospital, "A" * 1_000_000).status_code == 400


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [TOKEN_URL, "https://other.example"]},
        {"iat": MOMENT, "exp": MOMENT + 300},
        {"iat": MOMENT - 59, "nbf": MOMENT - 300},
        {"exp": MOMENT + 299.5},
        {"exp": MOMENT - 59},
        {"iat": MOMENT + 59},
    ],
    ids=str,
)
def test_what_the_standard_allows_is_accepted(hospital: Hospital, claims: dict[str, Any]) -> None:
    assert ask(hospital, assertion(NOW, **claims)).status_code == 200


def test_a_header_without_typ_is_accepted(hospital: Hospital) -> None:
    assert ask(hospital, assertion(NOW, header={"typ": None})).status_code == 200


def test_an_assertion_is_good_once(hospital: Hospital) -> None:
    text = assertion(NOW)

    assert [ask(hospital, text).status_code for _ in range(3)] == [200, 401, 401]


def test_an_assertion_is_good_once_whichever_process_is_asked(engine: Engine) -> None:
    one, other = Hospital(engine), Hospital(engine)
    one.register_system()
    text = assertion(NOW)

    assert [ask(one, text).status_code, ask(other, text).status_code] == [200, 401]


def test_of_many_uses_at_once_one_counts(engine: Engine) -> None:
    memory = Memory(engine, Hospital(engine).parts.seal)
    jti = uuid.uuid4().hex

    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(lambda _: memory.is_new("etl", jti, NOW), range(200)))

    assert new.count(True) == 1


def test_a_refused_assertion_does_not_use_up_its_jti(hospital: Hospital) -> None:
    jti = uuid.uuid4().hex
    assert ask(hospital, assertion(NOW, STRANGER, jti=jti)).status_code == 401

    assert ask(hospital, assertion(NOW, jti=jti)).status_code == 200


def test_two_systems_may_use_the_same_jti(hospital: Hospital) -> None:
    hospital.register_system(id="other")

    one = ask(hospital, assertion(NOW, jti="1"))
    other = ask(hospital, assertion(NOW, jti="1", iss="other", sub="other"))

    assert [one.status_code, other.status_code] == [200, 200]


def test_what_was_used_is_forgotten_when_it_expires(engine: Engine) -> None:
    hospital = Hospital(engine)
    hospital.register_system()
    ask(hospital, assertion(NOW))

    assert hospital.parts.memory.sweep(Clock()()) == 0
    hospital.clock.pass_by(days=1)
    assert hospital.parts.memory.sweep(hospital.clock()) == 1


def test_the_log_names_the_rule_and_no_word_of_the_assertion(
    hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    ask(hospital, assertion(NOW, aud="https://canary.example"))

    assert "aud" in caplog.text
    assert "canary" not in caplog.text
