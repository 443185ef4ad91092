"""What a site decides about subscriptions: where they may lead, how long delivery is tried."""

from collections.abc import Callable, Container
from dataclasses import dataclass, field
from datetime import timedelta

from fhir_api.subscriptions.topics import Topics, load_topics


@dataclass(frozen=True, slots=True)
class Retry:
    """When to try again, and when to give up.

    Attributes:
        first_s: Seconds to wait after the first failure; each further one doubles it.
        most_s: Seconds to wait at most.
        attempts: Failures in a row after which the subscription is in error.
    """

    first_s: float = 2.0
    most_s: float = 3600.0
    attempts: int = 12

    def delay(self, failures: int) -> timedelta:
        """How long to wait after so many failures in a row.

        >>> Retry().delay(1), Retry().delay(3)
        (datetime.timedelta(seconds=2), datetime.timedelta(seconds=8))
        """
        doublings = min(failures - 1, 60)
        return timedelta(seconds=min(self.first_s * 2**doublings, self.most_s))


def always(_client: str, _resource_type: str) -> bool:
    """Nobody is refused afterwards, where the site asks nobody."""
    return True


@dataclass(frozen=True, slots=True)
class SubscriptionRules:
    """The rules of one site.

    Attributes:
        allowed: Endpoints that notifications may be posted to (`fhir_api.outbound.AllowList`); no
            endpoint unless the site names some.
        topics: By canonical URL.
        retry: When to try again.
        most_of_a_client: Subscriptions that one client may hold.
        still_permitted: Whether a client may still read a type; asked before each notification.
    """

    allowed: Container[str] = frozenset()
    topics: Topics = field(default_factory=load_topics)
    retry: Retry = field(default_factory=Retry)
    most_of_a_client: int = 100
    still_permitted: Callable[[str, str], bool] = always
