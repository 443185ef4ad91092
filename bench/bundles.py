"""Transactions of an even size, cut from the Bundles of a simulated hospital.

Every entry becomes a PUT under its own id and every reference names that id, so that a cut may
fall anywhere; a resource that several patients share (a practitioner) is kept once.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

URN = "urn:uuid:"
Entry = dict[str, Any]


def bundles_of(folder: Path, size: int) -> tuple[list[bytes], list[str]]:
    """Transactions of `size` entries, each on one line, and where their resources can be read."""
    found = dict(entries_of(folder))
    entries, places = list(found.values()), list(found)
    cuts = range(0, len(entries) - size + 1, size)
    return [transaction(entries[cut : cut + size]) for cut in cuts], places[: len(cuts) * size]


def entries_of(folder: Path) -> Iterator[tuple[str, Entry]]:
    """Each entry of the hospital's Bundles as a PUT, with its place."""
    for path in sorted(folder.rglob("*.json")):
        bundle = json.loads(path.read_bytes())
        if bundle.get("resourceType") == "Bundle":
            names = {
                each["fullUrl"]: f"{each['resource']['resourceType']}/{each['resource']['id']}"
                for each in bundle["entry"]
            }
            for each in bundle["entry"]:
                place = names[each["fullUrl"]]
                request = {"method": "PUT", "url": place}
                yield place, {"resource": renamed(each["resource"], names), "request": request}


def renamed(node: Any, names: dict[str, str]) -> Any:
    """A copy with every name of an entry replaced by its place."""
    if isinstance(node, dict):
        return {key: renamed(value, names) for key, value in node.items()}
    if isinstance(node, list):
        return [renamed(item, names) for item in node]
    return names.get(node, node) if isinstance(node, str) and node.startswith(URN) else node


def transaction(entries: list[Entry]) -> bytes:
    """A transaction Bundle on one line."""
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    return json.dumps(bundle, separators=(",", ":")).encode()
