"""The R4 Subscription resource, profiled by the backport, as what it asks for.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/StructureDefinition-backport-subscription.html
What is wrong is told all at once, place by place, and never with the value that was sent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from fhir_api.errors import InvalidResource
from fhir_api.reidentify import Presenter
from fhir_api.subscriptions.channel import header_problem
from fhir_api.subscriptions.filters import Filter, read_filters
from fhir_api.subscriptions.rules import SubscriptionRules
from fhir_api.subscriptions.seal import Secrets
from fhir_api.subscriptions.topics import Topic
from fhir_api.validation.issue import Issue

EXTENSION = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-"
PROFILE = EXTENSION + "subscription"
FILTER, CONTENT = EXTENSION + "filter-criteria", EXTENSION + "payload-content"
HEARTBEAT, TIMEOUT, MAX_COUNT = (
    EXTENSION + name for name in ("heartbeat-period", "timeout", "max-count")
)
Content = Literal["empty", "id-only", "full-resource"]
CONTENTS: Mapping[str, Content] = {
    "empty": "empty",
    "id-only": "id-only",
    "full-resource": "full-resource",
}
PAYLOADS = ("application/fhir+json", "application/json")
BOUNDS = {HEARTBEAT: (10, 86_400), TIMEOUT: (1, 60), MAX_COUNT: (1, 1000)}
MOST_HEADERS = 20
Wanted = Literal["requested", "off"]


@dataclass(frozen=True, slots=True)
class Definition:
    """What a client asks for.

    Attributes:
        topic: Canonical URL.
        filters: All of them must pass.
        endpoint: Where notifications are posted.
        secrets: Headers, reason and contacts.
        content: How much a notification tells.
        payload: MIME type of a notification.
        heartbeat_s: Seconds of silence at most; None for no heartbeats.
        timeout_s: Seconds to wait for an answer; None for the server's own.
        max_count: Events in one notification; None for the server's own.
        ends_at: UTC; off from then on; None for no end.
        wanted: Status that the client sets.
    """

    topic: str
    filters: tuple[Filter, ...]
    endpoint: str
    secrets: Secrets
    content: Content
    payload: str
    heartbeat_s: int | None = None
    timeout_s: int | None = None
    max_count: int | None = None
    ends_at: datetime | None = None
    wanted: Wanted = "requested"


def read_definition(
    resource: Mapping[str, Any],
    rules: SubscriptionRules,
    presenter: Presenter,
    may_have: Callable[[Content], str | None],
) -> Definition:
    """What a Subscription, valid by R4, asks for; raises InvalidResource (422) with every issue.

    `may_have` says why the caller may not have a content, or None.
    """
    return Reader(resource, rules, presenter).definition(may_have)


class Reader:
    """Reads one resource and gathers what is wrong with it."""

    def __init__(
        self, resource: Mapping[str, Any], rules: SubscriptionRules, presenter: Presenter
    ) -> None:
        self.resource = resource
        self.channel: Mapping[str, Any] = resource["channel"]
        self.rules = rules
        self.presenter = presenter
        self.wrong: list[Issue] = []

    def definition(self, may_have: Callable[[Content], str | None]) -> Definition:
        """The definition; raises InvalidResource when anything is wrong."""
        topic = self.topic()
        filters = self.filters(topic) if topic else ()
        read = Definition(
            topic.url if topic else "",
            filters,
            self.endpoint(),
            Secrets(self.headers(), self.resource["reason"], self.contact(), self.names(filters)),
            self.content(may_have),
            self.payload(),
            self.number(HEARTBEAT),
            self.number(TIMEOUT),
            self.number(MAX_COUNT),
            self.ends_at(),
            self.wanted(),
        )
        if self.wrong:
            raise InvalidResource(self.wrong)
        return read

    def refuse(self, code: str, message: str, place: str) -> None:
        """Note what is wrong at a place below Subscription."""
        self.wrong.append(Issue(code, message, f"Subscription.{place}"))

    def topic(self) -> Topic | None:
        """The topic that `criteria` names."""
        found = self.rules.topics.get(self.resource["criteria"].partition("|")[0])
        if found is None:
            known = ", ".join(sorted(self.rules.topics))
            self.refuse("not-supported", f"Name one of the topics {known}.", "criteria")
        return found

    def filters(self, topic: Topic) -> tuple[Filter, ...]:
        """The filters of every filter criterion."""
        found: list[Filter] = []
        extensions = extensions_of(self.resource.get("_criteria"))
        for index, each in enumerate(extensions):
            place = f"Subscription.criteria.extension[{index}].valueString"
            if each.get("url") == FILTER:
                criterion = str(each.get("valueString", ""))
                read, wrong = read_filters(criterion, topic, self.presenter, place)
                found += read
                self.wrong += wrong
        return tuple(found)

    def endpoint(self) -> str:
        """The endpoint, when it is allowed."""
        if self.channel.get("type") != "rest-hook":
            self.refuse("not-supported", "Only rest-hook is served.", "channel.type")
        endpoint = str(self.channel.get("endpoint", ""))
        if endpoint not in self.rules.allowed:
            message = "The endpoint is not on this site's list; have its origin put there."
            self.refuse("security", message, "channel.endpoint")
        return endpoint

    def headers(self) -> tuple[str, ...]:
        """The header lines."""
        lines = tuple(str(line) for line in self.channel.get("header", ()))
        if len(lines) > MOST_HEADERS:
            self.refuse("too-long", f"At most {MOST_HEADERS} headers are sent.", "channel.header")
        for index, line in enumerate(lines):
            if problem := header_problem(line):
                self.refuse("value", problem, f"channel.header[{index}]")
        return lines

    def contact(self) -> tuple[Any, ...]:
        """The contacts."""
        return tuple(self.resource.get("contact", ()))

    def names(self, filters: Sequence[Filter]) -> dict[str, str]:
        """What the filters' pseudonyms stand for; nothing where the site keeps no way back."""
        if self.presenter.vault is None:
            return {}
        known = self.presenter.real
        return {each: known[each] for one in filters for each in one.wanted if each in known}

    def content(self, may_have: Callable[[Content], str | None]) -> Content:
        """How much a notification tells."""
        extensions = extensions_of(self.channel.get("_payload"))
        asked = [each.get("valueCode") for each in extensions if each.get("url") == CONTENT]
        content = CONTENTS.get(str(asked[0])) if asked else None
        place = "channel.payload.extension"
        if content is None:
            message = f"Give {CONTENT} as empty, id-only or full-resource."
            self.refuse("required", message, place)
            return "empty"
        if reason := may_have(content):
            self.refuse("not-supported", reason, place)
        return content

    def payload(self) -> str:
        """The MIME type of a notification."""
        payload = str(self.channel.get("payload", PAYLOADS[0]))
        if payload not in PAYLOADS:
            message = f"Notifications are sent as {' or '.join(PAYLOADS)}."
            self.refuse("not-supported", message, "channel.payload")
        return payload

    def number(self, url: str) -> int | None:
        """A number among the extensions of the channel, inside its bounds."""
        named = [each for each in extensions_of(self.channel) if each.get("url") == url]
        given = [value for each in named for key, value in each.items() if key != "url"]
        if not given:
            return None
        least, most = BOUNDS[url]
        if type(given[0]) is not int or not least <= given[0] <= most:
            message = f"{url} must be a whole number from {least} to {most}."
            self.refuse("value", message, "channel.extension")
            return None
        return given[0]

    def ends_at(self) -> datetime | None:
        """The end."""
        given = self.resource.get("end")
        try:
            return None if given is None else datetime.fromisoformat(given).astimezone(UTC)
        except (ValueError, OverflowError):
            self.refuse("value", "The end must be a moment of the calendar.", "end")
            return None

    def wanted(self) -> Wanted:
        """The status that the client may set."""
        status = self.resource["status"]
        if status == "off":
            return "off"
        if status != "requested":
            message = "The server sets active and error; send requested or off."
            self.refuse("business-rule", message, "status")
        return "requested"


def extensions_of(element: Any) -> list[Mapping[str, Any]]:
    """The extensions of an element, or none."""
    return list(element.get("extension", ())) if isinstance(element, Mapping) else []
