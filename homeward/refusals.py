"""Which exit code the refusals of the floors end with."""

from etl.errors import EtlError
from fhir_api.errors import FhirError
from fhir_api.ingest.inputs import UnknownInput
from homeward.errors import HomewardError
from homeward.simulation.options import SimulationError
from model.errors import ModelError
from privacy.errors import PrivacyError

WORK_FAILED, WRONG_INPUT = 1, 2
CLIENT_ERRORS = range(400, 500)


def exit_code_of(error: Exception) -> int | None:
    """1 or 2 for a refusal of ours; None for what nobody foresaw, which keeps its traceback."""
    if isinstance(error, HomewardError):
        return error.exit_code
    if isinstance(error, FhirError):
        return WRONG_INPUT if error.status in CLIENT_ERRORS else WORK_FAILED
    if isinstance(error, PrivacyError | SimulationError | UnknownInput):
        return WRONG_INPUT
    if isinstance(error, EtlError | ModelError):
        return WORK_FAILED
    return None
