"""What the store gives back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one resource of a write.

    Attributes:
        version: Of the resource after the write, counting from 1.
        outcome: `unchanged` when the newest version had the same content already.
    """

    version: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """How far a reader of the change feed has come.

    Attributes:
        transaction_id: Rows of transactions below it have been read.
        seq: Of this transaction, rows up to it have been read.
    """

    transaction_id: int
    seq: int = 0


@dataclass(frozen=True, slots=True)
class StoredResource:
    """The newest version of one de-identified resource.

    Attributes:
        resource_type: R4 type name.
        resource_id: Pseudonym.
        version: Counting from 1.
        patient_id: Pseudonym of the patient whose compartment it is in; None for shared ones.
        recorded_at: UTC; when this version was stored.
        deleted: True when the newest version is a deletion; `body` is then empty.
        body: The resource, decimals as `decimal.Decimal`.
    """

    resource_type: str
    resource_id: str
    version: int
    patient_id: str | None
    recorded_at: datetime
    deleted: bool
    body: Mapping[str, Any]
