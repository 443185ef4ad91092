"""Subscribers in a few words: their resources, a real local receiver, a worker, changes."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from fhir_api.access.caller import Caller, anyone
from fhir_api.audit.trail import AuditTrail
from fhir_api.outbound.client import OutboundClient
from fhir_api.outbound.destination import AllowList
from fhir_api.routes import subscriptions
from fhir_api.routes.outcome import FhirRoute
from fhir_api.routes.parts import FhirApi
from fhir_api.store.feed import watermark
from fhir_api.store.positions import begin
from fhir_api.store.repository import ResourceStore
from fhir_api.store.vault import Vault
from fhir_api.subscriptions.definition import Definition
from fhir_api.subscriptions.filters import Filter
from fhir_api.subscriptions.leases import Leases
from fhir_api.subscriptions.outbox import CONSUMER
from fhir_api.subscriptions.records import Owner
from fhir_api.subscriptions.repository import SubscriptionStore
from fhir_api.subscriptions.rules import Retry, SubscriptionRules
from fhir_api.subscriptions.seal import Secrets
from fhir_api.subscriptions.worker import Step, Way, Worker
from fhir_api.validation.validator import Validator
from privacy.keys import SiteKeys, derive_keys
from privacy.policy import load_policy
from privacy.pseudonyms import pseudonym
from privacy.records import CleanResource
from tests.support.fhir import NOW, ROOT, SITE, ingestor

BASE = "https://ehr.example/fhir"
TOPIC = "http://homeward.dev/SubscriptionTopic/"
STAY, RISK = TOPIC + "stay-finished", TOPIC + "risk-assessed"
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-"
KEYS: SiteKeys = derive_keys(ROOT, SITE)
RETRY = Retry(first_s=2, most_s=60, attempts=3)
Resource = dict[str, Any]


@dataclass
class Receiver:
    """What a subscriber's server was sent, and how it answers."""

    url: str
    bundles: list[Resource] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    status: int = 200
    on_receipt: Callable[[Resource], None] = lambda _bundle: None

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        """Keep what came; the status to answer with."""
        bundle = json.loads(body)
        self.bundles.append(bundle)
        self.headers.append(headers)
        self.on_receipt(bundle)
        return self.status

    def kinds(self) -> list[str]:
        """The type of every notification."""
        return [str(parameter(bundle, "type")) for bundle in self.bundles]

    def numbers(self) -> list[int]:
        """The number of every event, in the order they came."""
        return [number for bundle in self.bundles for number in numbers(bundle)]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A real HTTP server on this machine that keeps what it is sent."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(made.take(body, {k.lower(): v for k, v in self.headers.items()}))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_given: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(f"http://127.0.0.1:{server.server_port}/notify")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def rules(*endpoints: str, **more: Any) -> SubscriptionRules:
    """Rules of a site that lets these endpoints be notified."""
    return SubscriptionRules(AllowList(endpoints, private=True), **{"retry": RETRY, **more})


def client(
    engine: Engine, given: SubscriptionRules, caller: Callable[[], Caller] = anyone
) -> TestClient:
    """A client of the subscription routes alone, under `/fhir`."""
    made = ingestor(engine)
    api = FhirApi(
        made, made.store, KEYS, load_policy(), Validator(), SITE, lambda: NOW,
        vault=Vault(engine, KEYS),
        authenticate=lambda _request: caller(), public_url="https://ehr.example",
        subscriptions=given,
    )  # fmt: skip
    router = APIRouter(route_class=FhirRoute)
    subscriptions.register(router, api)
    app = FastAPI()
    app.include_router(router, prefix="/fhir")
    return TestClient(app)


def resource_store(engine: Engine) -> ResourceStore:
    """The store, with a vault."""
    return ResourceStore(engine, SITE, "policy-1", Vault(engine, KEYS))


def worker(engine: Engine, given: SubscriptionRules, *endpoints: str) -> Worker:
    """A worker that may send to these endpoints on this machine."""

    def connect(timeout_s: float) -> OutboundClient:
        return OutboundClient(endpoints, allow_private=True, timeout_s=timeout_s)

    way = Way(connect, BASE, AuditTrail(engine, SITE))
    return Worker(engine, KEYS, Vault(engine, KEYS), given, way)


def subscription(
    endpoint: str, topic: str = STAY, content: str = "id-only", **more: Any
) -> Resource:
    """A Subscription as a client sends it; `criterion`, `numbers` and `header` on demand."""
    criterion, numbers = more.pop("criterion", None), more.pop("numbers", {})
    extensions = [extension(name, value) for name, value in numbers.items()]
    header = {"header": more.pop("header")} if "header" in more else {}
    criteria = {"extension": [{"url": BACKPORT + "filter-criteria", "valueString": criterion}]}
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "To plan visits after discharge",
        "criteria": topic,
        **({"_criteria": criteria} if criterion else {}),
        "channel": {
            **({"extension": extensions} if extensions else {}),
            "type": "rest-hook",
            "endpoint": endpoint,
            "payload": "application/fhir+json",
            "_payload": {
                "extension": [{"url": BACKPORT + "payload-content", "valueCode": content}]
            },
            **header,
        },
        **more,
    }


def extension(name: str, value: int) -> Resource:
    """One number of the channel, such as `heartbeat-period`."""
    kind = "valuePositiveInt" if name == "max-count" else "valueUnsignedInt"
    return {"url": BACKPORT + name, kind: value}


def stay(id_: str, status: str = "finished", patient: str = "ann", **more: Any) -> CleanResource:
    """An inpatient stay as it is stored, known to its hospital as `id_`."""
    body = {
        "resourceType": "Encounter",
        "status": status,
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": more.pop("code", "IMP"),
        },
        "subject": {"reference": f"Patient/{stored_id('Patient', patient)}"},
        **more,
    }
    return clean(body, id_, patient)


def risk(id_: str, percent: Any, patient: str = "ann") -> CleanResource:
    """A risk as Homeward assesses it."""
    coding = {
        "system": "http://homeward.dev/fhir/CodeSystem/risk",
        "code": "unplanned-readmission-30-days",
    }
    body = {
        "resourceType": "RiskAssessment",
        "status": "final",
        "code": {"coding": [coding]},
        "subject": {"reference": f"Patient/{stored_id('Patient', patient)}"},
        "encounter": {"reference": f"Encounter/{stored_id('Encounter', 'stay-' + id_)}"},
        "prediction": [{"probabilityDecimal": percent}],
    }
    return clean(body, id_, patient)


def clean(body: Resource, id_: str, patient: str) -> CleanResource:
    """A resource as de-identification gives it, with the names for the vault."""
    kind = body["resourceType"]
    stored, patient_id = stored_id(kind, id_), stored_id("Patient", patient)
    names = {f"{kind}/{stored}": f"{kind}/{id_}", f"Patient/{patient_id}": f"Patient/{patient}"}
    return CleanResource(kind, stored, patient_id, {"id": stored, **body}, (), names)


def stored_id(resource_type: str, real_id: str) -> str:
    """The pseudonym of an id."""
    return pseudonym(KEYS, resource_type, real_id)


def settle(engine: Engine) -> None:
    """Wait until the watermark has passed everything that was committed before.

    Other tests use the same server, and their open transactions hold the watermark back.
    """
    with engine.connect() as connection:
        begun = connection.execute(text("SELECT pg_current_xact_id()::text::bigint")).scalar_one()
    query = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    for _ in range(3000):
        with engine.connect() as connection:
            if connection.execute(query).scalar_one() > begun:
                return
        time.sleep(0.01)
    raise AssertionError("A transaction of another test stayed open for 30 seconds.")


def drain(given: Worker, engine: Engine, now: Any = NOW) -> list[Step]:
    """Step until there is nothing left to do at this moment."""
    settle(engine)
    steps: list[Step] = []
    while not (done := given.step(now)).idle:
        steps.append(done)
    return steps


def parameters(bundle: Resource) -> list[Resource]:
    """The parameters of the status in a notification."""
    found: list[Resource] = bundle["entry"][0]["resource"]["parameter"]
    return found


def parameter(bundle: Resource, name: str) -> Any:
    """The value of one of them, or None."""
    found = [each for each in parameters(bundle) if each["name"] == name]
    return next((value for each in found for key, value in each.items() if key != "name"), None)


def numbers(bundle: Resource) -> list[int]:
    """The numbers of the events in a notification."""
    return [int(part(each, "event-number")) for each in event_parts(bundle)]


def focuses(bundle: Resource) -> list[str]:
    """What the events of a notification are about, without the server's address."""
    found = [part(each, "focus") for each in event_parts(bundle)]
    return [each["reference"].removeprefix(BASE + "/") for each in found if each]


def event_parts(bundle: Resource) -> list[list[Resource]]:
    """The parts of every event."""
    return [each["part"] for each in parameters(bundle) if each["name"] == "notification-event"]


def part(parts: list[Resource], name: str) -> Any:
    """The value of one part of an event, or None."""
    found = [each for each in parts if each["name"] == name]
    return next((value for each in found for key, value in each.items() if key != "name"), None)


def subscribed(
    engine: Engine,
    topic: str = STAY,
    query: str = "",
    *,
    endpoint: str = "http://127.0.0.1:9/notify",
    patients: tuple[str, ...] | None = None,
    max_count: int | None = None,
) -> str:
    """Id of a subscription that has shaken hands; nobody was asked."""
    name, _, values = query.partition("=")
    filters = (Filter(name, tuple(values.split(","))),) if query else ()
    asked = Definition(
        topic, filters, endpoint, Secrets((), "why"), "id-only", "application/json",
        max_count=max_count,
    )  # fmt: skip
    seen = None if patients is None else tuple(stored_id("Patient", each) for each in patients)
    store = SubscriptionStore(engine, KEYS)
    held = store.create(asked, Owner("anonymous", True, seen), NOW, 100)
    with engine.begin() as connection:
        begin(connection, SITE, CONSUMER, watermark(connection))
    leases = Leases(store, RETRY)
    leased = leases.take(NOW)
    assert leased is not None
    assert leased.id == held.id
    leases.succeed(leased, 0, NOW)
    return held.id
