"""The summary of a demonstration: one screen for a person, the same as JSON for a program."""

import json
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from homeward.demo.run import DemoResult

NAMES = {
    "network": "Homeward",
    "lightgbm": "LightGBM",
    "logistic_regression": "logistic regression",
    "lace": "LACE",
    "base_rate": "base rate",
}


def summary(result: DemoResult) -> dict[str, Any]:
    """Counts in, stored, rejected; AUROC of ours and of each baseline; latency; outcomes."""
    models = metrics_of(result.artefact)["models"]
    return {
        "source": result.source.said,
        "resources": _resources(result),
        "patients": result.manifest["counts"]["patients"],
        "index_discharges": result.manifest["counts"]["labels"],
        "excluded": result.manifest["excluded"],
        "auroc": {name: models[name]["auroc"] for name in NAMES if name in models},
        "model_version": result.version,
        "hooks": _latency(result),
        "outcomes": result.linked,
        "monitoring": result.performance,
        "seconds": result.seconds,
    }


def metrics_of(artefact: Path) -> dict[str, Any]:
    """Everything training measured."""
    return dict(json.loads((artefact / "metrics.json").read_text("utf-8")))


def _resources(result: DemoResult) -> dict[str, int]:
    totals = [result.ingested["total"]] + ([result.later["total"]] if result.later else [])
    return {
        name: sum(total[name] for total in totals)
        for name in ("read", "stored", "unchanged", "rejected")
    }


def _latency(result: DemoResult) -> dict[str, float]:
    milliseconds = [1000 * each.seconds for each in result.answered]
    p95 = quantiles(milliseconds, n=20)[-1] if len(milliseconds) > 1 else milliseconds[0]
    return {
        "calls": len(milliseconds),
        "p50_ms": round(median(milliseconds), 1),
        "p95_ms": round(p95, 1),
    }


def screen(told: dict[str, Any], folder: Path) -> str:
    """The summary as one screen of text."""
    resources, hooks, outcomes = told["resources"], told["hooks"], told["outcomes"]
    events = ", ".join(f"{count} {event}" for event, count in sorted(outcomes["events"].items()))
    stages = ", ".join(f"{name} {seconds:.0f}" for name, seconds in told["seconds"].items())
    lines = [
        told["source"],
        "",
        f"Resources   {_sum_of(resources)}",
        f"Patients    {told['patients']:,}, with {told['index_discharges']:,} index discharges",
        "AUROC       on patients held out, 95 % interval",
        *(f"{'':12}{NAMES[name]:20} {_interval(each)}" for name, each in told["auroc"].items()),
        f"Hooks       {hooks['calls']} calls, p50 {hooks['p50_ms']} ms, p95 {hooks['p95_ms']} ms",
        f"Outcomes    {outcomes['linked']} linked, {outcomes['matured']} matured: {events}",
        f"Time        {sum(told['seconds'].values()):.0f} s: {stages}",
        "",
        f"Report      {folder / 'demo-report.html'}",
        f"Figures     {folder / 'summary.json'}",
    ]
    return "\n".join(lines)


def _sum_of(counts: dict[str, int]) -> str:
    parts = " + ".join(f"{counts[name]:,} {name}" for name in ("stored", "unchanged", "rejected"))
    return f"{counts['read']:,} read = {parts}"


def _interval(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}]"
