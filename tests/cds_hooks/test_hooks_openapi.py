"""Our documents against the published API description, which others wrote."""

from typing import Any

import jsonschema_rs
import pytest
import yaml
from sqlalchemy import Engine

from cds_hooks.discovery import discovery_document
from fhir_api.json_text import dump
from tests.support.data import shared_data
from tests.support.hooks import FixedPredictor, client_of, hook_parts
from tests.support.patients import discharge_call, view_call

SERVICES = "/cds-services"


def published(name: str) -> Any:
    """A validator of one definition of the description (https://github.com/cds-hooks/api)."""
    text = (shared_data("cds_hooks") / "openapi" / "cds-hooks.yaml").read_text()
    definitions = yaml.safe_load(text)["definitions"]
    behaviors = definitions["Card"]["properties"]["selectionBehavior"]["enum"]
    behaviors.append("any")  # came with 2.0; the description is of 1.1
    return jsonschema_rs.validator_for({**definitions[name], "definitions": definitions})


def test_the_discovery_document_is_as_published() -> None:
    published("CDS Service Information").validate(yaml.safe_load(dump(discovery_document())))


@pytest.mark.parametrize("probability", [0.01, 0.2, 0.6])
def test_every_answer_is_as_published(engine: Engine, probability: float) -> None:
    client = client_of(hook_parts(engine, FixedPredictor(probability)))

    at_discharge = client.post(f"{SERVICES}/readmission-risk-discharge", json=discharge_call())
    at_view = client.post(f"{SERVICES}/readmission-risk", json=view_call())

    for response in (at_discharge, at_view):
        published("CDS Response").validate(response.json())


def test_the_calls_of_our_tests_are_as_published() -> None:
    for call in (discharge_call(), view_call()):
        published("CDS Request").validate(call)
