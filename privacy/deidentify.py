"""De-identify a batch of FHIR resources: nothing leaves that the policy did not let through.

    keys = derive_keys(root, "default")
    deidentifier = Deidentifier(load_policy(), keys, today=today)
    clean = deidentifier.clean_batch(resources)

Three steps for each batch: find whose records each resource belongs to, walk it by the policy, and
read what came out against the identifiers that went in (`leaks/gate.py`).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, Literal

from privacy.compartment import PATIENT, patient_of, takes_only_patient
from privacy.dates import shift_days
from privacy.keys import SiteKeys
from privacy.leaks.gate import LeakGate
from privacy.leaks.identifiers import Identifiers, identifiers_of
from privacy.notes.known_names import KnownNames
from privacy.notes.scrub import scrub
from privacy.policy import Policy
from privacy.pseudonyms import identifier_token, value_token
from privacy.records import CleanResource, Refusal
from privacy.references import References
from privacy.rules import Batch, Refused, Visit
from privacy.walker import Walker

NOTHING: Mapping[str, str] = MappingProxyType({})


class Deidentifier:
    """Cleans batches for one site; holds no patient between two of them.

    Args:
        policy: What may stay.
        keys: The site's keys.
        notes: `drop` clinical notes, or `scrub` and keep them (the site opts in).
        today: For the ages of the living.

    Attributes:
        dropped: Extensions dropped since the start, by address.
    """

    def __init__(
        self,
        policy: Policy,
        keys: SiteKeys,
        *,
        notes: Literal["drop", "scrub"] = "drop",
        today: date,
    ) -> None:
        self.dropped: Counter[str] = Counter()
        self._keys = keys
        self._today = today
        self._scrubs = notes == "scrub"
        self._walker = Walker(policy, keys)
        self._references = References(keys, policy.r4.resource_types)

    def clean_batch(
        self, resources: Sequence[Mapping[str, Any]], resolved: Mapping[str, str] = NOTHING
    ) -> list[CleanResource | Refusal]:
        """One answer for each resource, in the same order.

        Args:
            resources: As sent, each with its `id`; references inside a Bundle are `Type/real-id`.
            resolved: Reference as it stands in the resources, to the `Type/pseudonym` it means.
        """
        found = identifiers_of(resources, displays=self._scrubs)
        batch = self._batch(found, resolved)
        patients = self._patients(resources, batch)
        gate = LeakGate(found)
        pairs = zip(resources, patients, strict=True)
        return [self._clean(i, *pair, batch, gate) for i, pair in enumerate(pairs)]

    def _batch(self, found: Identifiers, resolved: Mapping[str, str]) -> Batch:
        return Batch(
            references=dict(resolved),
            dropped=self.dropped,
            today=self._today.year,
            scrub=_scrubber(found) if self._scrubs else None,
            enter=self._enter,
            extension=self._walker.extension,
        )

    def _patients(self, resources: Sequence[Mapping[str, Any]], batch: Batch) -> list[str | None]:
        """Pseudonym of each resource's patient; a silent one takes the batch's only patient."""
        nobody = Visit({}, "", None, batch)
        patients = [self._patient(resource, nobody) for resource in resources]
        named = {patient for patient in patients if patient is not None}
        only = named.pop() if len(named) == 1 else None
        return [
            only if patient is None and takes_only_patient(resource) else patient
            for patient, resource in zip(patients, resources, strict=True)
        ]

    def _patient(self, resource: Mapping[str, Any], visit: Visit) -> str | None:
        reference = patient_of(resource)
        address = self._references.address(reference, visit) if reference else None
        return address.removeprefix(f"{PATIENT}/") if address else None

    def _enter(self, resource: Mapping[str, Any], outer: Visit) -> Visit:
        """The visit of a resource inside a Bundle: its own patient, or the outer one."""
        patient = self._patient(resource, outer)
        days = shift_days(patient, self._keys) if patient else outer.days
        owner = f"{resource.get('resourceType')}/{resource.get('id')}"
        return Visit(resource, owner, days, outer.batch, outer.names)

    def _clean(
        self,
        index: int,
        resource: Mapping[str, Any],
        patient: str | None,
        batch: Batch,
        gate: LeakGate,
    ) -> CleanResource | Refusal:
        kind, real_id = resource.get("resourceType"), resource.get("id")
        if not (isinstance(kind, str) and isinstance(real_id, str)):
            return Refusal(index, "", "The resource has no resourceType or no id; give it both.")
        days = shift_days(patient, self._keys) if patient else None
        visit = Visit(resource, f"{kind}/{real_id}", days, batch)
        try:
            body = self._walker.walk(resource, visit)
        except Refused as refused:
            return Refusal(index, kind + refused.expression, refused.reason)
        if leak := gate.leak_in(body):
            why = f"leak gate: {leak.kind} of this batch would have been stored; report the policy"
            return Refusal(index, leak.path, why)
        tokens = tuple(self._tokens(resource))
        names = visit.names | _own_names(resource, f"{kind}/{body['id']}")
        return CleanResource(kind, body["id"], patient, body, tokens, names)

    def _tokens(self, resource: Mapping[str, Any]) -> Iterator[str]:
        """Two for each identifier: with its system, and of its value alone."""
        for system, value in _identifiers(resource):
            yield identifier_token(self._keys, system, value)
            yield value_token(self._keys, value)


def _scrubber(found: Identifiers) -> Callable[[str, int], str]:
    known = KnownNames.of(found)
    return lambda note, days: scrub(note, known, days).text


def _own_names(resource: Mapping[str, Any], stored: str) -> dict[str, str]:
    """What the pseudonym of a resource stands for, and its identifiers as they were sent."""
    names = {stored: f"{resource['resourceType']}/{resource['id']}"}
    if listed := resource.get("identifier"):
        names[f"{stored}#identifier"] = json.dumps(listed, default=str)
    return names


def _identifiers(resource: Mapping[str, Any]) -> Iterator[tuple[str | None, str]]:
    """System and value of each identifier of a resource."""
    listed = resource.get("identifier")
    for identifier in listed if isinstance(listed, list) else [listed]:
        if isinstance(identifier, Mapping) and isinstance(identifier.get("value"), str):
            system = identifier.get("system")
            yield system if isinstance(system, str) else None, identifier["value"]
