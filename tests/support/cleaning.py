"""A de-identifier with an invented secret, and the shortest ways to clean one resource with it."""

from datetime import date
from functools import cache
from typing import Any, Literal

from privacy.deidentify import Deidentifier
from privacy.keys import SiteKeys, derive_keys
from privacy.policy import Policy, load_policy
from privacy.records import CleanResource, Refusal

SECRET = b"an invented secret that is used by tests only"
TODAY = date(2026, 3, 1)
KEYS: SiteKeys = derive_keys(SECRET, "default")


@cache
def policy() -> Policy:
    """The policy that comes with Homeward, read once."""
    return load_policy()


@cache
def cleaner(notes: Literal["drop", "scrub"] = "drop") -> Deidentifier:
    """A de-identifier over the policy that comes with Homeward."""
    return Deidentifier(policy(), KEYS, notes=notes, today=TODAY)


def cleaned(resource: dict[str, Any], **others: Any) -> dict[str, Any]:
    """The body of one resource after cleaning; a refusal fails the test."""
    answer = cleaner(**others).clean_batch([{"id": "a1", **resource}])[0]
    assert isinstance(answer, CleanResource), answer
    return dict(answer.body)


def refused(resource: dict[str, Any]) -> Refusal:
    """The refusal of one resource; a cleaned one fails the test."""
    answer = cleaner().clean_batch([{"id": "a1", **resource}])[0]
    assert isinstance(answer, Refusal), answer
    return answer


def observation(**elements: Any) -> dict[str, Any]:
    """An Observation of patient 17 with what it must have."""
    code = {"coding": [{"system": "http://loinc.org", "code": "718-7"}]}
    subject = {"reference": "Patient/17"}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": code,
        "subject": subject,
        **elements,
    }
