"""The clients that JavaScript apps are written with: fhirclient in a browser, fhir-kit-client."""

import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from fhir_api.smart.context import Context, launch_context
from fhir_api.smart.registration import client_of
from fhir_api.smart.tokens import Authorization
from homeward.fhir import FhirHouse
from tests.clients.conftest import Server, told_by
from tests.support.smart import EC, public

HERE = Path(__file__).parent
SEEN_BY_THE_APP = {
    "patient": "ann",
    "mine": 1,
    "user": "Practitioner/7",
    "refreshed": True,
    "again": "ann",
}


def opened(server: Server, node: str, chromium: str, **asked: str) -> dict[str, object]:
    """What the app saw when it was opened with these parameters."""
    address = f"{server.app}/launch.html?{urlencode({'iss': server.fhir, **asked})}"
    seen: dict[str, object] = json.loads(told_by(node, str(HERE / "launch.mjs"), chromium, address))
    return seen


def test_an_app_opened_by_itself_gets_the_patient_that_its_user_chooses(
    server: Server, node: str, chromium: str
) -> None:
    seen = opened(server, node, chromium)

    assert {name: seen.get(name) for name in SEEN_BY_THE_APP} == SEEN_BY_THE_APP, seen
    assert seen["others"] in {0, 403}


def test_an_app_opened_by_the_ehr_gets_the_chart_that_is_open(
    server: Server, node: str, chromium: str
) -> None:
    context = launch_context({"patient": "ann", "encounter": "stay-1"})
    launch = FhirHouse(server.house).smart.launches.open(context, server.house.now())

    seen = opened(server, node, chromium, launch=launch)

    assert {name: seen.get(name) for name in SEEN_BY_THE_APP} == SEEN_BY_THE_APP, seen
    assert seen["encounter"] == "stay-1"


def test_fhir_kit_client_creates_searches_patches_and_deletes(server: Server, node: str) -> None:
    seen = json.loads(told_by(node, str(HERE / "kit.mjs"), server.fhir, token_of(server)))

    assert seen == {
        "fhirVersion": "4.0.1",
        "identifier": True,
        "read": "female",
        "updated": "2",
        "first": "female",
        "patched": "male",
        "transaction": ["201", "201", "201"],
        "batch": True,
        "pages": [2, 1],
        "modes": ["match", "include"],
        "byIdentifier": [True],
        "everything": 4,
        "history": 3,
        "gone": 410,
        "unknown": "OperationOutcome",
    }


def token_of(server: Server) -> str:
    """An access token for everything, issued to a system of this hospital."""
    smart = FhirHouse(server.house).smart
    described = {"id": "kit", "kind": "system", "scopes": "system/*.cruds", "identified": True}
    client = client_of(described | {"jwks": public(EC)}, smart.seal)
    smart.clients.put([client], server.house.now())
    granted = Authorization("kit", "system/*.cruds", Context(), "family")
    lifetime = timedelta(minutes=5)
    return smart.tokens.issue("access_token", granted, server.house.now(), lifetime)
