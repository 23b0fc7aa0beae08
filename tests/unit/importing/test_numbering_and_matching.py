"""Numbers of a set's files, links between them, and steps that keep their identity."""

from typing import Any

import pytest

from procedures.importing.documents import new_step
from procedures.importing.matching import identify
from procedures.importing.numbering import link_resolver, link_targets, numbers, prefix_of
from procedures.models.page import number_validator


def test_numbers_are_prefix_and_stem_with_folders_only_where_needed() -> None:
    paths = ["alerts/a/KubeAPIDown.md", "alerts/b/KubeAPIDown.md", "alerts/b/CephOSDSlowOps.md"]
    found = numbers(paths, prefix_of("openshift"))
    assert found == numbers(reversed(paths), "OPENSHIFT-")
    assert [found[path] for path in paths] == [
        "OPENSHIFT-a-KubeAPIDown",
        "OPENSHIFT-b-KubeAPIDown",
        "OPENSHIFT-CephOSDSlowOps",
    ]


def test_every_name_gets_a_valid_number_of_its_own() -> None:
    paths = [
        "故障 处理.md",
        "故障-处理.md",
        "a/b-c.md",
        "a-b/c.md",
        "x" * 300 + ".md",
        "(((.md",
        "A.md",
        "a.md",
        "_index.md",
    ]
    found = numbers(paths, "")
    assert len({number.casefold() for number in found.values()}) == len(paths)
    for number in found.values():
        assert number_validator.regex.match(number), number
        assert len(number) <= 120


def test_folders_and_stem_of_one_file_may_be_the_stem_of_another() -> None:
    paths = ["Sub-A.md", "sub/a.md", "sub2/a.md", "x/sub-a-66ce696e.md"]
    found = numbers(paths, "RQ-")
    assert len({number.casefold() for number in found.values()}) == len(paths)
    assert (found["Sub-A.md"], found["sub2/a.md"]) == ("RQ-Sub-A", "RQ-sub2-a")
    assert found == numbers(reversed(paths), "RQ-")


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("helpers/x.md", "/procedures/X/"),
        ("./helpers/x.md#part", "/procedures/X/"),
        ("/alerts/helpers/x.md", "/procedures/X/"),
        ("helpers/x.html", "/procedures/X/"),
        ("../page.html", "/procedures/P/"),
        ("missing.md", None),
        ("/media/x.png", "media/x.png"),
        ("#part", None),
        ("https://example.org/alerts/helpers/x.md", None),
        ("//example.org/x.md", None),
        ("/procedures/SOP-1/", None),
        ("../../../outside.md", None),
    ],
)
def test_links_lead_to_procedures(link: str, expected: str | None) -> None:
    targets = link_targets({"alerts/helpers/x.md": "X", "page.html.md.erb": "P"})
    assert link_resolver("alerts/here.md", targets)(link) == expected


def ids(steps: list[dict[str, Any]]) -> list[str]:
    return [step["id"] for step in steps]


def test_identities_are_the_same_on_every_import_and_differ_between_files() -> None:
    steps = [new_step("Meaning", "a"), new_step("Meaning", "b")]
    first = identify(steps, [], "set:a.md")
    assert ids(first) == ids(identify(steps, [], "set:a.md"))
    assert len({*ids(first), *ids(identify(steps, [], "set:b.md"))}) == 4


def test_a_step_keeps_its_identity_when_it_moves_is_edited_or_renamed() -> None:
    body = "Check the fan of module one, then measure the voltage between the two poles."
    before = identify([new_step("Meaning", "x"), new_step("Check", body), new_step("Close", "z")], [], "k")
    moved = identify(
        [new_step("Close", "z"), new_step("Meaning", "all new"), new_step("Check", body)], before, "k"
    )
    assert ids(moved) == [before[2]["id"], before[0]["id"], before[1]["id"]]
    renamed = identify(
        [
            new_step("Meaning", "x"),
            new_step("Check the fan", body + " Write it down."),
            new_step("Close", "z"),
        ],
        before,
        "k",
    )
    assert ids(renamed) == ids(before)
    replaced = identify(
        [new_step("Meaning", "x"), new_step("Call the desk", "Phone 112."), new_step("Close", "z")],
        before,
        "k",
    )
    assert replaced[1]["id"] not in ids(before)


def test_a_new_step_never_takes_the_identity_of_a_renamed_one() -> None:
    body = "The same long body with quite a few words that both have."
    before = identify([new_step("Old", body)], [], "k")
    renamed = identify([new_step("New", body)], before, "k")
    assert ids(renamed) == ids(before)
    both = identify(
        [new_step("New", body), new_step("Old", "something entirely different here")], renamed, "k"
    )
    assert both[0]["id"] == before[0]["id"]
    assert both[1]["id"] != before[0]["id"]
