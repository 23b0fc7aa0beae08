"""Bytes of an uploaded file to rows with line numbers; whatever cannot be read is said in a sentence."""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 20_000
DELIMITERS = ",;\t"
# A spreadsheet takes a text that starts so for a formula; with an apostrophe before it, it stays text.
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True)
class Problem:
    """What is wrong where: `line` counts from 1 in the file, None where the whole file is meant."""

    line: int | None
    field: str
    reason: str


class UnreadableFile(Exception):
    """The file as a whole cannot be taken; `problems` say why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.reason for problem in problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class Row:
    """One record of the file: the line it starts on and its cells by column, without outer spaces."""

    line: int
    cells: dict[str, str]


def _refuse(reason: str, line: int | None = None, field: str = "") -> UnreadableFile:
    return UnreadableFile(Problem(line, field, reason))


def decode(data: bytes) -> str:
    """The text of a UTF-8 file, with or without byte order mark. Raises UnreadableFile saying what to do."""
    if len(data) > MAX_BYTES:
        raise _refuse(
            _("The file is larger than %(limit)d MB. Split it.") % {"limit": MAX_BYTES // 1024 // 1024}
        )
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise _refuse(_("This is an Excel workbook. In Excel, save it as “CSV UTF-8” and choose that file."))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refuse(
            _("The file is UTF-16, not UTF-8. In Excel, save it as “CSV UTF-8”, not as Unicode text.")
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refuse(
            _("The file is not UTF-8 (Excel's plain “CSV” is often GB18030). Save it as “CSV UTF-8”."), line
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _refuse(_("The file contains a NUL character, which no text may hold."), line)
    if not text.strip():
        raise _refuse(_("The file is empty."))
    return text


def _delimiter(text: str) -> str:
    """The delimiter of the header row; spreadsheets of some countries write semicolons."""
    header = text.lstrip("\r\n").split("\n", 1)[0]
    return max(DELIMITERS, key=header.count)


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Records that hold anything, with the line each starts on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        if "field limit" in str(error):
            raise _refuse(
                _(
                    "A cell of this row is longer than %(limit)d characters. "
                    "If none is meant to be, its closing quotation mark is missing."
                )
                % {"limit": csv.field_size_limit()},
                start,
            ) from None
        raise _refuse(
            _("From this line on the file cannot be read: a quotation mark is missing or out of place."),
            start,
        ) from None


def _check_header(names: Sequence[str], known: Collection[str], required: Collection[str]) -> None:
    problems = [
        Problem(1, name, _("There is no column of this name. The columns are: %s.") % ", ".join(known))
        if name
        else Problem(1, "", _("A column has no name."))
        for name in names
        if name not in known
    ]
    problems += [
        Problem(1, name, _("The column stands in the file twice."))
        for name in dict.fromkeys(names)
        if name in known and names.count(name) > 1
    ]
    problems += [Problem(1, name, _("The column is missing.")) for name in required if name not in names]
    if problems:
        raise UnreadableFile(*problems)


def read_rows(
    data: bytes, *, known: Collection[str], required: Collection[str]
) -> tuple[list[Row], list[Problem]]:
    """The rows of a CSV file and the lines that are no row. Raises UnreadableFile for a file not to be taken.

    The first row names the columns; those in `required` must be there and no others than `known` may.
    """
    records = _records(decode(data))
    header = next(records, None)
    if header is None:
        raise _refuse(_("The file is empty."))
    names = [name.strip().lower() for name in header[1]]
    while names and not names[-1]:
        names.pop()
    _check_header(names, known, required)
    rows: list[Row] = []
    problems: list[Problem] = []
    for line, cells in records:
        if len(rows) >= MAX_ROWS:
            raise _refuse(_("The file has more than %(limit)d rows. Split it.") % {"limit": MAX_ROWS}, line)
        while len(cells) > len(names) and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(names):
            problems.append(
                Problem(
                    line,
                    "",
                    _("This row has %(found)d cells; there are %(expected)d columns.")
                    % {"found": len(cells), "expected": len(names)},
                )
            )
            continue
        rows.append(
            Row(line, {name: unguarded(cell.strip()) for name, cell in zip(names, cells, strict=True)})
        )
    if not rows and not problems:
        raise _refuse(_("The file has no rows below its header."))
    return rows, problems


def guarded(text: str) -> str:
    """The text as a spreadsheet should get it, never to be taken for a formula."""
    return f"'{text}" if text.startswith(_GUARDED) else text


def unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_GUARDED) else text


def write_rows(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A CSV file with a byte order mark, by which Excel knows that it is UTF-8."""
    out = io.StringIO(newline="")
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue()
