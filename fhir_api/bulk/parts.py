"""What bulk operations are given by the front door."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol

from sqlalchemy import Connection, Engine, text

from fhir_api.access.caller import Caller, Limit
from fhir_api.bulk.files import BulkFiles
from fhir_api.bulk.jobs import Jobs
from fhir_api.ingest.ingestor import Ingestor
from fhir_api.outbound.client import OutboundClient
from privacy.keys import SiteKeys

CLOCK = text("SELECT clock_timestamp()")


class Permitted(Protocol):
    """The search engine's answer to the question which resources are inside limits."""

    def __call__(
        self,
        connection: Connection,
        resource_type: str,
        ids: Collection[str],
        limits: tuple[Limit, ...],
        caller: Caller | None = None,
    ) -> set[str]:
        """Those of the ids (pseudonyms) that are inside one of the limits; with a caller, of
        searches that the caller might ask.
        """


@dataclass(frozen=True)
class BulkParts:
    """Bulk operations of one site.

    Attributes:
        engine: Of the store.
        keys: Of the site.
        files: Where output lies until it is fetched.
        ingestor: The way into the store, for imports.
        sources: The way out, to servers that imports may read from.
        permitted: Which resources are inside limits.
        now: The clock.
        needs_token: Whether the server asks for access tokens; files are then given to those alone
            who bring one.
        lines_of_a_file: Most lines of an output file.
        jobs_of_a_client: Most jobs of one kind that a client may have under way.
    """

    engine: Engine
    keys: SiteKeys
    files: BulkFiles
    ingestor: Ingestor
    sources: OutboundClient
    permitted: Permitted
    now: Callable[[], datetime]
    needs_token: bool = False
    lines_of_a_file: int = 50_000
    jobs_of_a_client: int = 3

    @cached_property
    def jobs(self) -> Jobs:
        """Jobs in the database."""
        return Jobs(self.engine, self.keys)

    def clock(self) -> datetime:
        """The clock of the database, by which resources are dated."""
        with self.engine.connect() as connection:
            moment: datetime = connection.execute(CLOCK).scalar_one()
        return moment
