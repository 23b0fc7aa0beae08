"""The equipment and codes that contents name, looked up once for a whole import."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history
from wagtail.blocks import StreamValue

from procedures.importing.documents import Document, Unreadable
from procedures.models import (
    Applicability,
    ErrorCode,
    MachineModel,
    ProcedurePage,
    ProductLine,
    SoftwareRelease,
)
from procedures.ordering import range_problem
from procedures.people import possible_owners
from procedures.plain_codes import same_key, twin_message


class Catalogue:
    """Answers codes with records. Error codes that an import is to create count as known."""

    def __init__(self) -> None:
        self._lines = {line.code: line for line in ProductLine.objects.all()}
        self._models = {model.code: model for model in MachineModel.objects.all()}
        self._releases = {(rel.product_line_id, rel.version): rel for rel in SoftwareRelease.objects.all()}
        self._codes: dict[tuple[str, str], ErrorCode] = {}
        self._taken: dict[tuple[str, str], str] = {}  # (product line, what twins share): the code
        for code in ErrorCode.objects.select_related("product_line"):
            self._codes[code.product_line.code, code.code] = code
            self._taken.setdefault((code.product_line.code, same_key(code.code)), code.code)
        self._users = {user.get_username(): user for user in get_user_model()._default_manager.all()}
        self._possible_owners = set(possible_owners().values_list("pk", flat=True))

    def user(self, username: str) -> Any | None:
        return self._users.get(username)

    def owner(self, username: str) -> Any | None:
        """The person with this name, where they can act as a procedure's owner."""
        user = self._users.get(username)
        return user if user is not None and user.pk in self._possible_owners else None

    def settle_line(self, document: Document) -> None:
        """Give error codes without a product line that of the models, which a foreign file then belongs to as well.

        Raises Unreadable where the models share none, or one of them is not here.
        """
        content = document.content
        if all(code["product_line"] for code in content["error_codes"]):
            return
        lines = {self._model(row["model"]).product_line_id for row in content["applies_to"]}
        found = [code for code, line in self._lines.items() if line.pk in lines]
        if len(found) != 1:
            raise Unreadable(
                _(
                    "It names error codes but no product line: name it as product_line, or by --product-line, or "
                    "name models of one product line."
                )
            )
        codes = {(code["product_line"] or found[0], code["code"]) for code in content["error_codes"]}
        content["error_codes"] = [{"product_line": line, "code": code} for line, code in sorted(codes)]
        if not document.own_format:  # one of our own form says itself what it is
            content["product_line"] = found[0]

    def _model(self, code: str) -> MachineModel:
        """Raises Unreadable where it is not here."""
        if (model := self._models.get(code)) is None:
            raise Unreadable(_("There is no model %(code)s.") % {"code": code})
        return model

    def check(self, content: Mapping[str, Any], new_codes: Mapping[str, str]) -> None:
        """Raise Unreadable for the first name in the content that the catalogue does not have, or range that it
        has no release in."""
        line = content["product_line"]
        if line and line not in self._lines:
            raise Unreadable(_("There is no product line %(code)s.") % {"code": line})
        for row in content["applies_to"]:
            model = self._model(row["model"])
            for version in (row["from"], row["before"]):
                if version and (model.product_line_id, version) not in self._releases:
                    raise Unreadable(
                        _("There is no software release %(version)s of the model %(code)s.")
                        % {"version": version, "code": row["model"]}
                    )
            ends = [self._releases.get((model.product_line_id, row[end])) for end in ("from", "before")]
            if reason := range_problem(*ends):
                raise Unreadable(_("Model %(code)s: %(reason)s") % {"code": model.code, "reason": reason})
        for code in content["error_codes"]:
            known = (code["product_line"], code["code"]) in self._codes
            if known:
                continue
            if not (code["product_line"] == line and code["code"] in new_codes):
                raise Unreadable(
                    _("There is no error code %(code)s in the product line %(line)s.")
                    % {"code": code["code"], "line": code["product_line"]}
                )
            taken = self._taken.setdefault((line, same_key(code["code"])), code["code"])
            if taken != code["code"]:
                raise Unreadable(twin_message(taken))

    def create_codes(self, wanted: Mapping[tuple[str, str], str], by: Any) -> int:
        """Create those of the codes {(product line, code): meaning} that are missing; returns how many."""
        missing = [
            ErrorCode(product_line=self._lines[line], code=code, meaning=meaning)
            for (line, code), meaning in wanted.items()
            if (line, code) not in self._codes
        ]
        if missing:
            for code in bulk_create_with_history(missing, ErrorCode, default_user=by):
                self._codes[code.product_line.code, code.code] = code
        return len(missing)

    def fill(self, page: ProcedurePage, content: Mapping[str, Any], images: Mapping[str, int]) -> None:
        """Make the page say this content; `images` are the ids of Wagtail's images by SHA-256."""
        page.number = content["number"]
        page.title = page.draft_title = content["title"]
        page.kind, page.language, page.audience = content["kind"], content["language"], content["audience"]
        page.product_line = self._lines[content["product_line"]] if content["product_line"] else None
        page.summary, page.safety = content["summary"], content["safety"]
        page.tools, page.parts, page.skills = content["tools"], content["parts"], content["skills"]
        page.applicability = [self._row(row) for row in content["applies_to"]]
        page.error_codes = [
            self._codes[code["product_line"], code["code"]] for code in content["error_codes"]
        ]
        raw = [{"type": "step", "id": step["id"], "value": _value(step, images)} for step in content["steps"]]
        page.steps = StreamValue(page._meta.get_field("steps").stream_block, raw, is_lazy=True)

    def _row(self, row: Mapping[str, Any]) -> Applicability:
        model = self._models[row["model"]]
        return Applicability(
            model=model,
            release_from=self._releases[model.product_line_id, row["from"]] if row["from"] else None,
            release_before=self._releases[model.product_line_id, row["before"]] if row["before"] else None,
            options=list(row["options"]),
        )


def _value(step: Mapping[str, Any], images: Mapping[str, int]) -> dict[str, Any]:
    names = ("title", "body", "expected", "caution", "minutes", "importance")
    return {name: step[name] for name in names} | {
        "images": [
            {
                "type": "item",
                "id": f"{step['id']}-{number}",
                "value": {"image": images[image["sha256"]], "alt": image["alt"]},
            }
            for number, image in enumerate(step["images"], 1)
        ]
    }
