"""Tables of the resource store. The comments travel into Postgres and the data dictionary.

`site` leads every key: one database may hold several hospitals and none sees another's rows.
"""

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    FetchedValue,
    Identity,
    Index,
    LargeBinary,
    Sequence,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from fhir_api.store.base import Base

PATIENT_BUCKETS = 1024
HEAD_NUMBER = Sequence("resource_head_number", metadata=Base.metadata)

Site = Annotated[str, mapped_column(String(64))]
TypeName = Annotated[str, mapped_column(String(64))]
Pseudonym = Annotated[str, mapped_column(String(64))]
RecordedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]


class TransactionId(UserDefinedType[int]):
    """Postgres' `xid8`: the 64-bit id of a transaction, which never wraps round."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return "xid8"


ischema_names["xid8"] = TransactionId  # so that Alembic can read the column back


class ResourceVersion(Base):
    """One version of one de-identified resource. Rows are added and never changed."""

    __tablename__ = "resource_version"
    __table_args__ = (
        CheckConstraint("version >= 1", name="counts_from_one"),
        CheckConstraint("deleted = (body IS NULL)", name="body_unless_deleted"),
        CheckConstraint(
            f"patient_bucket >= 0 AND patient_bucket < {PATIENT_BUCKETS}", name="bucket_in_range"
        ),
        Index(None, "site", "patient_id", "resource_type"),
        Index(None, "site", "transaction_id"),
        Index(None, "site", "patient_bucket"),
        Index(None, "site", "resource_type", "seq"),
        Index(None, "site", "seq"),
        Index(None, "site", "recorded_at"),
        {"comment": "De-identified FHIR R4 resources, one row a version"},
    )

    site: Mapped[Site] = mapped_column(primary_key=True, comment="The hospital, our tenant")
    resource_type: Mapped[TypeName] = mapped_column(
        primary_key=True, comment="R4 type name, such as Encounter"
    )
    resource_id: Mapped[Pseudonym] = mapped_column(
        primary_key=True, comment="Pseudonym, never the source id"
    )
    version: Mapped[int] = mapped_column(primary_key=True, comment="1, 2, 3 in the order received")
    seq: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), comment="Order of writing; has gaps"
    )
    transaction_id: Mapped[int] = mapped_column(
        TransactionId(),
        FetchedValue(),
        server_default=text("pg_current_xact_id()"),
        comment="Transaction that wrote the row; the change feed reads below a watermark of these",
    )
    patient_id: Mapped[Pseudonym | None] = mapped_column(
        comment="Whose compartment it is in; null for shared ones"
    )
    patient_bucket: Mapped[int] = mapped_column(
        SmallInteger,
        comment="0 to 1023 by sha256 of patient_id (of resource_id for shared ones), for Spark",
    )
    recorded_at: Mapped[RecordedAt] = mapped_column(
        comment="UTC; when we stored it, not when it happened"
    )
    deleted: Mapped[bool] = mapped_column(comment="True for the version that ends a resource")
    digest: Mapped[bytes] = mapped_column(
        LargeBinary, comment="sha256 of the body and keyed tokens; tells a replay from a change"
    )
    policy: Mapped[str] = mapped_column(
        String(80), comment="Name and digest of the policy that cleaned it"
    )
    body: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="The resource after de-identification; null when deleted"
    )


class ResourceHead(Base):
    """Which version of a resource is the newest; the row that writers of a resource lock."""

    __tablename__ = "resource_head"
    __table_args__ = (
        UniqueConstraint("number"),
        Index(None, "site", "resource_type", "recorded_at", "number"),
        Index(None, "site", "patient_id", "resource_type", "number"),
        {"comment": "The newest version of each resource"},
    )

    site: Mapped[Site] = mapped_column(primary_key=True, comment="The hospital, our tenant")
    resource_type: Mapped[TypeName] = mapped_column(primary_key=True, comment="R4 type name")
    resource_id: Mapped[Pseudonym] = mapped_column(primary_key=True, comment="Pseudonym")
    version: Mapped[int] = mapped_column(comment="The newest version")
    deleted: Mapped[bool] = mapped_column(comment="True when the newest version is a deletion")
    digest: Mapped[bytes] = mapped_column(
        LargeBinary, comment="sha256 of the newest body and its keyed tokens"
    )
    patient_id: Mapped[Pseudonym | None] = mapped_column(comment="Whose compartment it is in")
    number: Mapped[int] = mapped_column(
        BigInteger,
        HEAD_NUMBER,
        server_default=HEAD_NUMBER.next_value(),
        comment="Order of first writing, one count for all sites; what the search index names",
    )
    recorded_at: Mapped[RecordedAt] = mapped_column(
        comment="UTC; when the newest version was stored"
    )
    indexed: Mapped[int] = mapped_column(
        SmallInteger,
        server_default=text("0"),
        comment="Edition of the rules by which its search values were made; 0 for none",
    )


class VaultName(Base):
    """What a pseudonym stands for, sealed; the one table from which a real id can be had."""

    __tablename__ = "vault_name"
    __table_args__ = (
        Index(None, "site", "patient_id"),
        {"comment": "Real names of pseudonyms, each sealed with AES-256-GCM under the vault key"},
    )

    site: Mapped[Site] = mapped_column(primary_key=True, comment="The hospital, our tenant")
    name: Mapped[str] = mapped_column(
        String(140), primary_key=True, comment="Type/pseudonym, or that and #identifier"
    )
    patient_id: Mapped[Pseudonym | None] = mapped_column(comment="Whose records first named it")
    sealed: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Nonce and ciphertext; site and name are authenticated with it"
    )


class ResourceIdentifier(Base):
    """A keyed token of an identifier, by which a conditional reference finds its resource."""

    __tablename__ = "resource_identifier"
    __table_args__ = (
        Index(None, "site", "resource_type", "resource_id"),
        {"comment": "Keyed tokens of identifiers; no identifier can be read from them"},
    )

    site: Mapped[Site] = mapped_column(primary_key=True, comment="The hospital, our tenant")
    resource_type: Mapped[TypeName] = mapped_column(primary_key=True, comment="R4 type name")
    token: Mapped[Pseudonym] = mapped_column(
        primary_key=True,
        comment="HMAC of system and value (i1…) or value (i2…) under the site's key",
    )
    resource_id: Mapped[Pseudonym] = mapped_column(primary_key=True, comment="Pseudonym")
