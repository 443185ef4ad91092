"""Serving loads no training stack: told by a fresh process."""

import subprocess
import sys
from pathlib import Path

HEAVY = ("keras", "tensorflow", "jax", "pyspark", "lightgbm", "sklearn", "transformers")
PROGRAM = """
import sys
{imports}
print(",".join(name for name in {heavy} if name in sys.modules))
"""


def loaded_by(imports: str) -> str:
    """Which of the heavy libraries a fresh process has after the imports."""
    program = PROGRAM.format(imports=imports, heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_predictor_and_the_note_encoder_load_no_training_stack() -> None:
    assert loaded_by("import model.predictor, model.runtime.encoder") == ""


def test_registry_and_score_load_no_training_stack() -> None:
    assert loaded_by("import model.registry, model.score") == ""


def test_scoring_a_patient_loads_no_training_stack(trained: Path) -> None:
    program = (
        "from pathlib import Path\n"
        "from tests.support.features import empty_row\n"
        "from model.predictor import Predictor\n"
        f"Predictor.load(Path({str(trained)!r})).score(empty_row())"
    )

    assert loaded_by(program) == ""
