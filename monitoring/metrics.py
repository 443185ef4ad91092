"""What Prometheus may scrape. No label ever holds a patient, a call or a comment.

`docs/reference/metrics.md` explains each metric; a test holds the page and this file equal.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from monitoring.performance import Report, VersionReport

# The edge at 0.150 is the promise made to clinicians: a percentile read off between two edges is
# interpolated, and therefore wrong exactly where it matters.
REQUEST_BUCKETS_S = (0.005, 0.010, 0.025, 0.050, 0.075, 0.100, 0.150, 0.250, 0.500, 1.0, 2.5, 5.0)
PERFORMANCE_NAMES = {
    "auroc": "auc_roc",
    "brier": "brier",
    "observed_expected": "observed_expected_ratio",
    "calibration_intercept": "calibration_intercept",
    "calibration_slope": "calibration_slope",
    "sensitivity_top_10_percent": "recall_top_10_percent",
}


class Metrics:
    """Every metric of the server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.request_seconds = Histogram(
            "cds_request_seconds",
            "Time to answer a hook call",
            ["service", "status"],
            buckets=REQUEST_BUCKETS_S,
            registry=self.registry,
        )
        self.part_seconds = Histogram(
            "cds_part_seconds",
            "Time spent in one part of a hook call",
            ["part"],
            buckets=REQUEST_BUCKETS_S,
            registry=self.registry,
        )
        self.predictions = self._counter(
            "cds_predictions", "Scores made", ["service", "model_version", "arm", "indicator"]
        )
        self.feedback = self._counter(
            "cds_feedback",
            "Answers of clinicians to cards, as clients sent them",
            ["service", "outcome"],
        )
        self.outcomes = self._gauge(
            "cds_outcomes", "Stays scored, by what then happened", ["model_version", "outcome"]
        )
        self.matured = self._gauge(
            "cds_model_matured_n", "Stays scored whose outcome is known", ["model_version"]
        )
        self.performance = {
            measure: self._bounds(f"cds_model_{name}")
            for measure, name in PERFORMANCE_NAMES.items()
        }

    def observe_request(self, service: str, status: int, seconds: float) -> None:
        """Count one answered call and the time it took."""
        self.request_seconds.labels(service, str(status)).observe(seconds)

    def observe_parts(self, seconds: dict[str, float]) -> None:
        """Count the time each part of a call took, seconds by part."""
        for part, taken in seconds.items():
            self.part_seconds.labels(part).observe(taken)

    def refresh_performance(self, report: Report) -> None:
        """Show what `report` says; versions and figures it no longer holds disappear."""
        for gauge in (self.outcomes, self.matured, *sum(self.performance.values(), ())):
            gauge.clear()
        for version in report.versions:
            self._show(version)

    def exposition(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self.registry)

    def _show(self, version: VersionReport) -> None:
        self.matured.labels(version.model_version).set(version.matured)
        for outcome, count in version.outcomes.items():
            self.outcomes.labels(version.model_version, outcome).set(count)
        for measure, estimate in version.measures.items():
            if estimate is None:
                continue
            figures = (estimate.value, estimate.low, estimate.high)
            for gauge, figure in zip(self.performance[measure], figures, strict=True):
                gauge.labels(version.model_version).set(figure)

    def _bounds(self, name: str) -> tuple[Gauge, Gauge, Gauge]:
        return (
            self._gauge(name, "Estimate on matured stays", ["model_version"]),
            self._gauge(f"{name}_lcb95", "Lower 95 % bound", ["model_version"]),
            self._gauge(f"{name}_ucb95", "Upper 95 % bound", ["model_version"]),
        )

    def _counter(self, name: str, text: str, labels: list[str]) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, labels: list[str]) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)
