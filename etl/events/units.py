"""One unit for each laboratory test, so that 7.1 mmol/L and 128 mg/dL are the same glucose.

UCUM codes, https://ucum.org/ucum. The table names the tests the features read; a value in a unit
that the table does not know stays as it is, with its own unit beside it.
Factors of amount to mass are 1 / molar mass; HbA1c follows the NGSP master equation,
https://ngsp.org/ifcc.asp.
"""

from functools import lru_cache

Conversion = tuple[str, dict[str, tuple[float, float]]]  # to unit; from unit: factor, offset

SAME = (1.0, 0.0)
COUNT = {"10*3/uL": SAME, "10*9/L": SAME, "K/uL": SAME, "/uL": (0.001, 0.0)}
COUNT |= {"10^3/uL": SAME, "10^9/L": SAME, "10*3/mm3": SAME, "{cells}/uL": (0.001, 0.0)}
ELECTROLYTE: Conversion = ("mmol/L", {"mmol/L": SAME, "meq/L": SAME, "mEq/L": SAME})
GLUCOSE: Conversion = ("mg/dL", {"mg/dL": SAME, "mmol/L": (18.016, 0.0)})
MASS: Conversion = ("g/dL", {"g/dL": SAME, "g/L": (0.1, 0.0)})
NATRIURETIC: Conversion = ("pg/mL", {"pg/mL": SAME, "ng/L": SAME, "pmol/L": (3.457, 0.0)})
PRO_BNP: Conversion = ("pg/mL", {"pg/mL": SAME, "ng/L": SAME, "pmol/L": (8.457, 0.0)})
PRESSURE: Conversion = ("mm[Hg]", {"mm[Hg]": SAME, "mmHg": SAME, "kPa": (7.50062, 0.0)})

CONVERSIONS: dict[str, Conversion] = {
    "718-7": ("g/dL", {"g/dL": SAME, "g/L": (0.1, 0.0), "mmol/L": (1.6114, 0.0)}),
    "2951-2": ELECTROLYTE,
    "2823-3": ELECTROLYTE,
    "2160-0": ("mg/dL", {"mg/dL": SAME, "umol/L": (1 / 88.42, 0.0)}),
    "3094-0": ("mg/dL", {"mg/dL": SAME, "mmol/L": (2.801, 0.0)}),
    "1751-7": MASS,
    "6690-2": ("10*3/uL", COUNT),
    "2345-7": GLUCOSE,
    "2339-0": GLUCOSE,
    "4548-4": ("%", {"%": SAME, "mmol/mol": (0.09148, 2.152)}),
    "2524-7": ("mmol/L", {"mmol/L": SAME, "mg/dL": (1 / 9.008, 0.0)}),
    "30934-4": NATRIURETIC,
    "42637-9": NATRIURETIC,
    "33762-6": PRO_BNP,
    "8310-5": ("Cel", {"Cel": SAME, "[degF]": (5 / 9, -160 / 9)}),
    "8480-6": PRESSURE,
    "8462-4": PRESSURE,
    "29463-7": ("kg", {"kg": SAME, "g": (0.001, 0.0), "[lb_av]": (0.45359237, 0.0)}),
    "8302-2": ("cm", {"cm": SAME, "m": (100.0, 0.0), "[in_i]": (2.54, 0.0)}),
}
LOINC = "http://loinc.org//"


@lru_cache(maxsize=4096)
def conversion(pair: str, unit: str | None) -> tuple[float, float, str | None]:
    """Factor, offset and new unit for a value of the test `system//code`.

    >>> conversion("http://loinc.org//718-7", "g/L")
    (0.1, 0.0, 'g/dL')
    """
    known = CONVERSIONS.get(pair.removeprefix(LOINC)) if pair.startswith(LOINC) else None
    if known is None or unit not in known[1]:
        return 1.0, 0.0, unit
    factor, offset = known[1][unit]
    return factor, offset, known[0]


def converted(pair: str, value: float, unit: str | None) -> tuple[float, str | None]:
    """The value in the one unit of its test, and that unit; untouched where none is known."""
    factor, offset, to_unit = conversion(pair, unit)
    return (value, to_unit) if (factor, offset) == SAME else (value * factor + offset, to_unit)
