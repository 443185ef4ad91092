"""What the routes are given by the front door."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request

from fhir_api.access.caller import Caller, anyone
from fhir_api.audit.trail import AuditTrail
from fhir_api.bulk.parts import BulkParts
from fhir_api.ingest.ingestor import Ingestor
from fhir_api.reidentify import Presenter
from fhir_api.routes.limits import Limits
from fhir_api.search.engine import SearchEngine
from fhir_api.store.repository import ResourceStore
from fhir_api.store.vault import Vault
from fhir_api.subscriptions.rules import SubscriptionRules
from fhir_api.validation.validator import Validator
from privacy.keys import SiteKeys
from privacy.policy import Policy

PREFIX = "/fhir"


def open_to_anyone(_request: Request) -> Caller:
    """The caller of a server that asks nobody."""
    return anyone()


def remembered(authenticate: Callable[[Request], Caller]) -> Callable[[Request], Caller]:
    """The same, asked once for each request; `request.state.caller` holds the answer."""

    def caller_of(request: Request) -> Caller:
        if not hasattr(request.state, "caller"):
            request.state.caller = authenticate(request)
        caller: Caller = request.state.caller
        return caller

    return caller_of


@dataclass(frozen=True, slots=True)
class FhirApi:
    """The parts of the FHIR API of one site.

    Attributes:
        ingestor: The way into the store.
        store: The way out of it.
        keys: Of the site.
        policy: What is kept of each element.
        validator: Shared, so that each type's schema is compiled once.
        site: The tenant.
        now: The clock.
        vault: Real names of pseudonyms; None where the site keeps none.
        authenticate: Who makes a request; raises Unauthorized (401).
        public_url: Address of the server as clients reach it, without `/fhir`; None to take it
            from each request.
        limits: How much of each thing a request may bring.
        search: What answers searches, and says what a caller's limits leave visible.
        oauth_uris: Addresses for the CapabilityStatement, such as `token` and `authorize`, whole
            or from the root of the server; empty where nobody is asked who they are.
        trail: Where every access is written down; None where no one asks for that.
        subscriptions: Which endpoints may be notified, and of what.
        bulk: What exports and imports are given; None where they are not served.
    """

    ingestor: Ingestor
    store: ResourceStore
    keys: SiteKeys
    policy: Policy
    validator: Validator
    site: str
    now: Callable[[], datetime]
    vault: Vault | None = None
    authenticate: Callable[[Request], Caller] = field(default=open_to_anyone)
    public_url: str | None = None
    limits: Limits = field(default_factory=Limits)
    trail: AuditTrail | None = None
    oauth_uris: Mapping[str, str] = field(default_factory=dict)
    subscriptions: SubscriptionRules = field(default_factory=SubscriptionRules)
    bulk: BulkParts | None = None

    search: SearchEngine = field(init=False)

    def __post_init__(self) -> None:
        """Keep who was found to ask with the request, for the audit trail; make the search."""
        object.__setattr__(self, "authenticate", remembered(self.authenticate))
        engine = SearchEngine(self.store, self.keys, self.policy, self.now)
        object.__setattr__(self, "search", engine)
        object.__setattr__(self, "ingestor", self.ingestor.searching(engine))

    @property
    def largest_body(self) -> int:
        """Bytes of a Bundle that are read; more is refused with 413."""
        return self.limits.bundle_bytes

    def presenter(self, caller: Caller) -> Presenter:
        """What translates ids for one request of a caller."""
        return Presenter(self.keys, self.vault, identified=caller.identified)

    def base(self, request: Request) -> str:
        """Address of the FHIR API as the caller reaches it, such as `https://ehr.example/fhir`."""
        server = self.public_url or str(request.base_url)
        return server.rstrip("/") + PREFIX
