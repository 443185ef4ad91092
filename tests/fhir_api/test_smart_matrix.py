"""Every endpoint with every scope, for the own and another patient: what none opens is shut.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.support.fhir import FHIR_JSON, bundle, observation, patient
from tests.support.smart import Hospital

OWN, OTHER = "ann", "bob"
KINDS = ("Patient", "Observation")
PATCH = [{"op": "replace", "path": "/status", "value": "amended"}]
PATCH_OF_PATIENT = [{"op": "add", "path": "/active", "value": True}]
LETTER = {
    "read": "r", "vread": "r", "history of one": "r", "search": "s", "search by POST": "s",
    "history of a type": "s", "create": "c", "update": "u", "patch": "u", "delete": "d",
    "entry GET": "r", "entry search": "s", "entry POST": "c", "entry PUT": "u", "entry DELETE": "d",
}  # fmt: skip
WRITES = {"update", "patch", "delete", "entry PUT", "entry DELETE"}
SCOPES = [
    *(f"patient/{kind}.{letter}" for kind in KINDS for letter in "cruds"),
    *(f"{level}/*.{word}" for level in ("patient", "user", "system") for word in ("read", "write")),
    *(f"{level}/Observation.{letter}" for level in ("user", "system") for letter in "rs"),
]
V1 = {"read": "rs", "write": "cud"}


@dataclass
class Matrix:
    """A hospital with two patients, an observation of each, and tokens of any scope."""

    hospital: Hospital

    def token(self, scope: str) -> dict[str, str]:
        """Headers of an app that was opened for the own patient."""
        return {"authorization": f"Bearer {self.hospital.issue(scope, patient=OWN)}"}

    def ask(
        self, headers: dict[str, str], method: str, path: str, body: Any = None, kind: str = ""
    ) -> Any:
        """One request."""
        form = {"content-type": kind} if kind else FHIR_JSON if body is not None else {}
        content = (
            {"content": body}
            if isinstance(body, str)
            else {"json": body}
            if body is not None
            else {}
        )
        url = f"/fhir/{path}" if path else "/fhir"
        return self.hospital.http.request(method, url, headers={**headers, **form}, **content)

    def is_open(self, endpoint: str, kind: str, id_: str, headers: dict[str, str]) -> bool:
        """Whether an endpoint did what it was asked for, or showed the resource."""
        answer = self.answered(endpoint, kind, id_, headers)
        assert answer.status_code < 500, (endpoint, kind, id_, answer.text)
        if answer.status_code >= 300:
            return False
        if endpoint in {"search", "search by POST", "history of a type"}:
            return id_ in ids_in(answer.json())
        if endpoint.startswith("entry"):
            return self.entry_is_open(answer.json()["entry"][0], endpoint, id_)
        return True

    @staticmethod
    def entry_is_open(entry: dict[str, Any], endpoint: str, id_: str) -> bool:
        """Whether one entry of a batch did what it was asked for."""
        status = int(entry["response"]["status"][:3])
        assert status < 500, entry
        if status >= 300:
            return False
        return endpoint != "entry search" or id_ in ids_in(entry["resource"])

    def answered(self, endpoint: str, kind: str, id_: str, headers: dict[str, str]) -> Any:
        """The answer of an endpoint."""
        form = "application/x-www-form-urlencoded"
        if endpoint.startswith("entry"):
            entry = entry_of(endpoint, kind, id_)
            return self.ask(headers, "POST", "", bundle("batch", entry))
        patch = PATCH if kind == "Observation" else PATCH_OF_PATIENT
        method, path, body, content_type = {
            "read": ("GET", f"{kind}/{id_}", None, ""),
            "vread": ("GET", f"{kind}/{id_}/_history/1", None, ""),
            "history of one": ("GET", f"{kind}/{id_}/_history", None, ""),
            "search": ("GET", f"{kind}?_id={id_}", None, ""),
            "search by POST": ("POST", f"{kind}/_search", f"_id={id_}", form),
            "history of a type": ("GET", f"{kind}/_history?_count=1000", None, ""),
            "create": ("POST", kind, made(kind, None, id_), ""),
            "update": ("PUT", f"{kind}/{id_}", made(kind, id_, id_), ""),
            "patch": ("PATCH", f"{kind}/{id_}", patch, "application/json-patch+json"),
            "delete": ("DELETE", f"{kind}/{id_}", None, ""),
        }[endpoint]
        return self.ask(headers, method, path, body, content_type)


def made(kind: str, id_: str | None, owner: str) -> dict[str, Any]:
    """A resource of a patient, different each time."""
    named = {"id": id_} if id_ else {}
    if kind == "Patient":
        return patient(
            **named, identifier=[{"system": "http://x.example", "value": uuid.uuid4().hex}]
        )
    stamp = {"valueQuantity": {"value": uuid.uuid4().int % 10_000}}
    return observation(f"Patient/{owner.removeprefix('o-')}", **named, **stamp)


def entry_of(endpoint: str, kind: str, id_: str) -> dict[str, Any]:
    """An entry of a batch."""
    method = endpoint.removeprefix("entry ")
    urls = {"search": f"{kind}?_id={id_}", "POST": kind}
    asked = {
        "method": "GET" if method == "search" else method,
        "url": urls.get(method, f"{kind}/{id_}"),
    }
    if method in {"POST", "PUT"}:
        return {"request": asked, "resource": made(kind, None if method == "POST" else id_, id_)}
    return {"request": asked}


def ids_in(found: dict[str, Any]) -> set[str]:
    """Ids of what a Bundle shows."""
    return {
        each["resource"]["id"]
        for each in found.get("entry", [])
        if "id" in each.get("resource", {})
    }


def is_expected(scope: str, endpoint: str, kind: str, owner: str) -> bool:
    """What the standard says."""
    level, _, rest = scope.partition("/")
    scope_kind, _, letters = rest.partition(".")
    if LETTER[endpoint] not in V1.get(letters, letters) or scope_kind not in {"*", kind}:
        return False
    if level != "patient":
        return True
    is_new_patient = kind == "Patient" and endpoint in {"create", "entry POST"}
    return owner == OWN and not is_new_patient


@pytest.fixture
def matrix(engine: Engine) -> Iterator[Matrix]:
    hospital = Hospital(engine, mode="smart")
    hospital.register()
    restore(hospital)
    return Matrix(hospital)


def restore(hospital: Hospital) -> None:
    """Both patients and their observations, as they were."""
    patients = [patient(id=each) for each in (OWN, OTHER)]
    observations = [observation(f"Patient/{each}", id=f"o-{each}") for each in (OWN, OTHER)]
    hospital.store(*patients, *observations)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_opens_what_it_says_and_nothing_else(matrix: Matrix, scope: str) -> None:
    headers, wrong = matrix.token(scope), []

    for endpoint in LETTER:
        for kind in KINDS:
            for owner in (OWN, OTHER):
                id_ = owner if kind == "Patient" else f"o-{owner}"
                is_open = matrix.is_open(endpoint, kind, id_, headers)
                if is_open != is_expected(scope, endpoint, kind, owner):
                    wrong.append((endpoint, kind, owner, is_open))
                if is_open and endpoint in WRITES:
                    restore(matrix.hospital)

    assert wrong == []


def test_there_are_more_than_five_hundred_cells() -> None:
    assert len(SCOPES) * len(LETTER) * len(KINDS) * 2 >= 500


@pytest.mark.parametrize("scope", ["openid", "launch", "offline_access openid fhirUser"])
def test_a_scope_that_opens_nothing_opens_nothing(matrix: Matrix, scope: str) -> None:
    headers = matrix.token(scope)

    for endpoint in LETTER:
        for kind in KINDS:
            id_ = OWN if kind == "Patient" else f"o-{OWN}"
            assert not matrix.is_open(endpoint, kind, id_, headers)
