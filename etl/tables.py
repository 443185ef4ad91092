"""Tables the jobs fill and serving reads. The comments travel into Postgres.

Each has one row a key and is only ever upserted, so running a job twice changes nothing.
"""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Integer, LargeBinary, String, func
from sqlalchemy.orm import Mapped, mapped_column

from fhir_api.store.base import Base


class OnlinePatient(Base):
    """All events of one patient, ready for the hook: one read gives the stored history."""

    __tablename__ = "online_patient"
    __table_args__ = ({"comment": "Events of one patient as of the last features run"},)

    site: Mapped[str] = mapped_column(String(64), primary_key=True, comment="Tenant")
    patient_id: Mapped[str] = mapped_column(String(64), primary_key=True, comment="Pseudonym")
    watermark: Mapped[int] = mapped_column(
        BigInteger, comment="Transactions below it are in `events`; later ones are not"
    )
    as_of: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), comment="UTC; newest availability among the events, null if none"
    )
    schema_hash: Mapped[str] = mapped_column(
        String(64), comment="Digest of the feature catalogue of the run that wrote it"
    )
    events: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Arrow IPC of the patient's events (`etl.events.table.to_bytes`)"
    )
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), comment="UTC; when it was written"
    )


class NoteVector(Base):
    """What one encoder made of one note text."""

    __tablename__ = "note_vector"
    __table_args__ = (
        CheckConstraint("octet_length(vectors) = 2 * chunks * width", name="holds_all_chunks"),
        {"comment": "Note embeddings, one row a text and encoder"},
    )

    site: Mapped[str] = mapped_column(String(64), primary_key=True, comment="Tenant")
    note_key: Mapped[str] = mapped_column(
        String(32), primary_key=True, comment="Digest of the scrubbed text, never the text"
    )
    encoder_hash: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="Digest of the encoder's weights and vocabulary"
    )
    chunks: Mapped[int] = mapped_column(Integer, comment="How many vectors the note has")
    width: Mapped[int] = mapped_column(Integer, comment="Numbers in one vector")
    vectors: Mapped[bytes] = mapped_column(
        LargeBinary, comment="float16, little-endian, chunk by chunk (`etl.notes.vectors`)"
    )
