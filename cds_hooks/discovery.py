"""The discovery document: which services there are and what they ask for.

https://cds-hooks.hl7.org/2.0/#discovery
"""

from typing import Any

from cds_hooks.errors import UnknownService
from cds_hooks.hooks import encounter_discharge, patient_view
from cds_hooks.hooks.definition import CDS_HOOKS_VERSION, HOOK_VERSION, HookService

# patient-view stands last: the official Sandbox lets the last of equal addresses win.
SERVICES: tuple[HookService, ...] = (encounter_discharge.SERVICE, patient_view.SERVICE)


def discovery_document() -> dict[str, Any]:
    """Answer to `GET /cds-services`."""
    return {"services": [_entry(service) for service in SERVICES]}


def service_named(service_id: str) -> HookService:
    """The service at `/cds-services/{service_id}`.

    Raises:
        UnknownService: There is none; the message lists those there are.
    """
    for service in SERVICES:
        if service.id == service_id:
            return service
    raise UnknownService([service.id for service in SERVICES])


def _entry(service: HookService) -> dict[str, Any]:
    return {
        "hook": service.hook,
        "id": service.id,
        "title": service.title,
        "description": service.description,
        "prefetch": dict(service.prefetch),
        "version": CDS_HOOKS_VERSION,
        "hookVersion": HOOK_VERSION,
    }
