"""The parts of one process, put together: each made when it is first asked for.

No rule of medicine, privacy or statistics lives here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from etl.rules import SiteRules
from homeward.embedded.postgres import EmbeddedPostgres
from homeward.keys import root_key
from homeward.settings import Settings, read_settings
from privacy.dates import shift_days
from privacy.keys import SiteKeys, derive_keys
from privacy.policy import Policy, load_policy

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from fhir_api.store.repository import ResourceStore
    from fhir_api.store.vault import Vault
    from fhir_api.validation.validator import Strictness
    from privacy.deidentify import Deidentifier


class House:
    """Everything a command may need, over one set of settings.

    Args:
        settings: Read once; frozen.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._embedded: EmbeddedPostgres | None = None

    @cached_property
    def database_url(self) -> str:
        """Address of the database: the one you named, or the embedded one, started or joined."""
        if self.settings.database_url is not None:
            return self.settings.database_url.get_secret_value()
        self._embedded = EmbeddedPostgres(self.settings.home / "postgres")
        return self._embedded.url()

    @cached_property
    def engine(self) -> "Engine":
        """Connections to the database, which has the newest schema from here on."""
        from fhir_api.store.migrate import migrate
        from homeward.database import make_engine

        engine = make_engine(self.database_url)
        migrate(engine)
        return engine

    @cached_property
    def root_key(self) -> bytes:
        """The site's root key."""
        return root_key(self.settings)

    @cached_property
    def keys(self) -> SiteKeys:
        """What pseudonyms, tokens and date shifts of this site are made with."""
        return derive_keys(self.root_key, self.settings.site)

    @cached_property
    def policy(self) -> Policy:
        """What may be kept of each element."""
        return load_policy(self.settings.policy_file)

    @cached_property
    def deidentifier(self) -> "Deidentifier":
        """The one way from an identified resource to one that may be stored."""
        from privacy.deidentify import Deidentifier

        return Deidentifier(
            self.policy, self.keys, notes=self.settings.notes, today=self.now().date()
        )

    @cached_property
    def store(self) -> "ResourceStore":
        """The de-identified resources of this site."""
        from fhir_api.store.repository import ResourceStore

        return ResourceStore(self.engine, self.settings.site, self.policy.digest, self.vault)

    @cached_property
    def vault(self) -> "Vault | None":
        """Real names of pseudonyms; None where the site keeps none."""
        from fhir_api.store.vault import Vault

        return Vault(self.engine, self.keys) if self.settings.vault else None

    @cached_property
    def strictness(self) -> "Strictness":
        """What this site asks of resources beside their structure."""
        from fhir_api.validation.validator import Strictness

        return Strictness(self.settings.validation_rules, self.settings.validation_ignored)

    @property
    def public_url(self) -> str:
        """Address of the server where no request tells it."""
        settings = self.settings
        return settings.public_url or f"http://{settings.host}:{settings.port}"

    @cached_property
    def rules(self) -> SiteRules:
        """What this site says about stays and labels."""
        return SiteRules(
            inpatient_classes=self.settings.inpatient_classes,
            emergency_classes=self.settings.emergency_classes,
            inpatient_needs_service=self.settings.inpatient_needs_service,
            not_acute_types=self.settings.not_acute_types,
            minimum_age=self.settings.minimum_age,
            observed_until=self.observed_until,
        )

    @cached_property
    def observed_until(self) -> datetime | None:
        """The true end of observation; None when every stay was followed to its end."""
        reach = self.settings.observed_until
        if reach == "forever":
            return None
        if reach == "now":
            return self.now()
        return datetime.combine(reach, time(), UTC) + timedelta(days=1)

    @cached_property
    def shifted_end(self) -> "ShiftedEnd":
        """A patient's own end of observation, by pseudonym."""
        return ShiftedEnd(self.keys, self.observed_until)

    def rules_of(self, patient_id: str) -> SiteRules:
        """The site's rules on the shifted clock of one patient."""
        return replace(self.rules, observed_until=self.shifted_end(patient_id))

    @staticmethod
    def now() -> datetime:
        """The clock of the process."""
        return datetime.now(UTC)

    def close(self) -> None:
        """Let go of the database; the last process to do so stops the embedded one."""
        if "engine" in self.__dict__:
            self.engine.dispose()
        if self._embedded is not None:
            self._embedded.leave()


@dataclass(frozen=True, slots=True)
class ShiftedEnd:
    """The end of observation on a patient's own clock; the key stays in this process."""

    keys: SiteKeys
    end: datetime | None

    def __call__(self, patient_id: str) -> datetime | None:
        """The end moved by the patient's shift; None when there is no end."""
        if self.end is None:
            return None
        return self.end + timedelta(days=shift_days(patient_id, self.keys))


@contextmanager
def open_house(**given: Any) -> Iterator[House]:
    """A house over the settings of this process, closed when the block ends."""
    house = House(read_settings(**given))
    try:
        yield house
    finally:
        house.close()
