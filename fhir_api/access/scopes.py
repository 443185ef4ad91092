"""SMART scopes, v1 and v2, read into grants.

    patient/Observation.rs?category=laboratory     v2: level, type, letters of cruds in order, query
    user/*.read                                    v1: read is rs, write is cud, * is cruds

`patient/` opens the compartment of the patient in context and nothing without one; `user/` what the
user may see: the whole site for staff, the own compartment for a patient; `system/` the whole site.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

import re
from dataclasses import dataclass, replace
from typing import Literal, get_args
from urllib.parse import parse_qsl, quote

from fhir_api.access.caller import ANY, Grant, Interaction, Limit, Parameters
from fhir_api.validation.elements import resource_types

Level = Literal["patient", "user", "system"]
LETTERS: dict[str, Interaction] = {
    "c": "create",
    "r": "read",
    "u": "update",
    "d": "delete",
    "s": "search",
}
V1 = {"read": "rs", "write": "cud", "*": "cruds"}
FORM = re.compile(
    r"(?P<level>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]{1,63})\."
    r"(?:(?P<v1>read|write|\*)|(?P<v2>(?=[cruds])c?r?u?d?s?)(?:\?(?P<query>[^\s?#]{1,512}))?)"
)
PARAMETER = re.compile(r"[a-z][A-Za-z0-9\-]*(:[A-Za-z]+)?|_(id|tag|profile|security|lastUpdated)")
SUBMISSION = "system/bulk-submit"  # $bulk-submit, and no resource
OTHERS = frozenset(
    {
        "openid",
        "fhirUser",
        "profile",
        "launch",
        "launch/patient",
        "launch/encounter",
        "offline_access",
        "online_access",
        SUBMISSION,
    }
)
LONGEST = 4096  # characters of all scopes of one request


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope that opens resources.

    Attributes:
        level: Whose resources.
        resource_type: R4 type name, or `*`.
        letters: Some of `cruds`.
        query: Search parameters that a resource must match.
        is_v1: Whether it was written `.read`, `.write` or `.*`.
    """

    level: Level
    resource_type: str
    letters: frozenset[str]
    query: Parameters = ()
    is_v1: bool = False

    def __str__(self) -> str:
        """As it is written; in v1 words only where they say exactly the same."""
        letters = "".join(each for each in LETTERS if each in self.letters)
        words = {spelled: word for word, spelled in V1.items()}
        permitted = words.get(letters, letters) if self.is_v1 and not self.query else letters
        query = "&".join(f"{name}={quote(value, safe='|:/,')}" for name, value in self.query)
        return f"{self.level}/{self.resource_type}.{permitted}" + (f"?{query}" if query else "")

    def grant(self, limit: Limit) -> Grant:
        """What it allows inside a limit."""
        allowed = frozenset(LETTERS[letter] for letter in self.letters)
        return Grant(self.resource_type, allowed, replace(limit, query=self.query))


def read_scope(text: str) -> Scope | None:
    """A scope that opens resources; None for every other word, known or not.

    >>> str(read_scope("patient/Observation.rs?category=laboratory"))
    'patient/Observation.rs?category=laboratory'
    >>> read_scope("patient/Observation.sr"), read_scope("patient/Nothing.rs")
    (None, None)
    """
    found = FORM.fullmatch(text)
    if found is None or found["type"] not in {ANY, *resource_types()}:
        return None
    query = read_query(found["query"])
    if query is None:
        return None
    letters = V1[found["v1"]] if found["v1"] else found["v2"]
    level = next(each for each in get_args(Level) if each == found["level"])
    return Scope(level, found["type"], frozenset(letters), query, bool(found["v1"]))


def read_query(text: str | None) -> Parameters | None:
    """The constraints after `?`; None when one is no search parameter or has no value."""
    if text is None:
        return ()
    try:
        pairs = tuple(parse_qsl(text, True, strict_parsing=True, errors="strict"))
    except ValueError:
        return None
    fit = all(PARAMETER.fullmatch(name) and value and "\0" not in value for name, value in pairs)
    return pairs if pairs and fit else None


def is_known(text: str) -> bool:
    """Whether a word is a scope at all."""
    return text in OTHERS or read_scope(text) is not None


def grants_of(scopes: str, *, patient: str | None, user: str | None) -> tuple[Grant, ...]:
    """What the scopes of a token allow.

    Args:
        scopes: As granted, separated by spaces.
        patient: Real id of the patient in context.
        user: The `fhirUser`, such as `Practitioner/7`.
    """
    read = [scope for scope in map(read_scope, scopes.split()) if scope is not None]
    limits = {"patient": within(patient), "user": of_user(user), "system": Limit()}
    opened = [(scope, limits[scope.level]) for scope in read]
    return tuple(dict.fromkeys(scope.grant(limit) for scope, limit in opened if limit is not None))


def within(patient: str | None) -> Limit | None:
    """The compartment of a patient; nothing at all without one."""
    return Limit(patient) if patient else None


def of_user(user: str | None) -> Limit | None:
    """What a user may see: all of it for staff, their own for a patient, nothing for others."""
    kind, _, id_ = (user or "").partition("/")
    if kind == "Patient":
        return within(id_)
    return Limit() if kind in {"Practitioner", "PractitionerRole"} else None
