"""What the audit trail is told of a request: who, what, about whom, and how it ended.

Taken from the path, the query and the answer, and from what the route told (`audit/access.py`).
Ids become pseudonyms; of other values only the names of their parameters are kept.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.routing import APIRoute

from fhir_api.access.caller import Caller
from fhir_api.audit.access import Parameters, Told, told_of
from fhir_api.audit.event import UNKNOWN, Access
from fhir_api.errors import PARAMETER_NAME
from fhir_api.reidentify import Presenter
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.request_ids import request_id_of
from fhir_api.routes.served import CLOSED
from fhir_api.routes.served import interaction_of as served_interaction
from fhir_api.validation.elements import resource_types
from privacy.pseudonyms import is_pseudonym, pseudonym
from privacy.references import target_of

NOT_RECORDED = {"capabilities"}  # holds nothing of anybody, and is asked for as a sign of life
ABOUT_PATIENTS = {"patient", "subject", "patient:Patient", "subject:Patient"}
HIDDEN = "*"
PLAIN_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def is_recorded(route: str) -> bool:
    """Whether requests of a route are kept."""
    return route not in NOT_RECORDED


def access_of(api: FhirApi, request: Request, route: APIRoute, response: Response) -> Access:
    """A request and its answer as one access."""
    caller: Caller | None = getattr(request.state, "caller", None)
    presenter = api.presenter(caller) if caller else Presenter(api.keys, None)
    told = told_of(request)
    asked = asked_of(request, told)
    patients = {f"Patient/{each}" for each in told.patients} | {*patients_named(
        request.path_params, asked, presenter
    )}  # fmt: skip
    return Access(
        interaction_of(request, route, told),
        response.status_code,
        request_id_of(request),
        caller.client if caller else UNKNOWN,
        stored_user(presenter, caller),
        tuple(sorted(patients)),
        tuple(sorted(told.resources | {*resources_named(request, response, presenter)})),
        query_text(asked, str(request.path_params.get("resource_type", "")), presenter),
    )


def interaction_of(request: Request, route: APIRoute, told: Told) -> str:
    """The restful-interaction; for operations `$` and their name; else what the route is called."""
    if told.interaction is not None:
        return told.interaction
    named = route.name if route.name != CLOSED else UNKNOWN
    return served_interaction(request.method, route.path) or named


def asked_of(request: Request, told: Told) -> Parameters:
    """The parameters of a request, wherever they stand."""
    if told.query is not None:
        return told.query
    return parse_qsl(request.url.query, keep_blank_values=True)


def stored_user(presenter: Presenter, caller: Caller | None) -> str | None:
    """`Type/pseudonym` of the person on whose behalf a caller asks."""
    target = target_of(caller.user) if caller and caller.user else None
    return stored_name(presenter, *target) if target else None


def stored_name(presenter: Presenter, resource_type: str, id_: str) -> str:
    """`Type/pseudonym` of what a caller names; events of the trail itself have no pseudonyms."""
    if resource_type == "AuditEvent":
        return f"{resource_type}/{id_ if id_.isdigit() else HIDDEN}"
    return f"{resource_type}/{stored_id(presenter, resource_type, id_)}"


def stored_id(presenter: Presenter, resource_type: str, id_: str) -> str:
    """A pseudonym, also where a caller who may only name pseudonyms names something else."""
    stored = presenter.stored_id(resource_type, id_)
    return stored if is_pseudonym(stored) else pseudonym(presenter.keys, resource_type, id_)


def patients_named(path: dict[str, Any], asked: Parameters, presenter: Presenter) -> Iterator[str]:
    """The patients that the path or the query names."""
    if path.get("resource_type") == "Patient" and PLAIN_ID.fullmatch(str(path.get("id_", ""))):
        yield stored_name(presenter, "Patient", str(path["id_"]))
    for name, value in asked:
        if name in ABOUT_PATIENTS:
            ids = (each.rpartition("/")[2] for each in value.split(","))
            yield from (stored_name(presenter, "Patient", each) for each in ids)


def resources_named(request: Request, response: Response, presenter: Presenter) -> Iterator[str]:
    """What the path names, and what the answer says was made."""
    path = request.path_params
    kind, id_ = path.get("resource_type"), str(path.get("id_", ""))
    if kind in resource_types() and PLAIN_ID.fullmatch(id_):
        version = f"/_history/{path['version']}" if str(path.get("version", "")).isdigit() else ""
        yield stored_name(presenter, str(kind), id_) + version
    made = target_of(response.headers.get("location", ""))
    if made is not None:
        yield stored_name(presenter, *made)


def query_text(asked: Parameters, resource_type: str, presenter: Presenter) -> str | None:
    """Names of parameters with what may be kept of their values; None when there are none."""
    kept = (f"{shown(name)}={kept_value(name, value, resource_type, presenter)}"
            for name, value in asked)  # fmt: skip
    return "&".join(kept) or None


def shown(name: str) -> str:
    """The name of a parameter, if it could be one."""
    return name if PARAMETER_NAME.fullmatch(name) else HIDDEN


def kept_value(name: str, value: str, resource_type: str, presenter: Presenter) -> str:
    """The pseudonyms in a value; `*` for all else."""
    if PLAIN_ID.fullmatch(value) and name in {"_id"} | ABOUT_PATIENTS:
        return stored_id(presenter, resource_type if name == "_id" else "Patient", value)
    found = [target_of(each) for each in value.split(",")]
    return ",".join(stored_name(presenter, *each) if each else HIDDEN for each in found)
