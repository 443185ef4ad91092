"""What leaves the privacy floor: one de-identified resource, or the reason it may not leave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class CleanResource:
    """One resource after de-identification, ready to be stored.

    Attributes:
        resource_type: R4 type name, such as Encounter.
        resource_id: Pseudonym of the resource, never the source id.
        patient_id: Pseudonym of the patient whose compartment it is in; None for shared ones.
        body: The resource as it will be stored. `id` is the pseudonym; references inside are
            `Type/pseudonym`. Decimals are `decimal.Decimal`, so that 1.10 stays 1.10.
        identifier_tokens: Keyed tokens of its identifiers, each with its system
            (`privacy.pseudonyms.identifier_token`) and of its value alone (`value_token`), by which
            searches and conditional references find it again.
        names: What its pseudonyms stand for, for the vault alone: `Type/pseudonym` to
            `Type/real-id`, and `Type/pseudonym#identifier` to its identifiers as JSON text.
        reference_tokens: Search parameter and keyed token of identifiers that stand elsewhere: of
            each `Reference.identifier` (`subject:identifier`) and of a group (`group-identifier`).
    """

    resource_type: str
    resource_id: str
    patient_id: str | None
    body: Mapping[str, Any]
    identifier_tokens: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict, repr=False)
    reference_tokens: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one resource of a batch may not be stored.

    Attributes:
        index: Place of the resource in the batch given to `Deidentifier.clean_batch`.
        path: FHIRPath of the element, such as `Patient.modifierExtension[0]`.
        reason: A sentence for the sender; never holds a value of the resource.
    """

    index: int
    path: str
    reason: str
