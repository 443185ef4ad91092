"""FHIR Subscription: topic-based subscriptions of R4, by the rules of the backport.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/index.html. A Subscription is not clinical
data: it does not go through de-identification and has no history; references in its filters are
stored as pseudonyms.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Request, Response

from fhir_api.access.caller import Caller, Interaction
from fhir_api.errors import (
    InvalidRequest,
    InvalidResource,
    ResourceNotFound,
    UnknownParameter,
    UnknownPlace,
)
from fhir_api.routes.bodies import body_reader, parsed_object
from fhir_api.routes.forms import Parameters, form_reader
from fhir_api.routes.outcome import fhir_response
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.served import CLOSED
from fhir_api.routes.transport import MethodNotAllowed
from fhir_api.subscriptions.access import demand, is_open, owner_for, why_not
from fhir_api.subscriptions.definition import Definition, read_definition
from fhir_api.subscriptions.notification import Notifier
from fhir_api.subscriptions.operations import (
    PastEvents,
    parameters_of,
    status_bundle,
    with_status,
)
from fhir_api.subscriptions.presented import as_resource
from fhir_api.subscriptions.published import SEARCHED, as_basic, topic_bundle
from fhir_api.subscriptions.records import Held, Owner
from fhir_api.subscriptions.repository import SubscriptionStore
from fhir_api.subscriptions.topics import CANONICAL

IfMatch = Annotated[str | None, Header()]
OF_ALL = ["GET", "HEAD", "POST"]
OF_ONE = ["GET", "HEAD", "PUT", "DELETE"]
EVERY = [*OF_ONE, "POST", "PATCH"]


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the routes of these interactions; before the routes of any type, which would take them.

    Operations come before reads, so that `$status` is no id.
    """
    desk = Desk(api)
    add_operations(router, desk)
    add_topics(router, api)
    add_reads(router, desk)
    add_writes(router, desk)
    close_the_rest(router)


AFTER = "_after"  # where the page before ended
SHAPING = {"_count", "_format", AFTER}


class Desk:
    """What the routes of subscriptions share."""

    def __init__(self, api: FhirApi) -> None:
        self.api = api
        self.rules = api.subscriptions
        self.store = SubscriptionStore(api.store.engine, api.keys)

    def caller(self, request: Request, interaction: Interaction) -> Caller:
        """Who asks, if they may do this with subscriptions."""
        caller = self.api.authenticate(request)
        demand(caller, interaction)
        return caller

    def asked_for(self, caller: Caller, data: bytes) -> tuple[Definition, Owner]:
        """What a posted Subscription asks for, and whose it will be."""
        resource = parsed_object(data)
        if resource.get("resourceType") != "Subscription":
            raise InvalidRequest("resourceType must be Subscription.", "resourceType")
        wrong = [each for each in self.api.validator.validate(resource) if each.severity == "error"]
        if wrong:
            raise InvalidResource(wrong)
        owner = self.owner(caller, resource["criteria"].partition("|")[0])
        presenter = self.api.presenter(caller)
        definition = read_definition(
            resource, self.rules, presenter, lambda content: why_not(content, owner)
        )
        return definition, owner

    def owner(self, caller: Caller, topic_url: str) -> Owner:
        """What a caller may be told of a topic; of one that is not served, nothing."""
        topic = self.rules.topics.get(topic_url)
        if topic is None:
            return Owner(caller.client, caller.identified, ())
        return owner_for(caller, topic, self.api.keys)

    def mine(
        self, caller: Caller, interaction: Interaction, ids: Collection[str] | None = None
    ) -> list[Held]:
        """The caller's subscriptions, or those of them that are named."""
        held = self.store.of_client(caller.client, ids)
        return [each for each in held if is_open(each.owner, caller, interaction, self.api.keys)]

    def one(self, caller: Caller, interaction: Interaction, id_: str) -> Held:
        """One of the caller's subscriptions; raises ResourceNotFound."""
        found = self.mine(caller, interaction, {id_})
        if not found:
            raise ResourceNotFound("Subscription")
        return found[0]

    def written(self, held: Held, caller: Caller, request: Request, status: int) -> Response:
        """The answer to a create, update or read."""
        headers = {"ETag": f'W/"{held.version}"'}
        if status == 201:
            headers["Location"] = f"{self.api.base(request)}/Subscription/{held.id}"
        shown = as_resource(held, self.rules.topics, self.api.presenter(caller))
        return fhir_response(shown, status, headers)

    def notifier(self, caller: Caller, request: Request) -> Notifier:
        """What writes notifications for a caller."""
        return Notifier(self.api.base(request), self.api.presenter(caller))

    def statuses(self, request: Request, given: Parameters) -> Response:
        """The statuses of the caller's subscriptions that are asked for."""
        caller = self.caller(request, "read")
        ids = {value for name, value in given if name == "id"}
        wanted = {value for name, value in given if name == "status"}
        found = with_status(self.mine(caller, "read", ids or None), wanted)
        return fhir_response(status_bundle(found, self.notifier(caller, request)))

    def status(self, request: Request, id_: str) -> Response:
        """The status of one of the caller's subscriptions."""
        caller = self.caller(request, "read")
        found = [self.one(caller, "read", id_)]
        return fhir_response(status_bundle(found, self.notifier(caller, request)))

    def events(self, request: Request, id_: str, given: Parameters) -> Response:
        """Events of one of the caller's subscriptions, if they may still read what they tell of."""
        caller = self.caller(request, "read")
        held = self.one(caller, "read", id_)
        owner = self.owner(caller, held.definition.topic)
        past = PastEvents(self.store, self.notifier(caller, request), owner)
        return fhir_response(past.bundle(held, dict(given), self.api.now()))

    def found(self, request: Request, given: Parameters) -> Response:
        """The caller's subscriptions that match a search."""
        caller = self.caller(request, "search")
        if unknown := [name for name, _ in given if name not in {*SEARCHED, *SHAPING}]:
            raise UnknownParameter(unknown[0], sorted({*SEARCHED, "_count"}))
        criteria = [pair for pair in given if pair[0] in SEARCHED]
        held = [each for each in self.mine(caller, "search") if matches(each, criteria)]
        page = page_of(held, dict(given))
        presenter, base = self.api.presenter(caller), self.api.base(request)
        entries = [
            {
                "fullUrl": f"{base}/Subscription/{each.id}",
                "resource": as_resource(each, self.rules.topics, presenter),
                "search": {"mode": "match"},
            }
            for each in page
        ]
        here = f"{base}/Subscription?"
        links = [{"relation": "self", "url": here + urlencode(given)}]
        if page and page[-1] is not held[-1]:
            further = [*((name, value) for name, value in given if name != AFTER)]
            url = here + urlencode([*further, (AFTER, page[-1].id)])
            links.append({"relation": "next", "url": url})
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(held), "link": links}
        return fhir_response(bundle | ({"entry": entries} if entries else {}))


def page_of(held: Sequence[Held], given: Mapping[str, str]) -> list[Held]:
    """The part of a client's subscriptions that `_count` and the page before ask for."""
    count = given.get("_count", str(len(held)))
    if not (count.isascii() and count.isdigit() and len(count) < 10):
        raise InvalidRequest("_count must be a whole number, 0 or more.", "_count")
    ids = [each.id for each in held]
    after = ids.index(given[AFTER]) + 1 if given.get(AFTER) in ids else 0
    return list(held[after : after + int(count)])


def matches(held: Held, given: Parameters) -> bool:
    """Whether a subscription has one of the values of every parameter."""
    asked = held.definition
    has = {"_id": held.id, "criteria": asked.topic, "status": held.status, "url": asked.endpoint}
    return all(has[name] in value.split(",") for name, value in given)


def add_operations(router: APIRouter, desk: Desk) -> None:
    """`$status` and `$events`, by GET with a query or by POST with Parameters."""
    read_body = Depends(body_reader(desk.api.limits.resource_bytes))

    @router.get("/Subscription/$status", name="subscription-status")
    def statuses(request: Request) -> Response:
        return desk.statuses(request, request.query_params.multi_items())

    @router.post("/Subscription/$status", name="subscription-status")
    def posted_statuses(request: Request, data: Annotated[bytes, read_body]) -> Response:
        return desk.statuses(request, parameters_of(parsed_object(data)))

    @router.get("/Subscription/{id_}/$status", name="subscription-status")
    def status(request: Request, id_: str) -> Response:
        return desk.status(request, id_)

    @router.get("/Subscription/{id_}/$events", name="subscription-events")
    def events(request: Request, id_: str) -> Response:
        return desk.events(request, id_, request.query_params.multi_items())

    @router.post("/Subscription/{id_}/$events", name="subscription-events")
    def posted_events(request: Request, id_: str, data: Annotated[bytes, read_body]) -> Response:
        return desk.events(request, id_, parameters_of(parsed_object(data)))


def add_topics(router: APIRouter, api: FhirApi) -> None:
    """The topics, for whoever may ask anything at all."""

    @router.get("/SubscriptionTopic", name="subscription-topics")
    def topics(request: Request) -> Response:
        api.authenticate(request)
        return fhir_response(topic_bundle(api.subscriptions.topics, api.base(request)))

    @router.get("/SubscriptionTopic/{name}", name="subscription-topic")
    def topic(request: Request, name: str) -> Response:
        api.authenticate(request)
        found = api.subscriptions.topics.get(CANONICAL + name)
        if found is None:
            raise ResourceNotFound("SubscriptionTopic")
        return fhir_response(as_basic(found))


def add_reads(router: APIRouter, desk: Desk) -> None:
    """Read and search."""

    @router.get("/Subscription", name="subscription-search")
    def search(request: Request) -> Response:
        return desk.found(request, request.query_params.multi_items())

    @router.post("/Subscription/_search", name="subscription-search")
    def search_by_form(
        request: Request, given: Annotated[Parameters, Depends(form_reader())]
    ) -> Response:
        return desk.found(request, given)

    @router.get("/Subscription/{id_}", name="subscription-read")
    def read(request: Request, id_: str) -> Response:
        caller = desk.caller(request, "read")
        return desk.written(desk.one(caller, "read", id_), caller, request, 200)


def add_writes(router: APIRouter, desk: Desk) -> None:
    """Create, update and delete."""
    read_body = Depends(body_reader(desk.api.limits.resource_bytes))

    @router.post("/Subscription", name="subscription-create")
    def create(request: Request, data: Annotated[bytes, read_body]) -> Response:
        caller = desk.caller(request, "create")
        definition, owner = desk.asked_for(caller, data)
        held = desk.store.create(definition, owner, desk.api.now(), desk.rules.most_of_a_client)
        return desk.written(held, caller, request, 201)

    @router.put("/Subscription/{id_}", name="subscription-update")
    def update(
        request: Request,
        id_: str,
        data: Annotated[bytes, read_body],
        if_match: IfMatch = None,
    ) -> Response:
        caller = desk.caller(request, "update")
        definition, owner = desk.asked_for(caller, data)
        if parsed_object(data).get("id") != id_:
            raise InvalidRequest("id is not the one that the path names.", "Subscription.id")
        desk.one(caller, "update", id_)
        held = desk.store.update(id_, definition, owner, desk.api.now(), if_match)
        return desk.written(held, caller, request, 200)

    @router.delete("/Subscription/{id_}", name="subscription-delete")
    def delete(request: Request, id_: str) -> Response:
        caller = desk.caller(request, "delete")
        if desk.mine(caller, "delete", {id_}):
            desk.store.delete(id_, caller.client)
        return fhir_response(None, 204)


def close_the_rest(router: APIRouter) -> None:
    """Keep the routes of any type away: history, patch and the like are not for subscriptions."""

    def of_all() -> None:
        raise MethodNotAllowed(OF_ALL)

    def of_one() -> None:
        raise MethodNotAllowed(OF_ONE)

    def nothing() -> None:
        raise UnknownPlace

    closed = (
        ("/Subscription", of_all),
        ("/Subscription/{id_}", of_one),
        ("/Subscription/{_rest:path}", nothing),
    )
    for path, answer in closed:
        router.add_api_route(path, answer, methods=EVERY, name=CLOSED)
