"""The CSV import: what it takes, what it refuses and why."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from procedures.admin import csv_reading
from procedures.admin.csv_columns import FILES, cell_text
from procedures.admin.csv_import import REASON, Plan, import_file, make_plan
from procedures.models import ErrorCode, Machine, Module, ProductLine, SoftwareRelease
from search.models import SearchDocument
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def line() -> ProductLine:
    return factories.product_line("LM")


def plan(model: str, text: str | bytes) -> Plan:
    data = text if isinstance(text, bytes) else text.encode()
    return make_plan(file=FILES[model], data=data)


def take(model: str, text: str) -> Plan:
    done = import_file(file=FILES[model], data=text.encode(), by=None)
    assert not done.problems
    return done


def reasons(model: str, text: str | bytes) -> list[tuple[int | None, str, str]]:
    return [(problem.line, problem.field, problem.reason) for problem in plan(model, text).problems]


def test_new_changed_and_same_rows_are_told_apart_and_recorded(line: ProductLine) -> None:
    factories.error_code(line, "E-1", meaning="Old")
    factories.error_code(line, "E-2", meaning="Same")
    by = factories.documentation_staff()
    text = "product_line,code,meaning,severity\nLM,E-1,New,critical\nLM,E-2,Same,warning\nLM,E-3,母线,info\n"
    done = import_file(file=FILES["errorcode"], data=text.encode("utf-8-sig"), by=by)
    assert (len(done.new), len(done.changed), done.same) == (1, 1, 1)
    changed = ErrorCode.objects.get(code="E-1")
    row = changed.history.first()
    assert (changed.meaning, changed.severity) == ("New", "critical")
    assert (row.history_type, row.history_user, row.history_change_reason) == ("~", by, REASON)
    assert ErrorCode.objects.get(code="E-3").history.get().history_change_reason == REASON
    assert SearchDocument.objects.filter(source="error_code", number="E-3").exists()


def test_a_column_left_out_stays_and_an_empty_cell_empties(line: ProductLine) -> None:
    factories.error_code(line, "E-1", meaning="M", meaning_zh="中", causes="C")
    take("errorcode", "product_line,code,meaning,causes\nLM,E-1,M,\n")
    code = ErrorCode.objects.get()
    assert (code.meaning_zh, code.causes) == ("中", "")


def test_a_tree_comes_in_whatever_the_order_of_its_rows(line: ProductLine) -> None:
    take("module", "product_line,code,parent,name\nLM,C,B,c\nLM,B,A,b\nLM,A,,a\n")
    assert Module.objects.get(code="C").parent.parent.code == "A"
    turned = "product_line,code,parent,name\nLM,A,B,a\nLM,B,,b\nLM,C,D,c\nLM,D,,d\n"
    take("module", turned)
    assert Module.objects.get(code="A").parent.code == "B"
    assert Module.objects.get(code="C").parent.code == "D"


@pytest.mark.parametrize("parents", [{"A": "A"}, {"A": "B", "B": "A"}, {"A": "B", "B": "C", "C": "A"}])
@pytest.mark.parametrize("known", [True, False])
def test_a_cycle_is_refused(line: ProductLine, parents: dict[str, str], known: bool) -> None:
    if known:
        for code in parents:
            factories.module(line, code)
    rows = "".join(f"LM,{code},{parent},x\n" for code, parent in parents.items())
    found = reasons("module", "product_line,code,parent,name\n" + rows)
    assert (2, "parent", "A module cannot be part of itself.") in found


def test_positions_may_change_hands(line: ProductLine) -> None:
    factories.releases(line, "1.0", "3.0", "4.0")
    take("softwarerelease", "product_line,version,position\nLM,2.0,2\nLM,3.0,3\nLM,4.0,4\n")
    assert list(SoftwareRelease.objects.values_list("version", "position")) == [
        ("1.0", 1),
        ("2.0", 2),
        ("3.0", 3),
        ("4.0", 4),
    ]
    take("softwarerelease", "product_line,version,position,released_on\nLM,3.0,3,2026/1/31\n")
    assert SoftwareRelease.objects.get(version="3.0").position == 3
    text = "product_line,version,position\nLM,5.0,1\nLM,6.0,6\nLM,7.0,6\n"
    assert [(row, field) for row, field, _reason in reasons("softwarerelease", text)] == [
        (2, "position"),
        (4, "position"),
    ]


def test_every_bad_row_is_told_and_nothing_is_taken_in(line: ProductLine) -> None:
    model = factories.machine_model(line, "LM-200", ["lithium"])
    factories.releases(line, "1.0")
    factories.releases(factories.product_line("NX"), "9.0")
    Machine.objects.create(serial="Known", model=model, release=SoftwareRelease.objects.get(version="1.0"))
    text = (
        "serial,model,release,options,warranty_end\n"
        "GOOD,LM-200,1.0,lithium,2026-01-31\n"
        "A,NOPE,1.0,,\n"
        "B,LM-200,9.0,,31/01/2026\n"
        '"C",LM-200,1.0,"nuclear,lithium",\n'
        "GOOD,LM-200,1.0,,\n"
        ",LM-200,1.0,,\n"
        "known,LM-200,1.0,,\n"
        "D,LM-200\n"
        f"{'E' * 61},LM-200,1.0,,2026-02-30\n"
    )
    found = reasons("machine", text)
    assert [(row, field) for row, field, _reason in found] == [
        (3, "model"),
        (4, "release"),
        (4, "warranty_end"),
        (5, "options"),
        (6, "serial"),
        (7, "serial"),
        (8, "serial"),
        (9, ""),
        (10, "warranty_end"),
    ]
    assert "stands on line 2" in found[4][2]
    import_file(file=FILES["machine"], data=text.encode(), by=None)
    assert Machine.objects.count() == 1


def test_the_models_own_limits_hold(line: ProductLine) -> None:
    [found] = reasons("errorcode", f"product_line,code,meaning\nLM,{'E' * 61},m\n")
    assert found[:2] == (2, "code")
    [found] = reasons("productline", "code,name\nhas space,x\n")
    assert found[:2] == (2, "code")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\n , \n", "empty"),
        ("code,name\nA,母线\n".encode("gb18030"), "GB18030"),
        ("code,name\nA,b\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"code,name\nA,b\0\n", "NUL"),
        (b'code,name\nA,"open\nB,c\n', "quotation mark"),
        (b"code,name\n", "no rows"),
        (b"code\nA\n", "The column is missing."),
        (b"code,name,nom\nA,b,c\n", "no column of this name"),
        (b"code,name,code\nA,b,c\n", "twice"),
        (b"code,,name\nA,b,c\n", "has no name"),
        (b"x" * (csv_reading.MAX_BYTES + 1), "larger than 5 MB"),
        (b"code,name\n" + b"A,b\n" * 20_001, "more than 20000 rows"),
    ],
)
def test_a_file_that_cannot_be_taken_says_why(data: bytes, reason: str) -> None:
    found = reasons("productline", data)
    assert any(reason in said for _line, _field, said in found), found


def test_unknown_severities_numbers_and_lines(line: ProductLine) -> None:
    found = reasons("errorcode", "product_line,code,meaning,severity\nLM,E,m,bad\nXX,F,m,info\nLM,G,,INFO\n")
    assert [(row, field) for row, field, _reason in found] == [
        (2, "severity"),
        (3, "product_line"),
        (4, "meaning"),
    ]
    assert "info, warning, critical" in found[0][2]
    [found_number] = reasons("softwarerelease", "product_line,version,position\nLM,1.0,first\n")
    assert "not a whole number" in found_number[2]


def test_semicolons_and_lines_inside_cells(line: ProductLine) -> None:
    done = plan("errorcode", 'product_line;code;meaning\r\nLM;E-1;"two\r\nlines"\r\nLM;E-2;\r\n')
    assert [(problem.line, problem.field) for problem in done.problems] == [(4, "meaning")]


@pytest.mark.parametrize("text", ["=1+1", "- Fan\n- Filter", "'=x", "'quoted'", "@a", "plain", 'a,b"c'])
def test_an_export_comes_back_the_same(line: ProductLine, text: str) -> None:
    factories.error_code(line, "E-1", causes=text)
    file = FILES["errorcode"]
    rows = [[cell_text(code, name) for name in file.columns] for code in ErrorCode.objects.all()]
    written = csv_reading.write_rows(file.columns, rows)
    assert "\n=" not in written
    assert ",=" not in written
    done = plan("errorcode", written)
    assert (done.problems, done.same) == ([], 1)


def test_the_reason_is_in_the_readers_language() -> None:
    with override("zh-hans"):
        [found] = reasons("productline", b"code,name\nhas space,x\n")
    # Django's own words; ours are translated with the rest of the interface.
    assert "有效" in found[2] or "由" in found[2]


def test_twenty_thousand_rows_take_few_queries(line: ProductLine, django_assert_max_num_queries: Any) -> None:
    text = "product_line,code,meaning\n" + "".join(f"LM,E-{n},m\n" for n in range(20_000))
    with django_assert_max_num_queries(10):
        done = plan("errorcode", text)
    assert len(done.new) == 20_000


def test_the_command(line: ProductLine, tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text("code,name\nLM,Renamed\nNX,New\n")
    out = StringIO()
    call_command("import_catalogue", "productline", path, "--dry-run", stdout=out)
    assert "1 new, 1 changed, 0 the same" in out.getvalue()
    assert ProductLine.objects.count() == 1
    by = factories.documentation_staff("ingrid")
    call_command("import_catalogue", "productline", path, by="ingrid", stdout=out)
    assert ProductLine.objects.get(code="NX").history.get().history_user == by
    path.write_text("code,name\n,x\n")
    err = StringIO()
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command("import_catalogue", "productline", path, stderr=err)
    assert "line 2: code: This may not be empty." in err.getvalue()
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_catalogue", "productline", tmp_path / "none.csv")


def name(view: str) -> str:
    return f"wagtailsnippets_procedures_productline:{view}"


def upload(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("lines.csv", text.encode())


def test_the_page_checks_shows_and_then_imports(line: ProductLine, client: Client) -> None:
    by = factories.documentation_staff()
    client.force_login(by)
    address = reverse(name("import"))
    assert client.get(address).status_code == 200
    response = client.post(address, {"file": upload("code,name\nLM,Renamed\nNX,New\n")})
    preview = response.context["preview"]
    assert (len(preview.plan.new), len(preview.plan.changed)) == (1, 1)
    assert ProductLine.objects.count() == 1
    factories.product_line("NX")
    confirm = {"token": preview.token, "digest": preview.plan.digest}
    shown_again = client.post(address, confirm)
    assert shown_again.context["preview"].plan.digest == "0-2-0"
    done = client.post(address, confirm | {"digest": "0-2-0"})
    assert done["Location"] == reverse(name("list"))
    assert ProductLine.objects.get(code="LM").history.first().history_user == by
    gone = client.post(address, confirm)
    assert gone["Location"] == address


def test_a_bad_file_is_shown_with_its_lines(line: ProductLine, client: Client) -> None:
    client.force_login(factories.documentation_staff())
    response = client.post(reverse(name("import")), {"file": upload("code,name\n,<b>x</b>\n")})
    assert "This may not be empty." in response.content.decode()
    assert response.context["preview"].token == ""
    assert client.post(reverse(name("import")), {"file": upload("")}).status_code == 200


def test_a_file_of_one_session_is_not_taken_in_another(client: Client) -> None:
    client.force_login(factories.documentation_staff())
    response = client.post(reverse(name("import")), {"file": upload("code,name\nNX,New\n")})
    other = Client()
    other.force_login(factories.documentation_staff())
    preview = response.context["preview"]
    other.post(reverse(name("import")), {"token": preview.token, "digest": preview.plan.digest})
    assert not ProductLine.objects.exists()


def test_the_import_needs_the_permission(client: Client) -> None:
    address = reverse(name("import"))
    assert client.get(address).status_code == 302
    client.force_login(factories.procedure_owner())
    assert client.get(address).status_code in (302, 403)
    assert client.get(reverse(name("export_csv"))).status_code in (302, 403)
    client.force_login(factories.documentation_staff())
    template = client.get(reverse(name("import_template")))
    assert template.content.decode("utf-8-sig") == "code,name,name_zh\r\n"


SERIALS_REFUSED = [
    "A/1",
    "..",
    ".",
    "A.",
    ".A",
    "A?",
    "A#1",
    "A%2F",
    "A\x07B",
    "A B",
    "-A",
    "Ａ1",
    "A\u200b1",
]


@pytest.mark.parametrize("serial", SERIALS_REFUSED)
def test_a_serial_number_that_no_address_can_hold_is_refused(line: ProductLine, serial: str) -> None:
    factories.machine_model(line, "LM-200")
    factories.releases(line, "1.0")
    [found] = reasons("machine", f"serial,model,release\n{serial},LM-200,1.0\n")
    assert found[:2] == (2, "serial")
    assert "letters, digits, hyphens" in found[2]


def test_serial_numbers_as_makers_write_them_are_taken(line: ProductLine) -> None:
    factories.machine_model(line, "LM-200")
    factories.releases(line, "1.0")
    rows = "".join(f"{serial},LM-200,1.0\n" for serial in ("LM4-24-0117", "4022.455_1", "0", " x "))
    assert len(take("machine", "serial,model,release\n" + rows).new) == 4
    for machine in Machine.objects.all():
        assert machine.get_absolute_url()


@pytest.mark.parametrize("code", ["E-9007\nx", "E-9\t8", "E-9\x1f1", "E-9\u2028x", ".", "E/../x"])
def test_a_code_that_no_address_or_line_can_hold_is_refused(line: ProductLine, code: str) -> None:
    bad = f'product_line,code,meaning\nLM,"{code}",Fan\n'
    [(number, column, _reason)] = reasons("errorcode", bad)
    assert (number, column) == (2, "code")


def test_a_version_of_two_lines_and_a_position_below_nothing_are_refused(line: ProductLine) -> None:
    [(_number, column, _reason)] = reasons("softwarerelease", 'product_line,version,position\nLM,"9\n1",4\n')
    assert column == "version"
    many = f"product_line,version,position\nLM,9.1,{'9' * 5_000}\n"
    assert [column for _number, column, _reason in reasons("softwarerelease", many)] == ["position"]
    [(_number, column, reason)] = reasons("softwarerelease", "product_line,version,position\nLM,9.1,-5\n")
    assert (column, reason) == ("position", "“-5” is not a whole number, 0 or more.")


def test_a_cell_that_is_too_long_is_said_to_be(line: ProductLine) -> None:
    [found] = reasons("errorcode", f'product_line,code,meaning\nLM,E-1,"{"x" * 140_000}"\n')
    assert found[0] == 2
    assert "longer than 131072 characters" in found[2]


@pytest.mark.parametrize("twin", ["E1042", "e 1042", "E_1042", "ｅ1042", "E\u200b1042", "e-1042"])
def test_a_code_that_looks_like_another_is_refused(line: ProductLine, twin: str) -> None:
    factories.error_code(line, "E-1042")
    [found] = reasons("errorcode", f"product_line,code,meaning\nLM,{twin},m\n")
    assert found[:2] == (2, "code")
    assert "E-1042" in found[2]
    twins = f"product_line,code,meaning\nLM,{twin[:-1]}3,m\nLM,E-1043,m\n"
    assert [found[0] for found in reasons("errorcode", twins)] == [3]


@pytest.mark.parametrize("same", ["Ｅ-1042", "E\u20111042", "E-10\u200b42", "\ufeffE-1042"])
def test_the_same_code_in_other_characters_is_the_same_code(line: ProductLine, same: str) -> None:
    factories.error_code(line, "E-1042", meaning="old")
    done = take("errorcode", f"product_line,code,meaning\nLM,{same},new\n")
    assert (len(done.new), len(done.changed)) == (0, 1)
    assert ErrorCode.objects.get().code == "E-1042"


def test_separators_between_digits_and_other_lines_tell_codes_apart(line: ProductLine) -> None:
    factories.error_code(line, "1-12")
    factories.product_line("NX")
    assert len(take("errorcode", "product_line,code,meaning\nLM,11-2,m\nNX,1.12,m\n").new) == 2
