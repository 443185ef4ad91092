"""Tables of bulk jobs. What a client asked may name a patient, so it rests sealed."""

from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from fhir_api.store.base import Base

Name = Annotated[str, mapped_column(String(64))]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]


class BulkJob(Base):
    """One export, import or submission. A worker that leases it carries it out."""

    __tablename__ = "bulk_job"
    __table_args__ = (
        Index(None, "site", "state", "created_at"),
        Index("uq_bulk_job_site_token", "site", "token", unique=True),
        {"comment": "Bulk exports, imports and submissions"},
    )

    site: Mapped[Name] = mapped_column(primary_key=True, comment="The hospital, our tenant")
    id: Mapped[Name] = mapped_column(primary_key=True, comment="192 random bits; part of its URL")
    kind: Mapped[str] = mapped_column(String(16), comment="export, import or submission")
    client: Mapped[str] = mapped_column(String(255), comment="Client that began it")
    token: Mapped[str | None] = mapped_column(
        String(64), comment="Keyed token of what a client calls its submission"
    )
    request: Mapped[bytes] = mapped_column(
        LargeBinary, comment="What was asked, sealed: it may name patients and hold passwords"
    )
    state: Mapped[str] = mapped_column(String(16), comment="open, waiting, running, done or failed")
    stage: Mapped[str] = mapped_column(
        String(16), server_default="in-progress", comment="Of a submission, as its client says"
    )
    progress: Mapped[str] = mapped_column(
        String(100), server_default="waiting for its turn", comment="For X-Progress"
    )
    attempt: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), comment="Leases since something was last finished"
    )
    holder: Mapped[str | None] = mapped_column(String(64), comment="Worker that has leased it")
    leased_until: Mapped[Moment | None] = mapped_column(comment="When others may lease it")
    error: Mapped[str | None] = mapped_column(Text, comment="Why it failed; holds no value")
    snapshot: Mapped[str | None] = mapped_column(
        Text, comment="pg_snapshot of what it exports; rows it does not show are not exported"
    )
    transaction_time: Mapped[Moment | None] = mapped_column(comment="Moment of the snapshot")
    created_at: Mapped[Moment] = mapped_column(comment="UTC")
    polled_at: Mapped[Moment | None] = mapped_column(comment="When its status was last asked for")
    expires_at: Mapped[Moment | None] = mapped_column(comment="When it and its files are removed")


class BulkPart(Base):
    """A part of a job that is finished; a job that was interrupted goes on after it."""

    __tablename__ = "bulk_part"
    __table_args__ = ({"comment": "Finished parts of bulk jobs, most of them files"},)

    site: Mapped[Name] = mapped_column(primary_key=True, comment="The hospital, our tenant")
    job: Mapped[Name] = mapped_column(primary_key=True, comment="Its job")
    step: Mapped[str] = mapped_column(
        String(80), primary_key=True, comment="Of the job's work, such as output/Patient"
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True, comment="1, 2, 3 in the step")
    section: Mapped[str] = mapped_column(
        String(16), comment="output, deleted or error of the manifest; none when empty"
    )
    resource_type: Mapped[Name] = mapped_column(comment="Type of every line")
    file: Mapped[str] = mapped_column(String(120), comment="Name of the file; empty for none")
    lines: Mapped[int] = mapped_column(BigInteger, comment="Lines of the file, or stored resources")
    refused: Mapped[int] = mapped_column(BigInteger, comment="Resources of an input not stored")
    last: Mapped[str | None] = mapped_column(
        String(64), comment="Pseudonym after which the step goes on; null when it is finished"
    )


class ExportMoment(Base):
    """A moment of which an export gave everything; the next one goes on from it."""

    __tablename__ = "export_moment"
    __table_args__ = ({"comment": "Moments of exports, with what was to be seen at each"},)

    site: Mapped[Name] = mapped_column(primary_key=True, comment="The hospital, our tenant")
    moment: Mapped[Moment] = mapped_column(primary_key=True, comment="transactionTime")
    snapshot: Mapped[str] = mapped_column(Text, comment="pg_snapshot at that moment")


class BulkManifest(Base):
    """A manifest of a submission."""

    __tablename__ = "bulk_manifest"
    __table_args__ = ({"comment": "Manifests of submissions, in the order they were sent"},)

    site: Mapped[Name] = mapped_column(primary_key=True, comment="The hospital, our tenant")
    job: Mapped[Name] = mapped_column(primary_key=True, comment="Its submission")
    number: Mapped[int] = mapped_column(Integer, primary_key=True, comment="1, 2, 3 as sent")
    token: Mapped[Name] = mapped_column(comment="Keyed token of its URL")
    request: Mapped[bytes] = mapped_column(LargeBinary, comment="Where it is, sealed")
    state: Mapped[str] = mapped_column(String(16), comment="waiting, done or replaced")
    replaces: Mapped[int | None] = mapped_column(Integer, comment="Number of the one it replaces")


class BulkStored(Base):
    """A resource that a submission stored, so that it can be given back or taken away again."""

    __tablename__ = "bulk_stored"
    __table_args__ = ({"comment": "What each manifest of a submission stored"},)

    site: Mapped[Name] = mapped_column(primary_key=True, comment="The hospital, our tenant")
    job: Mapped[Name] = mapped_column(primary_key=True, comment="Its submission")
    manifest: Mapped[int] = mapped_column(Integer, primary_key=True, comment="Its manifest")
    resource_type: Mapped[Name] = mapped_column(primary_key=True, comment="R4 type name")
    resource_id: Mapped[Name] = mapped_column(primary_key=True, comment="Pseudonym")
    before: Mapped[int] = mapped_column(Integer, comment="Its version before; 0 for none")
    after: Mapped[int | None] = mapped_column(
        Integer, comment="Its version after; null while it is being stored"
    )
