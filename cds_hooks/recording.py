"""Each call about a patient is on record in the audit trail, answered or refused.

What cannot be put on record is not answered: the client gets 503.
https://cds-hooks.hl7.org/2.0/#security-and-safety
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cds_hooks.request import HookCall
from cds_hooks.service import CdsService
from fhir_api.audit.event import Access
from fhir_api.errors import FhirError
from privacy.keys import SiteKeys
from privacy.pseudonyms import pseudonym

CLIENT = "cds-hooks"
ANSWERED, FAILED, AWAY = 200, 500, 503


@contextmanager
def on_record(parts: CdsService, call: HookCall) -> Iterator[None]:
    """Put a call on record when the block ends; raises TrailUnavailable when that fails."""
    status = FAILED
    try:
        yield
        status = ANSWERED
    except FhirError as error:
        status = error.status
        raise
    except (OperationalError, PoolTimeout):
        status = AWAY
        raise
    finally:
        if parts.trail is not None:
            parts.trail.record(access_of(call, status, parts.keys))


def access_of(call: HookCall, status: int, keys: SiteKeys) -> Access:
    """A call as one access, by pseudonyms."""
    patient = f"Patient/{pseudonym(keys, 'Patient', call.context.patientId)}"
    kind, _, id_ = call.context.userId.partition("/")
    return Access(
        f"${call.service.hook}",
        status,
        str(call.hook_instance),
        CLIENT,
        f"{kind}/{pseudonym(keys, kind, id_)}",
        patients=(patient,),
    )
