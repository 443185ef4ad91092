"""Bundles: transactions for a server to take in, searchsets as a server would answer.

Resources refer to each other as `Type/id`. A transaction of new resources calls them by their
`urn:uuid` instead, and the hospital's people and places by identifier, so that a Bundle can be
sent to a server that gave them other ids. The renaming is done on the written bytes, once a Bundle.
"""

import re
from collections.abc import Iterable
from typing import Any

import orjson

from homeward.simulation.hospital import NPI_SYSTEM, Clinician, Hospital, Place
from homeward.simulation.resources.parts import Resource

REFERENCE = re.compile(rb'"reference":"([A-Za-z]+)/([0-9a-f-]{36})"')
BY_IDENTIFIER = frozenset({"Organization", "Practitioner"})
BY_URL = frozenset({"Location", "PractitionerRole"})


class References:
    """Renames references for transactions; holds the identifiers of the hospital's resources."""

    def __init__(self, hospital: Hospital) -> None:
        everyone: list[Place | Clinician] = [*hospital.places, *hospital.clinicians]
        self.npis = {one.id.encode(): one.npi.encode() for one in everyone}

    def for_new(self, data: bytes) -> bytes:
        """The patient's own resources by urn:uuid, the hospital's by identifier."""
        return REFERENCE.sub(lambda found: self.renamed(found, own=True), data)

    def for_known(self, data: bytes) -> bytes:
        """The patient's own resources by `Type/id`, the hospital's by identifier."""
        return REFERENCE.sub(lambda found: self.renamed(found, own=False), data)

    def renamed(self, found: re.Match[bytes], *, own: bool) -> bytes:
        """One reference under its new name."""
        kind, resource_id = found[1].decode(), found[2]
        if kind in BY_IDENTIFIER:
            system = NPI_SYSTEM.encode()
            return b'"reference":"%b?identifier=%b|%b"' % (
                found[1],
                system,
                self.npis[resource_id],
            )
        if own and kind not in BY_URL:
            return b'"reference":"urn:uuid:%b"' % resource_id
        return found[0]


def hospital_bundle(resources: Iterable[Resource]) -> bytes:
    """A transaction that creates what is not there yet; wards and roles keep their ids."""
    entries = [
        put(resource) if resource["resourceType"] in BY_URL else create_once(resource)
        for resource in resources
    ]
    data = orjson.dumps(transaction(entries))
    return REFERENCE.sub(by_urn, data)


def by_urn(found: re.Match[bytes]) -> bytes:
    """A reference inside the hospital's own Bundle."""
    return b'"reference":"urn:uuid:%b"' % found[2]


def new_bundle(resources: Iterable[Resource], references: References) -> bytes:
    """A transaction that creates a patient and everything about them."""
    return references.for_new(orjson.dumps(transaction([post(one) for one in resources])))


def later_bundle(resources: Iterable[Resource], references: References) -> bytes:
    """A transaction that adds to, and updates, a patient who is there."""
    return references.for_known(orjson.dumps(transaction([put(one) for one in resources])))


def transaction(entries: list[dict[str, Any]]) -> Resource:
    """A transaction Bundle."""
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def post(resource: Resource) -> dict[str, Any]:
    """An entry that creates."""
    return entry(resource, {"method": "POST", "url": resource["resourceType"]})


def put(resource: Resource) -> dict[str, Any]:
    """An entry that creates or updates under the resource's own id."""
    url = f"{resource['resourceType']}/{resource['id']}"
    return entry(resource, {"method": "PUT", "url": url})


def create_once(resource: Resource) -> dict[str, Any]:
    """An entry that creates unless the identifier is there already."""
    identifier = resource["identifier"][0]
    once = f"identifier={identifier['system']}|{identifier['value']}"
    request = {"method": "POST", "url": resource["resourceType"], "ifNoneExist": once}
    return entry(resource, request)


def entry(resource: Resource, request: dict[str, str]) -> dict[str, Any]:
    """A resource and what to do with it."""
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource, "request": request}


def searchset(resources: list[Resource]) -> Resource:
    """A searchset Bundle as a server would answer."""
    entries = [
        {"fullUrl": f"urn:uuid:{one['id']}", "resource": one, "search": {"mode": "match"}}
        for one in resources
    ]
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    return {**bundle, "entry": entries} if entries else bundle
