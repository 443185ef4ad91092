"""What the tables of subscriptions give back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fhir_api.subscriptions.definition import Definition

Status = Literal["requested", "active", "error", "off"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a subscription is, and what they could see when they last changed it.

    Attributes:
        client: Id of the client.
        identified: Whether real ids and true dates are told.
        patients: Pseudonyms of those the client may see; None for everybody.
    """

    client: str
    identified: bool
    patients: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A subscription as it is stored.

    Attributes:
        id: Given by the server.
        owner: Whose it is.
        definition: What is asked for.
        version: Of the definition, counting from 1.
        updated_at: UTC; when the client changed it.
        status: Where it stands.
        events: Number of the newest event.
        delivered: Number of the newest event that was received.
        attempts: Failures since the last success.
        last_contact_at: UTC; the last notification that was received; None before the handshake.
        problem: Why the last attempt failed, or None.
        lease: Which worker's attempt it is, or None.
    """

    id: str
    owner: Owner
    definition: Definition
    version: int
    updated_at: datetime
    status: Status
    events: int
    delivered: int
    attempts: int
    last_contact_at: datetime | None
    problem: str | None
    lease: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One event of one subscription.

    Attributes:
        number: Counting from 1 without gaps.
        resource_type: Of the focus.
        resource_id: Pseudonym of the focus.
        version: Of the focus.
        patient_id: Pseudonym of the patient whose compartment the focus is in, or None.
        occurred_at: UTC; when the focus was stored.
    """

    number: int
    resource_type: str
    resource_id: str
    version: int
    patient_id: str | None
    occurred_at: datetime

    @property
    def name(self) -> str:
        """`Type/pseudonym` of the focus."""
        return f"{self.resource_type}/{self.resource_id}"
