"""What a worker process needs to build its own way into the store; it travels by pickle."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine

from fhir_api.ingest.ingestor import Ingestor
from fhir_api.store.repository import ResourceStore
from fhir_api.store.vault import Vault
from fhir_api.validation.validator import Strictness, Validator
from privacy.deidentify import Deidentifier
from privacy.keys import derive_keys
from privacy.policy import load_policy


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """Settings of an ingest.

    Attributes:
        database_url: SQLAlchemy URL of the store.
        site: The tenant.
        root_key: The site's root secret, at least 32 bytes.
        today: For ages and for what lies in the future.
        notes: What becomes of notes: `drop`, or `scrub` where the site has opted in.
        policy: A policy file of the site, or None for ours.
        workers: Processes; 1 works in the calling process.
        vault: Whether the real names of pseudonyms are kept, sealed.
        strictness: What the site asks of resources beside their structure.
    """

    database_url: str = field(repr=False)
    site: str
    root_key: bytes = field(repr=False)
    today: date
    notes: Literal["drop", "scrub"] = "drop"
    policy: Path | None = None
    workers: int = 1
    vault: bool = True
    strictness: Strictness = field(default_factory=Strictness)


def build_ingestor(settings: IngestSettings, engine: Engine) -> Ingestor:
    """An ingestor of files over `engine`: a POST called `urn:uuid:X` is X."""
    keys = derive_keys(settings.root_key, settings.site)
    policy = load_policy(settings.policy)
    deidentifier = Deidentifier(policy, keys, notes=settings.notes, today=settings.today)
    vault = Vault(engine, keys) if settings.vault else None
    store = ResourceStore(engine, settings.site, policy.name, vault)
    validator = Validator(settings.strictness)
    return Ingestor(store, deidentifier, validator, keys, naming="sender")
