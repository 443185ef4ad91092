"""Real clients over HTTP: SMART's own `fhirclient`, and `fhirpy`, against a listening server.

https://github.com/smart-on-fhir/client-py, https://github.com/beda-software/fhir-py
"""

import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
import pytest
import uvicorn
from fhirclient.client import FHIRClient
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRPermissionDeniedException, FHIRUnauthorizedException
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import ForbiddenError
from sqlalchemy import Engine

from fhir_api.smart.context import Context
from fhir_api.smart.parts import SignOn
from tests.support.fhir import observation, patient
from tests.support.smart import (
    CALLBACK,
    PASSWORD,
    SECRET,
    Hospital,
    assertion,
    fields,
)


class Listening:
    """A hospital that listens on this machine."""

    def __init__(self, engine: Engine) -> None:
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.hospital = Hospital(engine, public_url=self.address, sign_on=SignOn())
        self.fhir = f"{self.address}/fhir"
        config = uvicorn.Config(self.hospital.app, log_level="warning", log_config=None)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],), daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join(timeout=10)
        self.socket.close()

    def user(self, url: str, **chosen: str) -> str:
        """What a user does: sign in, choose, agree; where the browser ends up."""
        with httpx2.Client(base_url=self.address, trust_env=False) as browser:
            form = fields(browser.get(url).text)
            form |= {"login": "jo", "password": PASSWORD}
            signed_in = browser.post("/auth/login", data=form)
            shown = browser.get(signed_in.headers["location"])
            agreed = {**fields(shown.text), "decision": "allow", **chosen}
            back = browser.post("/auth/consent", data=agreed)
            return str(back.headers["location"])


@pytest.fixture
def listening(engine: Engine) -> Iterator[Listening]:
    logging.getLogger("fhirclient").setLevel(logging.WARNING)
    with Listening(engine) as made:
        hospital = made.hospital
        hospital.register()
        hospital.parts.users.put("jo", "Practitioner/7", PASSWORD, hospital.clock())
        hospital.store(
            patient(id="ann"), patient(id="bob"),
            observation("Patient/ann", id="o-ann"), observation("Patient/bob", id="o-bob"),
        )  # fmt: skip
        yield made


def smart(listening: Listening, **changed: Any) -> FHIRClient:
    settings = {
        "app_id": "app", "api_base": listening.fhir, "redirect_uri": CALLBACK,
        "scope": "openid fhirUser patient/*.read offline_access",
    }  # fmt: skip
    return FHIRClient(settings={**settings, **changed})


def ids(found: Any) -> list[str]:
    return sorted(each.id for each in found)


def test_fhirclient_opens_an_app_by_itself(listening: Listening) -> None:
    app = smart(listening)
    assert not app.ready
    app.prepare()

    app.handle_callback(listening.user(app.authorize_url, typed="ann"))

    assert app.ready
    assert app.patient.id == "ann"
    assert ids(Observation.where({"patient": "ann"}).perform_resources(app.server)) == ["o-ann"]


def test_fhirclient_opens_an_app_from_the_ehr(listening: Listening) -> None:
    parts = listening.hospital.parts
    launch = parts.launches.open(Context(patient="bob"), parts.now())
    app = smart(listening, launch_token=launch, scope="patient/*.rs")
    app.prepare()

    app.handle_callback(listening.user(app.authorize_url))

    assert app.patient.id == "bob"
    assert app.launch_context["patient"] == "bob"


def test_fhirclient_is_kept_to_its_patient_and_may_not_write(listening: Listening) -> None:
    app = smart(listening)
    app.prepare()
    app.handle_callback(listening.user(app.authorize_url, typed="ann"))

    assert ids(Observation.where({}).perform_resources(app.server)) == ["o-ann"]
    with pytest.raises(FHIRPermissionDeniedException):
        Patient({"gender": "female"}).create(app.server)


def test_fhirclient_renews_its_access(listening: Listening) -> None:
    app = smart(listening)
    app.prepare()
    app.handle_callback(listening.user(app.authorize_url, typed="ann"))
    before = app.server.auth.access_token
    listening.hospital.clock.pass_by(hours=2)
    with pytest.raises(FHIRUnauthorizedException):
        Patient.read("ann", app.server)

    app.reauthorize()

    assert app.server.auth.access_token != before
    assert Patient.read("ann", app.server).gender == "male"


def test_fhirclient_with_a_secret(listening: Listening) -> None:
    listening.hospital.register(kind="confidential", secret=SECRET)
    app = smart(listening, app_secret=SECRET)
    app.prepare()

    app.handle_callback(listening.user(app.authorize_url, typed="ann"))

    assert app.patient.id == "ann"


def test_fhirclient_as_a_backend_service(listening: Listening) -> None:
    hospital = listening.hospital
    hospital.register_system()
    token_url = f"{listening.address}/auth/token"
    app = smart(
        listening, app_id="etl", scope="system/*.rs",
        jwt_token=assertion(hospital.clock(), aud=token_url),
    )  # fmt: skip
    app.wants_patient = False
    app.prepare()

    app.authorize()

    assert ids(Observation.where({}).perform_resources(app.server)) == ["o-ann", "o-bob"]


def test_fhirpy_reads_with_the_token_of_a_system(listening: Listening) -> None:
    hospital = listening.hospital
    token = hospital.issue("system/Observation.rs")
    client = SyncFHIRClient(listening.fhir, authorization=f"Bearer {token}")

    found = client.resources("Observation").sort("_id").fetch_all()

    assert sorted(each.id for each in found) == ["o-ann", "o-bob"]
    assert client.reference("Observation", "o-ann").to_resource()["status"] == "final"


def test_fhirpy_learns_what_it_may_not(listening: Listening) -> None:
    token = listening.hospital.issue("patient/Observation.rs", patient="ann")
    client = SyncFHIRClient(listening.fhir, authorization=f"Bearer {token}")

    assert [each.id for each in client.resources("Observation").fetch_all()] == ["o-ann"]
    with pytest.raises(ForbiddenError):
        client.resources("Patient").fetch_all()
    with pytest.raises(ForbiddenError):
        client.resource("Observation", **observation("Patient/bob")).save()


def test_the_addresses_a_client_finds_are_absolute(listening: Listening) -> None:
    app = smart(listening)

    assert urlsplit(app.authorize_url).scheme == "http"
