"""Carrying out a JSON Patch on what is stored.

The sender's operations are about the resource with its real ids and true dates, so it is put back
together, patched, checked and de-identified again like anything else. What de-identification
dropped is not there to be patched; what the operations leave alone stays exactly as it is stored.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from fhir_api.bundles.entry import Entry
from fhir_api.bundles.patch import patched
from fhir_api.errors import (
    FhirError,
    InvalidResource,
    NotSupported,
    ResourceDeleted,
    ResourceNotFound,
)
from fhir_api.ingest.parts import Parts
from fhir_api.reidentify import Presenter, references_in
from fhir_api.store.records import StoredResource
from fhir_api.store.vault import GET, Vault
from privacy.records import CleanResource

SERVER_OWNED = ("versionId", "lastUpdated")
Resource = dict[str, Any]


class VaultInside(Vault):
    """The vault, read on a connection that is in use; a second one could be waited for forever."""

    def __init__(self, vault: Vault, connection: Connection) -> None:
        self.site = vault.site
        self.box = vault.box
        self.connection = connection

    def names(self, names: Collection[str]) -> dict[str, str]:
        """Real names of those that are known; one query."""
        if not names:
            return {}
        return self.opened(self.connection.exec_driver_sql(GET, self.asked(names)))


class Patch:
    """One patch of one stored resource.

    Attributes:
        entry: That asks for it.
        row: The resource as it is stored.
        before: With its real ids and true dates.
        after: Patched.
    """

    def __init__(self, entry: Entry, row: StoredResource, before: Resource) -> None:
        self.entry = entry
        self.row = row
        self.before = before
        self.after = patched(before, entry.patch, entry.path or "The patch")

    def unresolved(self) -> dict[str, str]:
        """References that the vault does not know: they stand as they are stored."""
        stored = set(references_in(self.row.body))
        return {each: each for each in references_in(self.after) if each in stored}

    def merged(self, clean: CleanResource) -> CleanResource:
        """The cleaned resource; elements that the patch left alone are those that are stored.

        Contained resources get new ids whenever they are cleaned, so that with them all is new.
        """
        if "contained" in self.row.body or "contained" in clean.body:
            return clean
        alike = {name for name, value in self.before.items() if self.after.get(name) == value}
        kept = {name: value for name, value in self.row.body.items() if name in alike}
        fresh = {name: value for name, value in clean.body.items() if name not in alike}
        return replace(clean, body={**kept, **fresh})


def read_patches(
    entries: Collection[Entry],
    rows: Mapping[int, StoredResource | None],
    connection: Connection,
    parts: Parts,
) -> dict[int, Patch | FhirError]:
    """The patch of each entry, or why it cannot be carried out; one question to the vault."""
    vault = parts.store.vault
    if vault is None:
        return {each.index: without_vault(each) for each in entries}
    there = [row for row in rows.values() if row is not None and not row.deleted]
    presenter = Presenter(parts.keys, VaultInside(vault, connection))
    shown = {(row.resource_type, row.resource_id): body
             for row, body in zip(there, presenter.present(there), strict=True)}  # fmt: skip
    return {each.index: patch_of(each, rows[each.index], shown, parts) for each in entries}


def patch_of(
    entry: Entry,
    row: StoredResource | None,
    shown: Mapping[tuple[str, str], Resource],
    parts: Parts,
) -> Patch | FhirError:
    """One patch, its result checked."""
    try:
        if row is None:
            raise ResourceNotFound(entry.resource_type)
        if row.deleted:
            raise ResourceDeleted(entry.resource_type)
        patch = Patch(entry, row, shown[row.resource_type, row.resource_id])
        if found := parts.validator.validate(patch.after, entry.resource_path):
            raise InvalidResource(found)
    except FhirError as error:
        error.expression = error.expression or entry.path or None
        return error
    forget_version(patch.after)
    return patch


def forget_version(resource: Resource) -> None:
    """Take out of `meta` what the server alone says."""
    meta = resource.get("meta")
    if isinstance(meta, dict):
        resource["meta"] = {name: each for name, each in meta.items() if name not in SERVER_OWNED}
        if not resource["meta"]:
            del resource["meta"]


def without_vault(entry: Entry) -> FhirError:
    """The refusal of a site that cannot put a resource back together."""
    message = "This site keeps no real ids to put back, so nothing can be patched; send a PUT."
    return NotSupported(message, entry.path or None)
