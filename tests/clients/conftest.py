"""A running server and a SMART app's pages, for clients that others wrote."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import Engine

from fhir_api.smart.registration import client_of
from homeward.app import create_app
from homeward.fhir import FhirHouse
from homeward.house import House
from homeward.settings import read_settings
from tests.support.fhir import bundle, observation, patient, put

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
PASSWORD = "correct horse battery"
KEY = bytes(range(5, 45)).hex()
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that asks for tokens, and the app that its users open."""

    address: str
    app: str
    house: House

    @property
    def fhir(self) -> str:
        """Base of the FHIR API."""
        return f"{self.address}/fhir"


@pytest.fixture
def node() -> str:
    """Node, with the clients installed; skips where either is missing."""
    found = shutil.which("node")
    if found is None or not MODULES.is_dir():
        pytest.skip("JavaScript clients are not installed: npm ci --prefix tests/clients")
    return found


@pytest.fixture
def chromium() -> str:
    """A browser; skips where there is none."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip("No Chromium here to open an app in.")
    return found


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> Iterator[Server]:
    """A server over an empty database with two patients, one app, one user."""
    with app_pages() as app:
        port = free_port()
        url = engine.url.render_as_string(hide_password=False)
        given: dict[str, Any] = {
            "home": tmp_path, "database_url": url, "key": KEY, "port": port,
            "authorization": "smart", "cors_origins": [app],
        }  # fmt: skip
        house = House(read_settings(**given))
        furnish(house, app)
        with running(house, port) as address:
            yield Server(address, app, house)
        house.close()


def furnish(house: House, app: str) -> None:
    """Patients to read, an app to open, a user to sign in."""
    fhir = FhirHouse(house)
    people = [patient(id=each) for each in ("ann", "other")]
    notes = [observation(f"Patient/{each}", id=f"of-{each}") for each in ("ann", "other")]
    fhir.ingestor.transaction(bundle("transaction", *map(put, people + notes)))
    described = {
        "id": "browser-app", "kind": "public", "redirect_uris": [f"{app}/index.html"],
        "scopes": "openid fhirUser offline_access launch launch/patient patient/*.rs",
        "identified": True,
    }  # fmt: skip
    fhir.smart.clients.put([client_of(described, fhir.smart.seal)], house.now())
    fhir.smart.users.put("dr-ann", "Practitioner/7", PASSWORD, house.now())


@contextmanager
def running(house: House, port: int) -> Iterator[str]:
    """The application, answering at a port of this machine."""
    app, _metrics = create_app(house)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def app_pages() -> Iterator[str]:
    """The pages of the app, and fhirclient's own build beside them."""

    class Pages(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            if path.startswith("/fhir-client.min.js"):
                return str(MODULES / "fhirclient" / "build" / "fhir-client.min.js")
            return super().translate_path(path)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    pages = ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, directory=str(HERE / "app")))
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{pages.server_port}"
    pages.shutdown()
    pages.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def told_by(*command: str) -> str:
    """Standard output of a command that has to succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
