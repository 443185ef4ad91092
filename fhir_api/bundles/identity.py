"""Which resource an entry is: the id that its pseudonym is made of.

The standard lets the server choose the id of a POST: neither `resource.id` nor `fullUrl` is one.
We choose it so that the same Bundle sent twice names the same resources, and nothing is stored
twice. Files of a source system are read otherwise: there `urn:uuid:X` names X, so that two files
which speak of one X mean one resource (docs/decisions/0016).
"""

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any, Literal

from fhir_api.bundles.entry import Entry
from fhir_api.json_text import dump_sorted

NAMESPACE = uuid.UUID("5b0b4c9e-6f5e-5d0e-9d4c-686f6d657764")
URN_UUID = "urn:uuid:"
LONGEST_ID = 64
Naming = Literal["server", "sender"]


def digest_of(bundle: Mapping[str, Any]) -> str:
    """sha256 of a Bundle's content, the same whatever the order of its names."""
    return hashlib.sha256(dump_sorted(bundle)).hexdigest()


def fresh_digest() -> str:
    """Something that no Bundle's digest is: a create on its own is a new resource each time."""
    return uuid.uuid4().hex


def real_id(entry: Entry, digest: str, naming: Naming = "server") -> str:
    """The id of an entry's resource.

    PUT: the id in the URL, or the one that the resource of a conditional update brings. Any other:
    made of the Bundle's digest and the entry's place; with `naming` "sender", a POST called
    `urn:uuid:X` is X.
    """
    if entry.id is not None:
        return entry.id
    named = (entry.full_url or "").lower()
    if naming == "sender" and named.startswith(URN_UUID):
        uuid_named = named.removeprefix(URN_UUID)
        return uuid_named if is_uuid(uuid_named) else made_id(digest, entry.index)
    return made_id(digest, entry.index)


def made_id(digest: str, index: int) -> str:
    """An id for the resource at a place of something with this digest."""
    return str(uuid.uuid5(NAMESPACE, f"{digest}/{index}"))


def is_uuid(text: str) -> bool:
    """Whether the text is a UUID in its usual form."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
