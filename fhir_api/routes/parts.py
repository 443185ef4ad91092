"""What the routes are given by the front door."""

from dataclasses import dataclass

from fhir_api.ingest.ingestor import Ingestor
from fhir_api.store.repository import ResourceStore
from fhir_api.validation.validator import Validator
from privacy.keys import SiteKeys

LARGEST_BODY = 50_000_000


@dataclass(frozen=True, slots=True)
class FhirApi:
    """The parts of the FHIR API of one site.

    Attributes:
        ingestor: The way into the store.
        store: The way out of it.
        keys: Of the site.
        validator: Shared, so that each type's schema is compiled once.
        site: The tenant.
        largest_body: Bytes of a request that are read; more is refused with 413.
    """

    ingestor: Ingestor
    store: ResourceStore
    keys: SiteKeys
    validator: Validator
    site: str
    largest_body: int = LARGEST_BODY
