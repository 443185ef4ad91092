"""The table of the audit trail. A trigger of migration 0011 refuses to change or delete its rows.

Columns hold pseudonyms, names of parameters and numbers, and nothing that a caller wrote freely.
"""

from typing import Annotated

from sqlalchemy import BigInteger, Identity, Index, SmallInteger, String, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from fhir_api.store.base import Base
from fhir_api.store.tables import RecordedAt, Site

Name = Annotated[str, mapped_column(String(64))]
References = Annotated[list[str], mapped_column(ARRAY(Text()))]


class AuditEventRow(Base):
    """One access, carried out or refused. Rows are added and never changed."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index(None, "site", "recorded_at", "number"),
        Index(None, "site", "client", "number"),
        Index(  # entered at once: a list of what is pending would slow searches, and one writer
            "ix_audit_event_about",
            "patients",
            "resources",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
        {"comment": "Who did what with whose records; append-only"},
    )

    number: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Id of the AuditEvent"
    )
    site: Mapped[Site] = mapped_column(comment="The hospital, our tenant")
    recorded_at: Mapped[RecordedAt] = mapped_column(comment="UTC; when the access was answered")
    interaction: Mapped[Name] = mapped_column(
        comment="https://hl7.org/fhir/R4/valueset-restful-interaction.html, or $ and an operation"
    )
    action: Mapped[Annotated[str, mapped_column(String(1))]] = mapped_column(
        comment="C, R, U, D or E"
    )
    status: Mapped[int] = mapped_column(SmallInteger, comment="HTTP status of the answer")
    client: Mapped[Annotated[str, mapped_column(String(255))]] = mapped_column(
        comment="Id of the client; unknown when it did not prove who it is"
    )
    fhir_user: Mapped[Annotated[str | None, mapped_column(String(140))]] = mapped_column(
        comment="Type/pseudonym of the person on whose behalf"
    )
    patients: Mapped[References] = mapped_column(comment="Patient/pseudonym of whom it concerned")
    resources: Mapped[References] = mapped_column(
        comment="Type/pseudonym, with /_history/ where a version was named"
    )
    query: Mapped[Annotated[str | None, mapped_column(Text())]] = mapped_column(
        comment="Names of parameters; of values pseudonyms alone"
    )
    request_id: Mapped[Name] = mapped_column(comment="X-Request-Id, taken over or made")
