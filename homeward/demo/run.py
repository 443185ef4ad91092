"""The demonstration from end to end: each step is the command a site would type.

simulate ─ ingest ─ notes fit ─ features ─ train ─ promote ─ serve ─ hooks ─ outcomes ─ report
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from homeward.commands import features, ingest, models, monitor, notes, train
from homeward.demo.calls import Answered, call_all
from homeward.demo.own_files import own_source
from homeward.demo.server import serving
from homeward.demo.source import UNTIL, Source, simulated, simulated_source
from homeward.demo.stages import Stages
from homeward.errors import CannotStart
from homeward.house import House, open_house
from homeward.progress import say

SITE = "demo"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the demonstration may be told.

    Attributes:
        out: Folder of everything it makes.
        data: Your own FHIR files; None simulates a hospital.
        patients: Of the simulated hospital.
        seed: Of the simulated hospital.
        note_minutes: Time for the note encoder.
        epochs: Of training, at most.
    """

    out: Path
    data: Path | None = None
    patients: int = 2000
    seed: int = 1
    note_minutes: float = 1.5
    epochs: int = 8


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Everything the summary and the report are made of.

    Attributes:
        source: Whose patients they are.
        ingested: Report of the first ingest.
        later: Report of what was fed in afterwards; None when there was nothing.
        manifest: Of the first snapshot.
        artefact: Directory of the model.
        version: Of the model.
        answered: Every hook call.
        linked: What linking outcomes found.
        performance: The monitoring report.
        monitoring: The same as text.
        seconds: Of each stage.
    """

    source: Source
    ingested: dict[str, Any]
    later: dict[str, Any] | None
    manifest: dict[str, Any]
    artefact: Path
    version: str
    answered: list[Answered]
    linked: dict[str, Any]
    performance: dict[str, Any]
    monitoring: str
    seconds: dict[str, float]


def run_demo(options: DemoOptions) -> DemoResult:
    """Do all of it; a run that was cut off is taken up where it stopped."""
    options.out.mkdir(parents=True, exist_ok=True)
    start = {"data": str(options.data), "patients": options.patients, "seed": options.seed}
    stages = Stages(options.out / "stages", start)
    source = find_source(options, stages)
    with demo_house(options, source.until) as house:
        ingested = stages.run("ingest", "Ingesting and de-identifying", lambda: read(house, source))
        stages.run("notes", "Fitting a note encoder", lambda: learn_notes(house, options))
        manifest = stages.run("features", "Features by Spark", lambda: compute(house))
        learned = stages.run("train", "Training", lambda: learn(house, options))
        if learned is None:
            source, manifest, learned = learn_with_more(house, options, source, stages)
        version, artefact = learned
        models.move(house, version, reason="demonstration")
        answered = ask(house, options, source, stages)
    return finish(options, source, stages, (ingested, manifest, version, Path(artefact), answered))


def find_source(options: DemoOptions, stages: Stages) -> Source:
    """Whose patients the demonstration is about."""
    if options.data is not None:
        with demo_house(options, "now") as house:
            return own_source(options.data, house.settings.inpatient_classes)
    return simulate_hospital(options, stages, UNTIL)


def simulate_hospital(options: DemoOptions, stages: Stages, until: date) -> Source:
    """A hospital whose history ends on that day."""
    folder = options.out / "hospital"
    work = lambda: simulated(folder, options.patients, options.seed, until)  # noqa: E731
    stages.run("simulate", f"Simulating {options.patients} patients", work)
    return simulated_source(folder)


def learn_with_more(
    house: House, options: DemoOptions, source: Source, stages: Stages
) -> tuple[Source, dict[str, Any], tuple[str, str]]:
    """Join your patients with simulated ones, so that there are enough to learn from.

    Only your discharges are asked about, and the reader is told where the learning comes from.
    """
    say("Too few labelled discharges to learn from; simulated patients join them")
    hospital = simulate_hospital(options, stages, source.until)
    stages.run("ingest-more", "Ingesting the simulated patients", lambda: read(house, hospital))
    manifest = stages.run("features-more", "Features by Spark", lambda: compute(house))
    learned = stages.run("train-more", "Training", lambda: learn(house, options))
    if learned is None:
        raise CannotStart("There are too few discharges to learn from, simulated ones included.")
    said = (
        f"Your own files. They hold too few labelled discharges, so {options.patients} simulated "
        "patients joined them and the model learned mostly from those: its figures say nothing "
        "about your patients."
    )
    return replace(source, said=said), manifest, learned


@contextmanager
def demo_house(options: DemoOptions, until: Any) -> Iterator[House]:
    """The demonstration's own home and site; every other setting is yours."""
    given = {"home": home_of(options), "site": SITE, "notes": "scrub", "observed_until": until}
    with open_house(**given) as house:
        yield house


def home_of(options: DemoOptions) -> Path:
    """A home for the simulated hospital, and one for each folder of your own files."""
    if options.data is None:
        return options.out / "home"
    digest = hashlib.sha256(str(options.data.resolve()).encode()).hexdigest()
    return options.out / f"home-{digest[:8]}"


def read(house: House, source: Source) -> dict[str, Any]:
    """Ingest the history."""
    return ingest.run(house, source.history).as_dict()


def learn_notes(house: House, options: DemoOptions) -> str | None:
    """Fit a note encoder, where there are notes enough for one."""
    from model.errors import ModelError

    try:
        return str(notes.run(house, minutes=options.note_minutes, seed=options.seed))
    except (CannotStart, ModelError) as error:
        say(f"No note encoder: {error}")
        return None


def compute(house: House) -> dict[str, Any]:
    """A snapshot from scratch."""
    manifest = asdict(features.run(house, full=True))
    return {**manifest, "created_at": manifest["created_at"].isoformat()}


def learn(house: House, options: DemoOptions) -> tuple[str, str] | None:
    """Train and register: version and directory; None where there is too little to learn from."""
    from homeward.encoder import encoder_folder
    from model.errors import TooFewRows
    from model.options import TrainOptions

    found = TrainOptions(
        seed=options.seed,
        epochs=options.epochs,
        note_encoder=encoder_folder(house, None),
        threads=os.cpu_count() or 1,
    )
    try:
        version, artefact = train.run(house, found)
    except TooFewRows:
        return None
    return version, str(artefact)


def ask(house: House, options: DemoOptions, source: Source, stages: Stages) -> list[Answered]:
    """Serve, and ask about every discharge over HTTP."""
    say(f"Serving, and asking about {len(source.calls)} discharges over HTTP …")
    environment = {
        "HOMEWARD_HOME": str(home_of(options).resolve()),
        "HOMEWARD_SITE": SITE,
        "HOMEWARD_NOTES": "scrub",
    }
    with serving(environment, options.out / "server.log") as address:
        answered = call_all(house, address, source.calls)
    stages.seconds["hooks"] = round(sum(each.seconds for each in answered), 1)
    return answered


def finish(
    options: DemoOptions, source: Source, stages: Stages, so_far: tuple[Any, ...]
) -> DemoResult:
    """Feed in what happened later, link the outcomes and report."""
    from monitoring.rendering import as_json, as_text

    ingested, manifest, version, artefact, answered = so_far
    with demo_house(options, source.later_until) as house:
        later = None
        if source.later:
            title = "Feeding in what happened later"
            later = stages.run("later", title, lambda: ingest.run(house, source.later).as_dict())
            stages.run("catch-up", "Features of what is new", lambda: catch_up(house))
        linked, report = monitor.run(house)
    return DemoResult(
        source, ingested, later, manifest, artefact, version, answered,
        asdict(linked), json.loads(as_json(report)), as_text(report), stages.seconds,
    )  # fmt: skip


def catch_up(house: House) -> dict[str, int]:
    """An incremental features run: its counts."""
    return dict(features.run(house).counts)
