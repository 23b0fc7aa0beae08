"""Numbers with their units: 60 kW and 60kW, 12 Nm and 12 N·m, 45 °C and 45℃, 24 V, 24 volts and 24伏 are one each."""

import re
from collections.abc import Sequence
from functools import lru_cache

# Whoever types does not mind capitals, but of single letters only these mean a unit. Ω is "ohm" by now.
_LETTERS = frozenset("VvAWwNJKCFLlmsgh")
_UNITS = frozenset(
    re.findall(
        r"\S+",
        # power and work, electricity, frequency
        "mw uw kw gw va kva mva wh kwh mwh ah mah kj mj mv uv kv ma ua ka vac vdc ohm kohm mohm uf nf pf mf mh uh"
        " hz khz mhz ghz db dbm"
        # pressure, force, torque
        " pa kpa mpa hpa bar mbar psi torr mtorr kn mn nm knm mnm ncm"
        # length, volume, mass, time, turning
        " mm cm dm km um inch ft m2 m3 cm3 mm2 ml kg mg lb ms us ns min sec hr rpm rad"
        # data
        " kb mb gb tb kib mib gib tib kbps mbps gbps"
        # one per the other
        " l/min ml/min m3/h m3/min mm/s m/s m/min km/h kg/h g/min r/min l/h mm/min",
    )
)
DOTS = "·\u22c5\u2219"
"""Signs of multiplication between units."""
DASHES = "-\u2010\u2013\u2014\u2212~\u301c\u223c"
"""What stands between the ends of a range, as a regular expression's set."""
_UNWRITTEN = re.compile(f"[{DOTS}° ]")
_GLUED = re.compile(rf"(?P<number>\d+(?:[.,]\d+)*)[-_ {DOTS}\u2010\u2013\u2212]?(?P<unit>[^\W\d_].*)")
_RANGE = re.compile(r"(?P<number>\d+(?:,\d+)?[-\u2013\u2212]\d+(?:,\d+)?)(?P<unit>[^\W\d_].+)")


@lru_cache(maxsize=10_000)
def unit_of(word: str) -> str:
    """The term of a unit, as written or without signs between its letters; "" for any other word."""
    if len(word) > 8:
        return ""
    bare = _UNWRITTEN.sub("", word)
    if len(bare) > 1:
        bare = bare.casefold()
        return bare.replace("/", "") if bare in _UNITS else ""
    return bare.casefold() if bare in _LETTERS else ""


def glued(word: str) -> tuple[str, str] | None:
    """Number and unit of a word such as 0.5mbar or 20-25mm, as written."""
    found = _GLUED.fullmatch(word) or _RANGE.fullmatch(word)
    return (found["number"], found["unit"]) if found and unit_of(found["unit"]) else None


_CHINESE = {
    **{
        "千瓦": "kw",
        "瓦": "w",
        "千伏": "kv",
        "毫伏": "mv",
        "伏": "v",
        "毫安": "ma",
        "安": "a",
        "千欧": "kohm",
    },
    **{"兆欧": "mohm", "欧": "ohm", "牛米": "nm", "毫米": "mm", "微米": "um", "厘米": "cm", "米": "m"},
    **{"毫巴": "mbar", "巴": "bar", "千帕": "kpa", "兆帕": "mpa", "帕": "pa", "摄氏度": "c", "赫兹": "hz"},
    **{
        "千赫": "khz",
        "毫秒": "ms",
        "秒": "s",
        "分钟": "min",
        "小时": "h",
        "千克": "kg",
        "公斤": "kg",
        "微法": "uf",
        "克": "g",
        "升": "l",
    },
}
_LONGEST_CHINESE = max(map(len, _CHINESE))
_IN_CHINESE = {unit: [name for name, same in _CHINESE.items() if same == unit] for unit in _CHINESE.values()}


_ENGLISH = {
    name: unit
    for unit, names in {
        **{
            "v": "volt",
            "mv": "millivolt",
            "kv": "kilovolt",
            "a": "amp ampere",
            "ma": "milliamp",
            "w": "watt",
        },
        **{"kw": "kilowatt", "hz": "hertz", "khz": "kilohertz", "pa": "pascal", "s": "second"},
        **{
            "ms": "millisecond",
            "min": "minute",
            "h": "hour",
            "g": "gram",
            "kg": "kilogram",
            "l": "litre liter",
        },
        **{"m": "metre meter", "mm": "millimetre millimeter", "cm": "centimetre centimeter"},
        "um": "micrometre micrometer micron",
    }.items()
    for name in names.split()
}
_IN_ENGLISH = {unit: [name for name, same in _ENGLISH.items() if same == unit] for unit in _ENGLISH.values()}


def english_unit(word: str) -> str:
    """The term of the unit that a word is the name of; "" if of none."""
    name = word.casefold()
    return _ENGLISH.get(name) or _ENGLISH.get(name.removesuffix("s"), "")


def in_english(unit: str) -> Sequence[str]:
    """The English names of a unit's term, each of one."""
    return _IN_ENGLISH.get(unit, ())


def chinese_unit(run: str) -> tuple[str, str]:
    """(name, term) of the unit that a run of Chinese begins with; one character is one only if there are no more."""
    for size in range(min(_LONGEST_CHINESE, len(run)), 0, -1):
        name = run[:size]
        if name in _CHINESE and (size > 1 or len(run) == 1):
            return name, _CHINESE[name]
    return "", ""


def leading_unit(run: str) -> str:
    """The term of the unit of one character that a longer run may begin with (伏电源); "" if none does."""
    return _CHINESE.get(run[:1], "") if len(run) > 1 else ""


def in_chinese(unit: str) -> Sequence[str]:
    """The Chinese names of a unit's term."""
    return _IN_CHINESE.get(unit, ())
