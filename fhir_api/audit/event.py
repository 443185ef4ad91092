"""One access to the records of the site, as the audit trail keeps it: pseudonyms, no values."""

from dataclasses import dataclass

UNKNOWN = "unknown"
MESSAGE = "hl7v2"  # and "hl7v2-A01": no interaction of FHIR but a message taken in
ACTIONS = {
    "create": "C",
    "read": "R",
    "vread": "R",
    "history-instance": "R",
    "history-type": "R",
    "history-system": "R",
    "update": "U",
    "patch": "U",
    "delete": "D",
}
EXECUTED = "E"  # searches, operations, transactions


@dataclass(frozen=True, slots=True)
class Access:
    """Who asked what about whom, and how it ended.

    Attributes:
        interaction: A restful-interaction code, `operation`, or another word of ours for what is
            no interaction of FHIR, such as `notification`.
        status: HTTP status of the answer; what would be it for a message.
        request_id: That the answer carries in X-Request-Id.
        client: Id of the client.
        user: `Type/pseudonym` of the person on whose behalf, or None.
        patients: `Patient/pseudonym` of whom it concerned.
        resources: `Type/pseudonym` of what it concerned, with its version when one was named.
        query: Names of the parameters, with pseudonyms where values are references; or None.
    """

    interaction: str
    status: int
    request_id: str
    client: str = UNKNOWN
    user: str | None = None
    patients: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    query: str | None = None

    @property
    def action(self) -> str:
        """C, R, U, D or E (https://hl7.org/fhir/R4/valueset-audit-event-action.html)."""
        return ACTIONS.get(self.interaction, EXECUTED)

    @property
    def changes(self) -> bool:
        """Whether it may have changed what is stored."""
        return self.action != "R" and not self.interaction.startswith("search")
