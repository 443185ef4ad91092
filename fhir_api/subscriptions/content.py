"""The resources of a full-resource notification, as the subscriber may see them."""

from collections.abc import Sequence

from fhir_api.reidentify import Presenter
from fhir_api.store.feed import versions
from fhir_api.subscriptions.notification import Resource
from fhir_api.subscriptions.records import Event
from fhir_api.subscriptions.repository import SubscriptionStore


def bodies_of(
    store: SubscriptionStore, events: Sequence[Event], presenter: Presenter, content: str
) -> dict[str, Resource]:
    """Resources by `Type/pseudonym/version`; none unless the content is `full-resource`."""
    if content != "full-resource":
        return {}
    keys = [(each.resource_type, each.resource_id, each.version) for each in events]
    rows = list(versions(store.engine, store.site, keys).values())
    names = [f"{row.resource_type}/{row.resource_id}/{row.version}" for row in rows]
    return dict(zip(names, presenter.present(rows), strict=True))
