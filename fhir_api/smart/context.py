"""Who and what a token is about: the user, the patient, the encounter, what the EHR passed on.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from fhir_api.errors import InvalidRequest
from fhir_api.json_text import dump
from fhir_api.smart.sealing import Seal

PURPOSE = "context"
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
REFERENCE = re.compile(r"[A-Z][A-Za-z]{1,63}/[A-Za-z0-9\-.]{1,64}")
LONGEST = 8192  # characters of what an EHR may pass on to an app
Show = Callable[[str], str]  # `Type/real-id` -> as the client may see it


@dataclass(frozen=True, slots=True)
class Context:
    """What a token is about.

    Attributes:
        user: The `fhirUser`, such as `Practitioner/7`.
        patient: Real id of the patient in context.
        encounter: Real id of the encounter in context.
        need_patient_banner: Whether the app has to show who the patient is.
        fhir_context: Further resources in context, as the EHR passed them.
        intent: What the user wants to do.
        app_context: Handed through from a CDS card's link to the app.
        nonce: Of the OpenID Connect request.
        signed_in_at: When the user signed in, seconds since 1970.
        login: Name in the directory of users, None for one that only the proxy knows.
    """

    user: str | None = None
    patient: str | None = None
    encounter: str | None = None
    need_patient_banner: bool | None = None
    fhir_context: tuple[dict[str, Any], ...] = ()
    intent: str | None = None
    app_context: str | None = None
    nonce: str | None = None
    signed_in_at: int | None = None
    login: str | None = None

    def members(self, show: Show) -> dict[str, Any]:
        """The launch context as a token answer or an introspection has it."""
        said: dict[str, Any] = {
            "patient": shown_id("Patient", self.patient, show),
            "encounter": shown_id("Encounter", self.encounter, show),
            "need_patient_banner": self.need_patient_banner,
            "fhirContext": [shown_item(each, show) for each in self.fhir_context] or None,
            "intent": self.intent,
            "appContext": self.app_context,
        }
        return {name: value for name, value in said.items() if value is not None}

    def sealed(self, seal: Seal) -> bytes:
        """As it is stored: ids of a patient never stand in the database in the open."""
        return seal.seal(PURPOSE, json.dumps(asdict(self)).encode())


def unsealed(seal: Seal, stored: bytes) -> Context | None:
    """A context as it was stored; None when it was sealed under another key."""
    content = seal.open(PURPOSE, stored)
    if content is None:
        return None
    read = json.loads(content)
    return Context(**read | {"fhir_context": tuple(read["fhir_context"])})


def shown_id(resource_type: str, id_: str | None, show: Show) -> str | None:
    """An id as the client may see it."""
    return show(f"{resource_type}/{id_}").partition("/")[2] if id_ is not None else None


def shown_item(item: dict[str, Any], show: Show) -> dict[str, Any]:
    """One item of `fhirContext`."""
    return item | ({"reference": show(item["reference"])} if "reference" in item else {})


def launch_context(given: dict[str, Any]) -> Context:
    """The context an EHR asks an app to be opened with; raises InvalidRequest (400).

    Args:
        given: `patient`, `encounter`, `need_patient_banner`, `fhirContext`, `intent`, `appContext`
            and `user`, each optional.
    """
    if len(json.dumps(given, default=str)) > LONGEST:
        raise InvalidRequest(f"parameters may have {LONGEST} characters.", "parameters")
    context = Context(
        user=text_of(given, "user", REFERENCE),
        patient=text_of(given, "patient", ID),
        encounter=text_of(given, "encounter", ID),
        need_patient_banner=truth_of(given, "need_patient_banner"),
        fhir_context=items_of(given),
        intent=text_of(given, "intent"),
        app_context=text_of(given, "appContext"),
    )
    if context.encounter and not context.patient:
        raise InvalidRequest("An encounter needs its patient beside it.", "parameters.patient")
    return context


def text_of(given: dict[str, Any], name: str, form: re.Pattern[str] | None = None) -> str | None:
    """A text of the form, or None when absent."""
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or (form and not form.fullmatch(value)):
        raise InvalidRequest(f"{name} is not of its form.", f"parameters.{name}")
    return value


def truth_of(given: dict[str, Any], name: str) -> bool | None:
    """True or false, also as text, or None when absent."""
    value = given.get(name)
    if value is None or isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise InvalidRequest(f"{name} is true or false.", f"parameters.{name}")


def items_of(given: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """The items of `fhirContext`, each with a relative reference, a canonical or an identifier."""
    items = given.get("fhirContext")
    if items is None:
        return ()
    if not isinstance(items, list) or not all(map(is_item, items)):
        raise InvalidRequest("fhirContext is a list of references.", "parameters.fhirContext")
    read: list[dict[str, Any]] = json.loads(dump(items))  # plain numbers again
    return tuple(read)


def is_item(item: object) -> bool:
    """Whether it can stand in `fhirContext`; patient and encounter have members of their own."""
    if not isinstance(item, dict):
        return False
    reference = item.get("reference")
    if reference is None:
        return "canonical" in item or "identifier" in item
    return isinstance(reference, str) and bool(REFERENCE.fullmatch(reference))
