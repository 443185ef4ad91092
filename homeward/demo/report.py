"""`demo-report.html`: one page with the card, the pictures and the figures; nothing is loaded."""

import html
from pathlib import Path
from typing import Any

import numpy as np

from homeward.demo.card_view import card_html
from homeward.demo.pictures import RiskPoint, Scored, calibration, roc, timeline
from homeward.demo.run import DemoResult
from homeward.demo.summary import NAMES, metrics_of

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1b2733;max-width:1040px;margin:2rem auto;
padding:0 1rem} h1{font-size:1.6rem} h2{font-size:1.2rem;margin-top:2rem}
.row{display:flex;flex-wrap:wrap;gap:1rem} .row svg{max-width:100%;height:auto}
table{border-collapse:collapse} td,th{padding:.25rem .8rem .25rem 0;text-align:left;
border-bottom:1px solid #e1e6eb} pre{background:#f5f7f9;padding:1rem;overflow-x:auto}
.card{border:1px solid #d5dce3;border-left:6px solid;border-radius:6px;padding:.5rem 1.2rem;
max-width:44rem} .card button{margin:.2rem .4rem .2rem 0;padding:.4rem .8rem}
.source,.said{color:#5b6773}
"""


def write_report(
    result: DemoResult, told: dict[str, Any], points: list[RiskPoint], path: Path
) -> None:
    """Write the page.

    Args:
        result: Everything the demonstration found.
        told: Its summary.
        points: The risk over time of the patient whose card is shown.
        path: Where to write.
    """
    answers = np.load(result.artefact / "test_answers.npz")
    labels = [bool(label) for label in answers["labels"]]
    scored = {NAMES[name]: Scored(list(answers[name]), labels) for name in NAMES if name in answers}
    base_rate = metrics_of(result.artefact)["parts"]["train"]
    pictures = [
        roc(scored),
        calibration(scored[NAMES["network"]]),
        timeline(points, base_rate["events"] / base_rate["rows"]),
    ]
    parts = [
        "<h1>Homeward: the demonstration</h1>",
        f"<p class='said'>{html.escape(result.source.said)}</p>",
        "<h2>The card</h2>",
        card_html(shown_card(result).card),
        "<h2>How good is it?</h2>",
        f"<div class='row'>{''.join(pictures)}</div>",
        _table(told["auroc"]),
        "<h2>What happened then</h2>",
        f"<pre>{html.escape(result.monitoring)}</pre>",
        "<h2>Where everything went</h2>",
        _counts(told),
    ]
    path.write_text(
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Homeward: demonstration"
        f"</title><style>{STYLE}</style><body>{''.join(parts)}</body></html>"
    )


def shown_card(result: DemoResult) -> Any:
    """The call with the highest risk: the card worth showing."""
    return max(result.answered, key=lambda each: each.probability)


def _table(aurocs: dict[str, dict[str, float]]) -> str:
    rows = "".join(
        f"<tr><td>{NAMES[name]}</td><td>{each['value']:.3f}</td>"
        f"<td>{each['low']:.3f} to {each['high']:.3f}</td></tr>"
        for name, each in aurocs.items()
    )
    head = "<tr><th>model</th><th>AUROC</th><th>95 % interval</th></tr>"
    return f"<table>{head}{rows}</table>"


def _counts(told: dict[str, Any]) -> str:
    resources = "".join(
        f"<tr><td>resources {name}</td><td>{count:,}</td></tr>"
        for name, count in told["resources"].items()
    )
    excluded = "".join(
        f"<tr><td>excluded: {html.escape(name.replace('_', ' '))}</td><td>{count:,}</td></tr>"
        for name, count in sorted(told["excluded"].items())
    )
    return (
        f"<table>{resources}<tr><td>patients</td><td>{told['patients']:,}</td></tr>"
        f"<tr><td>index discharges</td><td>{told['index_discharges']:,}</td></tr>{excluded}</table>"
    )
