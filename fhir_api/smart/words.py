"""Scopes in words that a clinician can agree to."""

from fhir_api.access.caller import ANY
from fhir_api.access.scopes import Scope, read_scope

OTHERS = {
    "openid": "Know who you are",
    "fhirUser": "Know your entry in the hospital's directory",
    "profile": "Know your entry in the hospital's directory",
    "launch": "Know what you were looking at when you opened the app",
    "launch/patient": "Know which patient you choose",
    "launch/encounter": "Know which stay you are looking at",
    "offline_access": "Keep this access for 90 days, also while you are away",
    "online_access": "Keep this access until the end of your day",
}
VERBS = {"c": "add", "r": "read", "u": "change", "d": "delete", "s": "search"}
WHOSE = {
    "patient": "of this patient",
    "user": "of every patient you may see",
    "system": "of every patient",
}


def in_words(scope: str) -> str:
    """What a scope allows.

    >>> in_words("patient/Observation.rs?category=laboratory")
    'Read and search Observation of this patient, only where category is laboratory'
    >>> in_words("offline_access")
    'Keep this access for 90 days, also while you are away'
    """
    read = read_scope(scope)
    if read is None:
        return OTHERS[scope]
    what = "all records" if read.resource_type == ANY else read.resource_type
    allowed = listed([verb for letter, verb in VERBS.items() if letter in read.letters])
    return f"{allowed.capitalize()} {what} {WHOSE[read.level]}{condition(read)}"


def condition(scope: Scope) -> str:
    """The constraints of a scope."""
    said = [f"{name} is {value}" for name, value in scope.query]
    return f", only where {listed(said)}" if said else ""


def listed(words: list[str]) -> str:
    """Words as one phrase.

    >>> listed(["add", "read", "change"])
    'add, read and change'
    """
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last
