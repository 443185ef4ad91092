"""Serving stays light: neither Spark nor the training stack is loaded by it."""

import subprocess
import sys

HEAVY = ("pyspark", "tensorflow", "keras", "lightgbm", "sklearn", "transformers")


def test_a_fresh_process_that_serves_hooks_has_loaded_nothing_heavy() -> None:
    program = (
        "import sys, cds_hooks.routes, monitoring.performance, monitoring.outcomes;"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
