"""A question as it is meant: what people write in one go, or as a number is spoken, taken apart."""

import re

from search.analysis import unit_at
from search.units import DASHES

LEAST_DIGITS = 3
"""Of the number of a code that is named by it alone."""
# Beside a number, these say that it is a code's: "error 1042", 报1042.
FAULT_WORDS = frozenset(
    re.findall(r"\w+", "alarm alarms alm code codes er err error errors fault faults flt trip warn warning")
)

_RANGE = re.compile(rf"(?<![\w.,])(\d+(?:[.,]\d+)?) ?[{DASHES}] ?(\d+(?:[.,]\d+)?)")
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])(\d+),(\d{1,2})(?![\d.,])")
_FAULT_NUMBER = re.compile(
    rf"(?<![a-z])({'|'.join(sorted(FAULT_WORDS))})[-_.]?(\d{{{LEAST_DIGITS},}})(?![a-z\d])", re.IGNORECASE
)
# RP-0112/RY-0031: two, each with letters and digits.
_SLASHED = re.compile(r"(?<![^\W_])([A-Za-z]{1,5}[-_.]?\d[\w.-]*)/(?=[A-Za-z]{1,5}[-_.]?\d{2})")
# open/closed, in no address: the words of any of them. N/A, I/O and AC/DC are words themselves.
_SLASHED_WORDS = re.compile(r"(?<![A-Za-z\d_./:-])[A-Za-z]{3,}(?:/[A-Za-z]{3,})+(?![A-Za-z\d_/-]|\.\w)")


def as_meant(normalised: str) -> str:
    """1,2 Nm as 1.2 Nm, which in a document may be two numbers and in a question hardly is; 44 ~ 50 Ω as 44-50 Ω;
    alarm1010 and ALM-1010 as alarm 1010; RP-0112/RY-0031 as two, open/closed as two words.
    """
    normalised = _RANGE.sub(
        lambda found: f"{found[1]}-{found[2]}" if unit_at(normalised, found.end()) else found[0], normalised
    )
    if "," in normalised:
        normalised = _DECIMAL_COMMA.sub(
            lambda found: f"{found[1]}.{found[2]}" if unit_at(normalised, found.end()) else found[0],
            normalised,
        )
    if "/" in normalised:
        normalised = _SLASHED_WORDS.sub(lambda found: found[0].replace("/", " / "), normalised)
    return _FAULT_NUMBER.sub(r"\1 \2", _SLASHED.sub(r"\1 / ", normalised))
