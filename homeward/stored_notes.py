"""The scrubbed notes of a site, streamed from the store: what a note encoder learns from."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from etl.notes.text import NOTE_TYPES, note_key, note_texts

if TYPE_CHECKING:
    from homeward.house import House

MOST = 20_000  # more do not make a small encoder better in a few minutes
BODIES = text(
    "select v.body from resource_head h join resource_version v "
    "using (site, resource_type, resource_id, version) "
    "where h.site = :site and h.resource_type = any(:types) and not h.deleted "
    "order by h.resource_type, h.resource_id"
)


def stored_notes(house: "House", most: int = MOST) -> list[str]:
    """Distinct note texts of the site, at most `most`, the same ones every time it is asked.

    The order is that of the pseudonyms, which says nothing about patient or time.
    """
    found: dict[str, str] = {}
    for body in _bodies(house):
        found.update((note_key(note), note) for note in note_texts(body))
        if len(found) >= most:
            break
    return list(found.values())[:most]


def _bodies(house: "House") -> Iterator[dict[str, Any]]:
    wanted = {"site": house.settings.site, "types": list(NOTE_TYPES)}
    with house.engine.connect().execution_options(stream_results=True) as connection:
        yield from connection.execute(BODIES, wanted).scalars()
