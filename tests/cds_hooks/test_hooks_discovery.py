"""The discovery document: what clients rely on without asking."""

import re

import pytest

from cds_hooks.discovery import SERVICES, discovery_document, service_named
from cds_hooks.errors import UnknownService
from cds_hooks.hooks.definition import HookService

# https://cds-hooks.hl7.org/2.0/#prefetch-query-restrictions
ALLOWED_QUERY = re.compile(
    r"[A-Z][A-Za-z]+(/\{\{context\.\w+\}\}"
    r"|\?[a-z-]+=\{\{context\.\w+\}\}(&(_count=\d+|_sort=-?\w+|[a-z-]+=[\w|:/.-]+))*)"
)
TOKEN = re.compile(r"\{\{context\.(\w+)\}\}")

every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.id)


def test_both_hooks_are_served_and_patient_view_stands_last() -> None:
    hooks = [entry["hook"] for entry in discovery_document()["services"]]

    assert hooks == ["encounter-discharge", "patient-view"]


@pytest.mark.parametrize("entry", discovery_document()["services"], ids=lambda entry: entry["id"])
def test_an_entry_has_all_its_fields_and_none_is_empty(entry: dict[str, object]) -> None:
    assert set(entry) == {
        "hook", "id", "title", "description", "prefetch", "version", "hookVersion",
    }  # fmt: skip
    assert all(entry.values())


@every_service
def test_templates_use_only_query_forms_every_client_supports(service: HookService) -> None:
    wrong = [each for each in service.prefetch.values() if not ALLOWED_QUERY.fullmatch(each)]

    assert wrong == []


@every_service
def test_template_tokens_are_fields_the_hook_always_has(service: HookService) -> None:
    tokens = {token for each in service.prefetch.values() for token in TOKEN.findall(each)}

    always = {name for name, field in service.context.model_fields.items() if field.is_required()}
    assert tokens <= always


@every_service
def test_what_a_service_requires_it_asks_for(service: HookService) -> None:
    assert set(service.required) <= set(service.prefetch)


def test_no_two_services_share_an_address() -> None:
    assert len({service.id for service in SERVICES}) == len(SERVICES)


def test_an_unknown_service_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownService, match="readmission-risk-discharge, readmission-risk"):
        service_named("sepsis")
