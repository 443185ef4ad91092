"""Metrics: the edges that were promised, the figures of the report, and a page that tells all."""

import re
from pathlib import Path

from model.intervals import Estimate
from monitoring.measures import MEASURES
from monitoring.metrics import Metrics
from monitoring.performance import Report, VersionReport

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "metrics.md"
BOUNDS = re.compile(r"_(lcb95|ucb95)$")


def performance(**measures: Estimate) -> Report:
    version = VersionReport(
        model_version="v1",
        predictions=9,
        stays=8,
        matured=7,
        events=3,
        outcomes={"unplanned": 3, "waiting": 1},
        arms={"shown": 9},
        excluded={},
        measures=dict.fromkeys(MEASURES) | measures,
    )
    return Report("test", 10, (version,))


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_a_bucket_ends_exactly_at_150_milliseconds() -> None:
    metrics = Metrics()

    metrics.observe_request("readmission-risk", 200, 0.150)

    bucket = "cds_request_seconds_bucket"
    asked = {"service": "readmission-risk", "status": "200"}
    assert value(metrics, bucket, le="0.15", **asked) == 1.0
    assert value(metrics, bucket, le="0.1", **asked) == 0.0


def test_parts_of_a_call_are_counted_apart() -> None:
    metrics = Metrics()

    metrics.observe_parts({"features": 0.002, "predict": 0.003})

    assert value(metrics, "cds_part_seconds_count", part="features") == 1.0


def test_the_report_shows_with_both_of_its_bounds() -> None:
    metrics = Metrics()

    metrics.refresh_performance(performance(auroc=Estimate(0.74, 0.70, 0.78)))

    name = "cds_model_auc_roc"
    shown = [value(metrics, name + end, model_version="v1") for end in ("", "_lcb95", "_ucb95")]
    assert shown == [0.74, 0.70, 0.78]
    assert value(metrics, "cds_model_matured_n", model_version="v1") == 7.0
    assert value(metrics, "cds_outcomes", model_version="v1", outcome="unplanned") == 3.0


def test_a_figure_the_report_does_not_give_is_absent() -> None:
    metrics = Metrics()
    metrics.refresh_performance(performance(auroc=Estimate(0.74, 0.70, 0.78)))

    metrics.refresh_performance(performance())

    assert value(metrics, "cds_model_auc_roc", model_version="v1") is None


def test_two_servers_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()

    one.feedback.labels("readmission-risk", "accepted").inc()

    counted = {"service": "readmission-risk", "outcome": "accepted"}
    assert value(one, "cds_feedback_total", **counted) == 1.0
    assert value(other, "cds_feedback_total", **counted) is None


def test_the_exposition_is_what_prometheus_reads() -> None:
    metrics = Metrics()
    metrics.observe_request("readmission-risk", 200, 0.02)

    assert b"# TYPE cds_request_seconds histogram" in metrics.exposition()


def test_the_reference_page_names_every_metric_and_no_other() -> None:
    families = list(Metrics().registry.collect())
    exposed = {f"{each.name}_total" if each.type == "counter" else each.name for each in families}

    described = set(re.findall(r"^### `(\w+)`$", PAGE.read_text(), re.MULTILINE))

    assert described == {name for name in exposed if not BOUNDS.search(name)}
