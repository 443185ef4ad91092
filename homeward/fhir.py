"""The FHIR API over the parts of one house: what its routes are given, and its threads.

No rule of FHIR or SMART lives here; settings become the parts that hold those rules.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial

from fhir_api.access.scopes import grants_of
from fhir_api.audit.trail import AuditTrail
from fhir_api.bulk.files import BulkFiles
from fhir_api.bulk.parts import BulkParts
from fhir_api.bulk.worker import run_until
from fhir_api.ingest.ingestor import Ingestor
from fhir_api.outbound.client import OutboundClient
from fhir_api.outbound.destination import AllowList
from fhir_api.routes.limits import Limits
from fhir_api.routes.parts import FhirApi
from fhir_api.search.engine import SearchEngine
from fhir_api.search.index.reindex import reindex
from fhir_api.smart.authenticate import Authenticator
from fhir_api.smart.parts import SignOn, SmartParts, TrustedIssuer
from fhir_api.subscriptions.rules import SubscriptionRules
from fhir_api.subscriptions.topics import load_topics
from fhir_api.subscriptions.worker import Way, Worker, work
from fhir_api.validation.validator import Validator
from homeward.house import House

MEGABYTE = 1_000_000
KEYS_TIMEOUT_S, LARGEST_KEYS = 3.0, 65_536  # bytes
ANONYMOUS, ANYONE = "anonymous", "anyone"
ENDPOINTS = {
    "authorize": "/auth/authorize",
    "token": "/auth/token",
    "introspect": "/auth/introspect",
    "revoke": "/auth/revoke",
}


@dataclass(frozen=True)
class FhirHouse:
    """The FHIR API of a house, its parts made when first asked for."""

    house: House

    @cached_property
    def outbound(self) -> OutboundClient:
        """The way out to client keys and bulk sources."""
        settings = self.house.settings
        return OutboundClient(
            settings.outbound_allowed,
            allow_private=settings.outbound_private,
            timeout_s=settings.outbound_timeout_s,
        )

    @cached_property
    def keys_from(self) -> OutboundClient:
        """The way out to keys of clients, for which a caller waits."""
        settings = self.house.settings
        return OutboundClient(
            settings.outbound_allowed,
            allow_private=settings.outbound_private,
            timeout_s=KEYS_TIMEOUT_S,
            largest_bytes=LARGEST_KEYS,
        )

    @cached_property
    def smart(self) -> SmartParts:
        """The authorization server."""
        settings = self.house.settings
        return SmartParts(
            engine=self.house.engine,
            keys=self.house.keys,
            now=self.house.now,
            vault=self.house.vault,
            public_url=settings.public_url,
            mode=settings.authorization,
            fetch=self.keys_from.get,
            issuers=tuple(TrustedIssuer(**each) for each in settings.trusted_issuers),
            sign_on=SignOn(settings.trusted_user_header, settings.trusted_proxies),
            open_launch=settings.open_launch,
            requests_a_minute=settings.token_requests_a_minute,
        )

    @cached_property
    def authenticator(self) -> Authenticator:
        """Who makes a request."""
        return Authenticator(self.smart)

    @cached_property
    def ingestor(self) -> Ingestor:
        """The way into the store."""
        house = self.house
        validator = Validator(house.strictness)
        return Ingestor(house.store, house.deidentifier, validator, house.keys)

    @cached_property
    def bulk(self) -> BulkParts:
        """Exports and imports."""
        house = self.house
        engine = SearchEngine(house.store, house.keys, house.policy, house.now)
        return BulkParts(
            engine=house.engine,
            keys=house.keys,
            files=BulkFiles(house.settings.home / "bulk"),
            ingestor=self.ingestor,
            sources=self.outbound,
            permitted=engine.permitted,
            now=house.now,
            needs_token=house.settings.authorization == "smart",
        )

    @cached_property
    def subscriptions(self) -> SubscriptionRules:
        """Which endpoints may be notified, of what, and for whom."""
        settings = self.house.settings
        return SubscriptionRules(
            allowed=AllowList(settings.notified, private=settings.outbound_private),
            topics=load_topics(settings.inpatient_classes),
            still_permitted=self.may_still_read,
        )

    def may_still_read(self, client_id: str, resource_type: str) -> bool:
        """Whether a client is still registered with a scope that reads the type."""
        if client_id == ANONYMOUS:
            return self.house.settings.authorization == "open"
        client = self.smart.clients.find(client_id)
        if client is None:
            return False
        granted = grants_of(client.scopes, patient=ANYONE, user=f"Practitioner/{ANYONE}")
        return any(each.opens("read", resource_type) for each in granted)

    def notifier(self, timeout_s: float) -> OutboundClient:
        """The way to subscribers."""
        settings = self.house.settings
        return OutboundClient(
            settings.notified, allow_private=settings.outbound_private, timeout_s=timeout_s
        )

    @cached_property
    def api(self) -> FhirApi:
        """What the routes are given."""
        house = self.house
        return FhirApi(
            ingestor=self.ingestor,
            store=house.store,
            keys=house.keys,
            policy=house.policy,
            validator=self.ingestor.validator,
            site=house.settings.site,
            now=house.now,
            vault=house.vault,
            authenticate=self.authenticator,
            public_url=house.settings.public_url,
            limits=Limits(
                bundle_bytes=house.settings.maximum_body_mb * MEGABYTE,
                resource_bytes=house.settings.maximum_resource_mb * MEGABYTE,
            ),
            trail=AuditTrail(house.engine, house.settings.site),
            oauth_uris=ENDPOINTS if house.settings.authorization == "smart" else {},
            subscriptions=self.subscriptions,
            bulk=self.bulk,
        )

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Bulk jobs and subscriptions are worked on while the block runs.

        Clients of the site's file are registered first; what an older version stored is indexed.
        """
        if self.house.settings.clients_file is not None:
            self.smart.clients.load(self.house.settings.clients_file, self.house.now())
        stop = threading.Event()
        base = f"{self.house.public_url}/fhir"
        parts = self.api
        way = Way(self.notifier, base, parts.trail)
        worker = Worker(parts.store.engine, parts.keys, parts.vault, parts.subscriptions, way)
        threads = [
            started("bulk", lambda: run_until(self.bulk, stop)),
            started("subscriptions", lambda: work(worker, stop, self.house.now)),
            started("reindex", partial(reindex, parts.store)),
        ]
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(timeout=10)


def started(name: str, job: Callable[[], object]) -> threading.Thread:
    """A thread that does a job until it is told to stop."""
    thread = threading.Thread(target=job, name=name, daemon=True)
    thread.start()
    return thread
