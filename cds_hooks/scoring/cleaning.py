"""Prefetch behind the same de-identification as everything stored, so that both can be joined.

Nothing of it is stored. What is not sound FHIR, or what the policy refuses, is left out and
counted; the card says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cds_hooks.prefetch import Prefetched
from fhir_api.validation.validator import Validator
from privacy.deidentify import Deidentifier
from privacy.records import CleanResource


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What may be used of a prefetch.

    Attributes:
        bodies: De-identified resources.
        references: `Type/real-id` of the same resources, in the same order.
        left_out: How many could not be used.
    """

    bodies: tuple[Mapping[str, Any], ...]
    references: tuple[str, ...]
    left_out: int


def clean(prefetched: Prefetched, validator: Validator, deidentifier: Deidentifier) -> Cleaned:
    """De-identify the sound resources of a prefetch as one batch."""
    sound = [
        sent.resource
        for sent in prefetched.sent
        if not validator.validate(sent.resource, sent.path)
    ]
    answers = deidentifier.clean_batch(sound) if sound else []
    kept = [
        (answer.body, f"{resource['resourceType']}/{resource['id']}")
        for resource, answer in zip(sound, answers, strict=True)
        if isinstance(answer, CleanResource)
    ]
    return Cleaned(
        bodies=tuple(body for body, _ in kept),
        references=tuple(reference for _, reference in kept),
        left_out=len(prefetched.sent) - len(kept),
    )
