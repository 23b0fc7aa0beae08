"""Every search box of the CMS admin finds Chinese, and takes whatever is typed."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.core.files.images import ImageFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.images.tests.utils import get_test_image_file

from tests import factories as make

# Wagtail leaves the file of a thumbnail that it makes to the garbage collector.
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HOSTILE = [
    "",
    '"',
    "'",
    '"漏',
    "漏率 OR",
    "*",
    "%",
    "\\",
    "a" * 10_000,
    "漏" * 10_000,
    "-",
    "NOT",
    "(",
    "🔧",
    "\u202e",
    "\0",
    "a\0b",
]


def build() -> int:
    """Key of the one who may do everything."""
    superuser = get_user_model().objects.create_superuser("root.admin", "root@example.com", make.PASSWORD)
    person = make.make_user("li.lou", first_name="漏", last_name="李")
    person.save()
    line = make.product_line("LM")
    model = make.machine_model(line, "LM-400")
    model.name_zh = "漏率测试机"
    model.save()
    make.error_code(line, "E-77", meaning="Leak rate", meaning_zh="漏率过高")
    make.machine(model, make.releases(line)[0], customer="漏斗公司")
    make.working_copy(by=superuser, title="检查漏率", number="SOP-77")
    make.faq_entry("漏率是多少？")
    get_image_model().objects.create(title="漏率图", file=ImageFile(get_test_image_file().file, name="a.png"))
    get_document_model().objects.create(title="漏率表", file=SimpleUploadedFile("a.txt", b"x"))
    return superuser.pk


@pytest.fixture
def desk(built: int, db: None) -> Client:
    return make.signed_in(get_user_model().objects.get(pk=built))


BOXES = [
    ("/admin/pages/search/?q={}", "检查漏率"),
    ("/admin/choose-page/search/?q={}", "检查漏率"),
    ("/admin/choose-page/?q={}", ""),
    ("/admin/images/?q={}", "漏率图"),
    ("/admin/images/chooser/?q={}", "漏率图"),
    ("/admin/images/chooser/results/?q={}", "漏率图"),
    ("/admin/documents/?q={}", "漏率表"),
    ("/admin/documents/chooser/?q={}", "漏率表"),
    ("/admin/documents/chooser/results/?q={}", "漏率表"),
    ("/admin/users/?q={}", "li.lou"),
    ("/admin/documents/results/?q={}", "漏率表"),
    ("/admin/images/results/?q={}", "漏率图"),
    ("/admin/users/results/?q={}", "li.lou"),
    ("/admin/pages/search/results/?q={}", "检查漏率"),
    ("/admin/groups/?q={}", ""),
    ("/admin/workflows/task_chooser/results/?q={}", ""),
    ("/admin/snippets/procedures/errorcode/?q={}", "E-77"),
    ("/admin/snippets/choose/procedures/errorcode/results/?q={}", "E-77"),
    ("/admin/snippets/procedures/machinemodel/?q={}", "LM-400"),
    ("/admin/snippets/choose/procedures/machinemodel/results/?q={}", "LM-400"),
    ("/admin/snippets/procedures/machine/?q={}", "LM-400"),
    ("/admin/snippets/choose/procedures/machine/results/?q={}", "LM-400"),
    ("/admin/snippets/choose/procedures/productline/results/?q={}", ""),
    ("/admin/snippets/choose/procedures/faqcategory/results/?q={}", ""),
    ("/admin/snippets/choose/procedures/softwarerelease/results/?q={}", ""),
    ("/admin/snippets/choose/procedures/module/results/?q={}", ""),
]


@pytest.mark.parametrize(("address", "found"), BOXES)
def test_chinese_inside_a_sentence_is_found(desk: Client, address: str, found: str) -> None:
    response = desk.get(address.format("漏"))
    assert response.status_code == 200
    said = response.content.decode()
    assert found in (json.loads(said)["html"] if response["Content-Type"] == "application/json" else said)


@pytest.mark.parametrize(
    ("address", "typed", "found"),
    [
        ("/admin/pages/search/?q={}", '"檢查" 漏率', "SOP-77"),
        ("/admin/pages/search/?q={}", "“檢查漏率", "SOP-77"),
        ("/admin/pages/search/?q={}", "sop77", "SOP-77"),
        ("/admin/choose-page/search/?q={}", "sop77 '漏率'", "检查漏率"),
        ("/admin/documents/?q={}", "'漏率錶 表'", ""),
        ("/admin/images/chooser/results/?q={}", "“漏率圖”", "漏率图"),
        ("/admin/snippets/procedures/errorcode/?q={}", "e77", "E-77"),
        ("/admin/snippets/procedures/errorcode/?q={}", "E_77", "E-77"),
        ("/admin/snippets/procedures/errorcode/?q={}", "Е-77", "E-77"),
        ("/admin/snippets/procedures/errorcode/?q={}", '"過高" leak', "E-77"),
        ("/admin/snippets/procedures/machinemodel/?q={}", "lm400 測試'", "LM-400"),
    ],
)
def test_quotes_separators_and_traditional_characters(
    desk: Client, address: str, typed: str, found: str
) -> None:
    base, _q = address.split("?")
    response = desk.get(base, {"q": typed})
    said = response.content.decode()
    said = json.loads(said)["html"] if response["Content-Type"] == "application/json" else said
    assert response.status_code == 200
    assert found in said.replace(f'value="{typed}"', "")
    assert found not in desk.get(base, {"q": f"{typed} unheard"}).content.decode() or not found


@pytest.mark.parametrize("address", [address for address, _found in BOXES])
def test_whatever_is_typed_is_answered(desk: Client, address: str) -> None:
    base, _q = address.split("?")
    for text in HOSTILE:
        response = desk.get(base, {"q": text})
        assert response.status_code == 200, text[:20]


def test_a_document_is_for_those_who_edit(desk: Client) -> None:
    document = get_document_model().objects.get()
    assert b"".join(desk.get(document.url).streaming_content) == b"x"
    assert Client().get(document.url).status_code == 404
    assert make.signed_in(make.make_user()).get(document.url).status_code == 404
