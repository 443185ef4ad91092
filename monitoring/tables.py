"""Tables of the ledger: what was predicted, what then happened, what the clinician did."""

import uuid
from datetime import datetime
from typing import Annotated

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from fhir_api.store.base import Base

Pseudonym = Annotated[str, mapped_column(String(64))]
Site = Annotated[str, mapped_column(String(64))]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]


class Prediction(Base):
    """One score made. Rows are added and never changed."""

    __tablename__ = "prediction"
    __table_args__ = (
        CheckConstraint("probability between 0 and 1", name="probability_is_a_share"),
        CheckConstraint("arm in ('shown', 'silent', 'shadow')", name="arm_is_known"),
        CheckConstraint("inputs_known between 0 and inputs_total", name="inputs_add_up"),
        Index(None, "site", "patient_id", "encounter_id"),
        Index(None, "card_id"),
        {"comment": "Every score made for a hook call, shown or not"},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, comment="Made when the score was")
    site: Mapped[Site] = mapped_column(comment="The hospital")
    patient_id: Mapped[Pseudonym] = mapped_column(comment="Pseudonym, never the source id")
    encounter_id: Mapped[Pseudonym | None] = mapped_column(
        comment="Pseudonym of the stay; null when the chart was opened outside a stay"
    )
    hook: Mapped[str] = mapped_column(String(64), comment="CDS hook, such as encounter-discharge")
    hook_instance: Mapped[uuid.UUID] = mapped_column(comment="hookInstance of the call")
    service: Mapped[str] = mapped_column(String(64), comment="Id of the CDS service")
    model_version: Mapped[str] = mapped_column(String(128), comment="The artefact that answered")
    schema_hash: Mapped[str] = mapped_column(String(64), comment="Of the feature catalogue used")
    feature_watermark: Mapped[int | None] = mapped_column(
        BigInteger, comment="Of the stored row the features began with; null when there was none"
    )
    as_of: Mapped[Moment] = mapped_column(
        comment="Moment the score speaks of, shifted like every date of the patient"
    )
    made_at: Mapped[Moment] = mapped_column(comment="UTC; when the score was made, not shifted")
    probability: Mapped[float] = mapped_column(comment="Of readmission within 30 days, 0 to 1")
    base_rate: Mapped[float] = mapped_column(comment="Of the data the model was trained on")
    arm: Mapped[str] = mapped_column(String(8), comment="shown, silent or shadow")
    inputs_known: Mapped[int] = mapped_column(comment="Inputs that were known")
    inputs_total: Mapped[int] = mapped_column(comment="Inputs there are")
    latency_ms: Mapped[float] = mapped_column(comment="From request to score, milliseconds")
    card_id: Mapped[uuid.UUID | None] = mapped_column(comment="uuid of the card; null if none")


class Outcome(Base):
    """What happened after the stay a prediction was made for. Recomputed, never edited."""

    __tablename__ = "outcome"
    __table_args__ = (
        CheckConstraint(
            "event in ('none', 'unplanned', 'planned', 'death', 'excluded')", name="event_is_known"
        ),
        CheckConstraint("matured = (label is not null)", name="label_is_known_once_matured"),
        {"comment": "What followed each prediction, by the label logic"},
    )

    prediction_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("prediction.id", ondelete="CASCADE"), primary_key=True
    )
    event: Mapped[str] = mapped_column(
        String(16), comment="none, unplanned, planned, death, or excluded with its reason"
    )
    event_day: Mapped[int | None] = mapped_column(comment="Days from discharge to the event")
    discharged_at: Mapped[Moment | None] = mapped_column(comment="End of the stay, shifted")
    label: Mapped[bool | None] = mapped_column(
        comment="Unplanned readmission within the horizon; null until matured, or excluded"
    )
    matured: Mapped[bool] = mapped_column(comment="Whether the horizon has passed")
    reason: Mapped[str | None] = mapped_column(
        String(128), comment="Why the stay is excluded by the label logic"
    )
    linked_at: Mapped[Moment] = mapped_column(comment="UTC; when this state was first seen")


class Feedback(Base):
    """What a clinician did with a card. Rows are added and never changed.

    A comment in free text may name a patient: that there was one is kept, its words are not.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        CheckConstraint("outcome in ('accepted', 'overridden')", name="outcome_is_known"),
        UniqueConstraint("site", "digest"),
        Index(None, "prediction_id"),
        {"comment": "Feedback of CDS clients, one row an answer"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    site: Mapped[Site] = mapped_column(comment="The hospital")
    digest: Mapped[str] = mapped_column(
        String(64), comment="sha256 of what was said; the same said twice is stored once"
    )
    service: Mapped[str] = mapped_column(String(64), comment="Id of the CDS service")
    card_id: Mapped[uuid.UUID] = mapped_column(comment="uuid of the card")
    prediction_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("prediction.id", ondelete="SET NULL"),
        comment="Behind the card; null when the card is not one of ours",
    )
    outcome: Mapped[str] = mapped_column(String(16), comment="accepted or overridden")
    measure: Mapped[str | None] = mapped_column(
        String(64), comment="Key of the suggestion that was accepted"
    )
    reason_code: Mapped[str | None] = mapped_column(
        String(64), comment="One of the override reasons offered on the card"
    )
    commented: Mapped[bool] = mapped_column(comment="Whether a comment came with it")
    outcome_at: Mapped[Moment] = mapped_column(comment="UTC; by the client's clock")
    received_at: Mapped[Moment] = mapped_column(comment="UTC; when we stored it")
