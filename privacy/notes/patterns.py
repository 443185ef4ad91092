"""Numbers and addresses in running text that identify by their shape or by the word before them.

Each pattern is bounded: no repetition inside a repetition, no open-ended look-around, so that the time
is linear in the length of the note. A test runs each on 100 KB of what it likes least.
"""

import re
from collections.abc import Iterator

STREET = (
    r"(?:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|circle|cir|way|place"
    r"|pl|terrace|ter|parkway|pkwy|highway|hwy|trail|trl|square|sq|row|loop|alley|plaza|pike|path|run"
    r"|crossing|heights|hts|ridge|gardens?|expressway|turnpike|freeway|causeway|bridge|tunnel|crescent"
    r"|station|stravenue|viaduct|meadows?|extension|forge|fork|prairie|ports?|walls?|mews|manor|trace"
    r"|parkways?|fields?|views?|villages?|valleys?|groves?|points?|landing|lights?|knolls?|hollow|glens?"
    r"|dale|forest|forts?|rapids?|stream|shores?|pines|oaks|mills?|islands?|junctions?|keys?|unions?"
    r"|circles|streets|ways|hills?|hwy|pass|motorway|throughway|underpass|overpass|bypass|route)"
)
STATE = (
    r"(?:A[LKZR]|C[AOT]|D[CE]|FL|GA|HI|I[DLNA]|K[SY]|LA|M[EDAINSOT]|N[EVHJMYCD]|O[HKR]|P[AR]|RI|S[CD]"
    r"|T[NX]|UT|V[TAI]|W[AVIY]|FM|PW|AS|GU|MP)"
)
STATE_NAME = (
    r"(?:Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii"
    r"|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan"
    r"|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|Hampshire|Jersey|Mexico|York|Carolina"
    r"|Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Island|Tennessee|Texas|Utah|Vermont|Virginia|Washington"
    r"|Wisconsin|Wyoming)"
)
ID_WORD = (
    r"(?:mrn|mr|medical record(?: (?:number|no))?|record(?: (?:number|no))?|chart(?: (?:number|no))?|account|acct"
    r"|fin|csn|har|encounter|visit|patient id|pt id|pid|member(?: id)?|subscriber(?: id)?|policy|group|claim"
    r"|auth(?:orization)?|prior auth(?:orization)?|case|accession|acc|specimen|order|ref(?:erence)?|rx|ssn"
    r"|social security(?: number)?|npi|dea|license|lic|driver'?s license|dl|passport|plate|license plate|vin"
    r"|serial(?: (?:number|no))?|sn|s/n|lot|device(?: id)?|udi|implant|model|pacemaker|insurance(?: id)?"
    r"|medicare|medicaid|mbi|hicn|id|unit no|badge|employee|study|confirmation|ticket|invoice)"
)
PATTERNS: list[tuple[str, re.Pattern[str]]] = [
    ("CONTACT", re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}\s?@\s?[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}")),
    ("CONTACT", re.compile(r"\b(?:https?://|www\.)[^\s<>\"')\],]{1,300}", re.IGNORECASE)),
    ("CONTACT", re.compile(r"\b[a-z0-9-]{2,40}(?:\.[a-z0-9-]{2,40}){0,3}\.(?:com|org|net|edu|gov|io|health)\b(?:/[^\s<>\"')\],]{0,200})?", re.IGNORECASE)),
    ("CONTACT", re.compile(r"(?<![\w])@[A-Za-z][A-Za-z0-9_.]{2,30}\b")),
    ("CONTACT", re.compile(r"(?<![\w.-])(?:\+?[0-9]{1,3}[\s.-]?)?(?:\([0-9]{3}\)\s?|[0-9]{3}[\s.-])[0-9]{3}[\s.-]?[0-9]{4}(?:\s?(?:x|ext\.?|extension)\s?x?[0-9]{1,6})?(?![\w])", re.IGNORECASE)),
    ("CONTACT", re.compile(r"(?<![\w.-])\+[0-9]{1,3}(?:[\s.-]?\(?[0-9]{1,4}\)?){2,6}(?![\w])")),
    ("CONTACT", re.compile(r"\b(?:phone|tel|telephone|cell|mobile|fax|pager|beeper|call|ext|extension|contact|home|work|at)(?:\s(?:number|no|is|at))?[.:#]{0,2}\s{0,2}(?P<v>[0-9]{3}[\s.-][0-9]{4}|[0-9]{10,11}|x?[0-9]{4,5}(?=\s?(?:\(|,|\.|;|$)))(?![\w/])", re.IGNORECASE)),
    ("CONTACT", re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w.])")),
    ("CONTACT", re.compile(r"\b(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\b")),
    ("ID", re.compile(r"(?<![\w-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![\w-])")),
    ("ID", re.compile(r"(?i:\b" + ID_WORD + r")(?i:\s?(?:number|num|no|id|code|#))?[.:#=\s(]{1,4}(?i:is\s|was\s|of\s)?[#:]?\s?(?P<v>(?=[A-Za-z-]{0,12}[0-9])[A-Za-z0-9]{1,24}(?:[-/.][A-Za-z0-9]{1,24}){0,5})(?![\w])")),
    ("ID", re.compile(r"#\s?(?P<v>(?=[A-Za-z-]{0,6}[0-9])[A-Za-z0-9-]{4,24})\b")),
    ("ID", re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")),
    ("ID", re.compile(r"(?<![\w.,/-])[0-9]{6,20}(?![\w/%]|[.,][0-9])")),
    ("ID", re.compile(r"(?<![\w/-])(?=[0-9-]{0,12}[A-Z])[A-Z0-9]{1,12}(?:-[A-Z0-9]{1,12}){0,4}(?<=[0-9]{4})(?![\w/])")),
    ("ID", re.compile(r"(?<![\w/-])(?:[A-Z]{1,5}[0-9]{3,12}[A-Z]{0,3}|[A-Z0-9]{3,6}-[A-Z0-9]{2,6}-[A-Z0-9]{2,6})(?![\w/-])")),
    ("GEO", re.compile(r"\b[0-9]{1,6}[A-Za-z]?\s(?:[NSEW]\.?\s|(?:North|South|East|West)\s)?(?:[A-Z][A-Za-z'.]{1,20}\s|[0-9]{1,3}(?:st|nd|rd|th)\s){1,4}(?i:" + STREET + r")\b\.?(?:,?\s{1,2}(?i:apt|apartment|suite|ste|unit|bldg|floor|fl|lot|#)\.?\s?#?[A-Za-z0-9-]{1,6})?")),
    ("GEO", re.compile(r"\b[0-9]{2,6}\s(?:[A-Z][A-Za-z'.]{1,20}\s){1,4}(?i:apt|apartment|suite|ste|unit)\.?\s#?[A-Za-z0-9-]{1,6}")),
    ("GEO", re.compile(r"(?<![\w.,/])(?:[0-9]{3,6}|0[0-9]{1,5})\s[A-Z][a-z']{1,20}\s(?:[A-Z][a-z']{1,20}\s){0,2}?[A-Z][a-z]{2,20}(?=,\s[A-Z]|\n)")),
    ("GEO", re.compile(r"\b(?i:p\.?\s?o\.?\s?box)\s[0-9]{1,8}\b")),
    ("GEO", re.compile(r"\b[A-Z][A-Za-z.'-]{1,20}(?:\s[A-Z][A-Za-z.'-]{1,20}){0,2},\s" + STATE + r"\b(?=[\s,.;?)]|$)")),
    ("GEO", re.compile(r"\b(?:" + STATE + "|" + STATE_NAME + r")[,.]?\s{1,2}(?P<v>[0-9]{5}(?:-[0-9]{4})?)\b")),
    ("GEO", re.compile(r"\b(?i:zip(?:\s?code)?)[:\s#]{1,3}(?P<v>[0-9]{5}(?:-[0-9]{4})?)\b")),
    ("AGE90", re.compile(r"\b(?P<v>9[0-9]|1[01][0-9])(?=[\s-]{0,2}(?i:y/?\.?o\b|years?[\s-]old|year[\s-]old|yrs?[\s.-]old|yrs?\b|y\.o\.|years of age))")),
    ("AGE90", re.compile(r"\b(?i:age|aged)[:\s]{1,3}(?:of\s)?(?P<v>9[0-9]|1[01][0-9])(?![0-9./%])")),
    ("AGE90", re.compile(r"\b(?i:(?:ninety|hundred)(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?)(?=[\s-](?i:years?))")),
]  # fmt: skip


def numbers_in(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and label of everything a pattern finds; overlaps are left to the caller.

    >>> [label for *_, label in numbers_in("MRN: 4711-08, call (617) 555-0100")]
    ['CONTACT', 'ID']
    """
    for label, pattern in PATTERNS:
        group: str | int = "v" if "v" in pattern.groupindex else 0
        for match in pattern.finditer(text):
            yield (*match.span(group), label)
