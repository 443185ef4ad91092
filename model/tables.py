"""Tables of the model registry: versions, aliases, and who moved an alias when and why."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKeyConstraint, Identity, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from fhir_api.store.base import Base

MOMENT = DateTime(timezone=True)


class ModelVersion(Base):
    """One trained model, its files verified when it was registered. Rows are never changed."""

    __tablename__ = "model_version"
    __table_args__ = ({"comment": "Trained models that were registered, one row a version"},)

    site: Mapped[str] = mapped_column(String(64), primary_key=True, comment="The tenant")
    version: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="Name made from the digest of the model's files"
    )
    path: Mapped[str] = mapped_column(comment="Directory of the model's files")
    digest: Mapped[str] = mapped_column(String(64), comment="sha256 of its manifest.json")
    schema_hash: Mapped[str] = mapped_column(String(64), comment="Of the feature catalogue")
    metrics: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="What training measured")
    registered_at: Mapped[datetime] = mapped_column(MOMENT, comment="UTC")


class ModelAlias(Base):
    """Which version an alias stands for now."""

    __tablename__ = "model_alias"
    __table_args__ = (
        ForeignKeyConstraint(["site", "version"], ["model_version.site", "model_version.version"]),
        {"comment": "champion, challenger and shadow, and the version each stands for"},
    )

    site: Mapped[str] = mapped_column(String(64), primary_key=True, comment="The tenant")
    alias: Mapped[str] = mapped_column(
        String(32), primary_key=True, comment="champion, challenger or shadow"
    )
    version: Mapped[str] = mapped_column(String(64), comment="The version it stands for")
    moved_at: Mapped[datetime] = mapped_column(MOMENT, comment="UTC; when it was last moved")


class ModelPromotion(Base):
    """One move of an alias. Rows are added and never changed."""

    __tablename__ = "model_promotion"
    __table_args__ = (
        Index(None, "site", "alias", "promoted_at"),
        {"comment": "Audit of every promotion and roll-back"},
    )

    number: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Order of the moves"
    )
    site: Mapped[str] = mapped_column(String(64), comment="The tenant")
    alias: Mapped[str] = mapped_column(String(32), comment="champion, challenger or shadow")
    version: Mapped[str] = mapped_column(String(64), comment="Where the alias was moved to")
    previous: Mapped[str | None] = mapped_column(
        String(64), comment="Where it stood before; null the first time"
    )
    promoted_by: Mapped[str] = mapped_column(comment="Who asked for it")
    reason: Mapped[str] = mapped_column(comment="Why, in a sentence")
    promoted_at: Mapped[datetime] = mapped_column(MOMENT, comment="UTC")
