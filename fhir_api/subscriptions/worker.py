"""The worker: fills the outbox from the feed and delivers what is due, a step at a time.

Delivery is at least once and in order: the next events of a subscription are sent when the last
ones were answered 2xx. Several workers, in threads or processes, share the work by leases.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal, Protocol

from sqlalchemy import Engine

from fhir_api.audit.event import Access
from fhir_api.audit.trail import AuditTrail
from fhir_api.json_text import dump
from fhir_api.outbound.client import Answer
from fhir_api.outbound.errors import NotAllowed, Unreachable
from fhir_api.reidentify import Presenter
from fhir_api.store.vault import Vault
from fhir_api.subscriptions.channel import headers_of
from fhir_api.subscriptions.content import bodies_of
from fhir_api.subscriptions.leases import USUAL_TIMEOUT_S, Leases
from fhir_api.subscriptions.notification import Notifier, Told
from fhir_api.subscriptions.outbox import fill_outbox
from fhir_api.subscriptions.records import Held
from fhir_api.subscriptions.repository import SubscriptionStore
from fhir_api.subscriptions.rules import SubscriptionRules
from privacy.keys import SiteKeys

LOG = logging.getLogger("homeward.subscriptions")
USUAL_COUNT = 100
IDLE_S = 0.1
AFTER_MISTAKE_S = 5.0
Did = Literal["nothing", "handshake", "heartbeat", "event-notification", "end"]


class Outbound(Protocol):
    """What `fhir_api.outbound.client.OutboundClient` does."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer; raises NotAllowed before anything is sent, or Unreachable."""


@dataclass(frozen=True, slots=True)
class Way:
    """How notifications leave the server.

    Attributes:
        connect: A client that waits so many seconds for an answer.
        base: Address of the FHIR API as subscribers reach it.
        trail: Where it is written down who was told of whom; None where no one asks for that.
    """

    connect: Callable[[float], Outbound]
    base: str
    trail: AuditTrail | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did.

    Attributes:
        written: Events added to the outbox; None when the feed had nothing new.
        did: What was sent, if anything.
        delivered: Events that were received.
        problem: Why it was not received, or None.
    """

    written: int | None
    did: Did = "nothing"
    delivered: int = 0
    problem: str | None = None

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return self.written is None and self.did == "nothing"


class Worker:
    """Delivers the subscriptions of one site.

    Args:
        engine: Of the store.
        keys: Of the site.
        vault: Real names of pseudonyms, for subscribers who may see them; or None.
        rules: Of the site.
        way: How notifications leave.
    """

    def __init__(
        self,
        engine: Engine,
        keys: SiteKeys,
        vault: Vault | None,
        rules: SubscriptionRules,
        way: Way,
    ) -> None:
        self.store = SubscriptionStore(engine, keys)
        self.keys = keys
        self.vault = vault
        self.rules = rules
        self.way = way
        self.connect = cache(way.connect)
        self.leases = Leases(self.store, rules.retry)

    def step(self, now: datetime) -> Step:
        """Read on in the feed, then deliver to one subscription that is due."""
        written = fill_outbox(self.store.engine, self.store.site, self.rules.topics)
        held = self.leases.take(now)
        return Step(written) if held is None else self.attend(held, written, now)

    def attend(self, held: Held, written: int | None, now: datetime) -> Step:
        """Do what a leased subscription is due for."""
        if not self.permitted(held):
            self.leases.give_up(held, "the client's access has ended", now)
            return Step(written, "end", problem="the client's access has ended")
        waiting = held.status == "active" and held.delivered < held.events
        ends_at = held.definition.ends_at
        if ends_at is not None and ends_at <= now and not waiting:
            self.leases.end(held, now)
            return Step(written, "end")
        return self.send(held, self.told(held, waiting=waiting), written, now)

    def permitted(self, held: Held) -> bool:
        """Whether the client may still read what the topic tells of."""
        topic = self.rules.topics.get(held.definition.topic)
        return topic is not None and self.rules.still_permitted(held.owner.client, topic.resource)

    def told(self, held: Held, *, waiting: bool) -> Told:
        """What is to be sent."""
        if held.status == "requested":
            return Told("handshake")
        if not waiting:
            return Told("heartbeat")
        most = held.definition.max_count or USUAL_COUNT
        numbers = (held.delivered + 1, held.delivered + most)
        events = self.store.events(held, numbers, most, None)
        content = held.definition.content
        bodies = bodies_of(self.store, events, self.presenter(held), content)
        return Told("event-notification", events, content, bodies)

    def presenter(self, held: Held) -> Presenter:
        """What gives the ids that the subscriber may see."""
        return Presenter(self.keys, self.vault, identified=held.owner.identified)

    def send(self, held: Held, told: Told, written: int | None, now: datetime) -> Step:
        """Post a notification and note what became of it."""
        kind: Did = told.kind  # type: ignore[assignment]  # queries are not sent
        newest = told.events[-1].number if told.events else held.delivered
        bundle = Notifier(self.way.base, self.presenter(held)).bundle(held, told, now)
        try:
            status = self.post(held, dump(bundle))
        except NotAllowed:
            problem = "the endpoint is no longer allowed"
            self.leases.give_up(held, problem, now)
            return Step(written, kind, problem=problem)
        self.record(held, told, status, bundle["id"])
        if 200 <= status < 300:
            self.leases.succeed(held, newest, now)
            return Step(written, kind, len(told.events))
        problem = f"the endpoint answered {status}" if status else "the endpoint gave no answer"
        self.leases.fail(held, newest, problem, now)
        return Step(written, kind, problem=problem)

    def post(self, held: Held, body: bytes) -> int:
        """The status that the endpoint answers a body with; 0 when it gives no answer."""
        definition = held.definition
        if definition.endpoint not in self.rules.allowed:
            raise NotAllowed
        headers = headers_of(definition.secrets.headers, definition.payload)
        client = self.connect(float(definition.timeout_s or USUAL_TIMEOUT_S))
        try:
            return client.post(definition.endpoint, body, headers).status
        except Unreachable:
            return 0

    def record(self, held: Held, told: Told, status: int, request_id: str) -> None:
        """Write down who was told of whom, received or not; what tells of nobody is not written."""
        if self.way.trail is None or not told.events or told.content == "empty":
            return
        owners = {f"Patient/{each.patient_id}" for each in told.events if each.patient_id}
        focuses = {f"{each.name}/_history/{each.version}" for each in told.events}
        access = Access(
            "notification",
            status,
            request_id,
            held.owner.client,
            patients=tuple(sorted(owners)),
            resources=tuple(sorted(focuses)),
        )
        self.way.trail.record(access)


def work(worker: Worker, stop: threading.Event, now: Callable[[], datetime]) -> None:
    """Step until told to stop, for a thread of the server; mistakes are logged and tried again."""
    while not stop.is_set():
        try:
            pause = IDLE_S if worker.step(now()).idle else 0.0
        except Exception as error:  # the database may be away for a while; the thread must not die
            LOG.error("a step of the subscriptions failed: %s", type(error).__name__)  # noqa: TRY400
            pause = AFTER_MISTAKE_S
        stop.wait(pause)
