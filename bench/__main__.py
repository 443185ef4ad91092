"""Every benchmark at a modest size: `python -m bench` (about ten minutes on two cores).

Ingestion, the FHIR API, features and hooks on a simulated hospital. The readmission benchmark
needs a file of real stays and is run by itself: `python -m bench.uci --help`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from bench import features, fhir, hooks, ingest


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/bench"), help="where to work")
    parser.add_argument("--patients", type=int, default=400, help="size of the simulated hospital")
    parser.add_argument("--json", type=Path, help="folder for one JSON file of each benchmark")
    options = parser.parse_args(arguments)
    parts = {"ingest": ingest, "fhir": fhir, "features": features, "hooks": hooks}
    for name, benchmark in parts.items():
        call = ["--out", str(options.out), "--patients", str(options.patients)]
        call += ["--json", str(options.json / f"{name}.json")] if options.json else []
        benchmark.main(call)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
