"""The API's addresses: what hangs on a procedure, a comment, a proposal, a vote, a decision."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from procedures.content import canonical_content
from procedures.models import ProcedureVersion
from procedures.rules import NotAllowed
from procedures.views.version import find_version
from review import proposing, queries, rules, threads
from review.api import shown
from review.api.answers import Refused, api, body_of, check, given, not_allowed
from review.forms import CommentForm, ReplyForm
from review.handing import show_handings
from review.landing import find, landings, working_copy
from review.models import Comment, SuggestedField, Suggestion, Thread
from review.proposal_forms import OWN, NewStepForm, PartForm, ReasonForm, StepForm, VoteForm, place_value
from review.views.access import head_of, page_of
from review.views.deciding import carry_out, possible_deciders

Answer = tuple[int, dict[str, Any]]
MOST_EDITS = 200  # in one proposal
_TEXTS: dict[str, type] = dict.fromkeys(SuggestedField.values, str)
_PASSAGE = {"exact": "quote", "prefix": "before", "suffix": "after"}  # as the form calls them


@require_GET
@api
def marks(request: HttpRequest, number: str) -> Answer:
    """All that hangs on a procedure, decided or not; told of the version in force."""
    page = page_of(number)
    version = page.versions.effective().first()
    every = queries.threads_with_comments(Thread.objects.on_page(page.pk)).select_related("started_by")
    on_text = [thread for thread in every if thread.suggestion_id is None]
    if version is not None:
        queries.show_places(on_text, version)
    said = {thread.suggestion_id: list(thread.comments.all()) for thread in every if thread.suggestion_id}
    queries.show_photos(thread for thread in every if thread.suggestion_id)
    proposals: dict[int, list[Suggestion]] = {}
    found = queries.for_list(Suggestion.objects.on_page(page.pk)).annotate(vote_count=Count("votes"))
    every_part = list(found.defer("version__content", "version__page__steps").order_by("pk"))
    show_handings(every_part)
    for part in every_part:
        proposals.setdefault(part.head_id, []).append(part)
    return 200, {
        "number": page.number,
        "version": version and version.label,
        "threads": [shown.thread(thread) for thread in on_text],
        "proposals": [
            shown.proposal(parts, said.get(pk, []), parts[0].vote_count, {})  # type: ignore[attr-defined]  # counted above
            for pk, parts in proposals.items()
        ],
    }


class _PlacedForm(CommentForm):
    def leave_out_what_nobody_marked(self) -> None:
        """A program did mark it: the reasons stay with its fields."""


@require_POST
@api
def comment(request: HttpRequest, number: str, label: str) -> Answer:
    """Start a thread: on a step, a passage, a point of an image, or without a step on the whole."""
    version = find_version(request, number, label)
    rules.check_mark(user=request.user, version=version)
    known = {"kind": str, "text": str, "step": str, "quote": dict, "point": dict, "keep_position": bool}
    body = given(body_of(request), known)
    data, names = _flat(body)
    form = _PlacedForm(data, request.FILES)
    check(form, names)
    started = threads.start_thread(
        version=version, step_id=body.get("step", ""), by=request.user, **form.cleaned_data
    )
    return 201, _shown_thread(started)


def _flat(body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields of a comment's form, and by what name the JSON has those that it holds one level down."""
    data, names = dict(body), {"image": "point.image", "x": "point.x", "y": "point.y"}
    if "quote" in body:
        kinds: dict[str, type] = {"type": str, **dict.fromkeys(_PASSAGE, str)}
        passage = given(body["quote"], kinds, "quote.", needs=["exact"])
        if passage.pop("type", "TextQuoteSelector") != "TextQuoteSelector":
            raise Refused(400, fields={"quote.type": [_("Only a TextQuoteSelector is known here.")]})
        del data["quote"]
        data |= {_PASSAGE[name]: text for name, text in passage.items()}
        names |= {field: f"quote.{name}" for name, field in _PASSAGE.items()}
    if "point" in body:
        data |= given(body["point"], {"image": str, "x": int, "y": int}, "point.", needs=["image", "x", "y"])
    return data, names


@require_POST
@api
def reply(request: HttpRequest, pk: int) -> Answer:
    """Answer on a thread; of one that hangs on a proposal, on the proposal."""
    found = get_object_or_404(Thread.objects.select_related("version__page", "suggestion"), pk=pk)
    if found.suggestion is not None:
        return _comment_on(request, found.suggestion)
    threads.reply(thread=found, by=request.user, **_said(request))
    return 201, _shown_thread(found)


@require_POST
@api
def comment_on(request: HttpRequest, pk: int) -> Answer:
    return _comment_on(request, head_of(pk))


def _comment_on(request: HttpRequest, head: Suggestion) -> Answer:
    proposing.comment(suggestion=head, by=request.user, **_said(request))
    return 201, _shown_proposal(head)


def _said(request: HttpRequest) -> dict[str, Any]:
    form = ReplyForm(given(body_of(request), {"text": str, "keep_position": bool}), request.FILES)
    check(form)
    return form.cleaned_data


@require_GET
@api
def proposal(request: HttpRequest, pk: int) -> Answer:
    """With what would become of each part that is open: whoever decides sends its `seen` back."""
    return 200, _shown_proposal(head_of(pk))


@require_POST
@api
def propose(request: HttpRequest, number: str, label: str) -> Answer:
    """Send edits of one or more steps at once."""
    version = find_version(request, number, label)
    rules.check_mark(user=request.user, version=version)
    known = {"kind": str, "reason": str, "ticket": str, "edits": list, "instead_of": int}
    body = given(body_of(request), known, needs=["edits"])
    edits, instead_of = body.pop("edits"), body.pop("instead_of", None)
    if len(edits) > MOST_EDITS:
        most = _("At most %(most)d steps are edited at once.") % {"most": MOST_EDITS}
        raise Refused(400, fields={"edits": [most]})
    reason = ReasonForm(_with_ticket(body), user=request.user)
    check(reason, {"ticket_reference": "ticket"})
    other = _other(version, instead_of)
    others: list[str] = []  # new steps, which those behind them may follow
    wanted = [_edit(request, version, each, f"edits.{n}.", others) for n, each in enumerate(edits)]
    try:
        head = proposing.propose(
            version=version,
            edits=wanted,
            by=request.user,
            alternative_to=other,
            **reason.why(),  # type: ignore[arg-type]  # it has no "at"
        )
    except NotAllowed as refused:  # what stands in the way of any proposal was asked above
        raise Refused(400, fields={"edits": refused.messages}) from None
    return 201, _shown_proposal(head)


def _other(version: ProcedureVersion, pk: int | None) -> Suggestion | None:
    if pk is None:
        return None
    found = None
    if 0 < pk < 2**63:
        found = (
            Suggestion.objects.on_page(version.page_id).select_related("version", "sent_with").filter(pk=pk)
        )
    if not found:
        raise Refused(400, fields={"instead_of": [_("There is no such proposal to this procedure.")]})
    return found[0]


def _edit(
    request: HttpRequest, version: ProcedureVersion, said: Any, where: str, others: list[str]
) -> proposing.StepEdit:
    """One step as it should read; what is not given stays as it is."""
    known: dict[str, type] = {"step": str, "add": bool, "after": str, **_TEXTS}
    is_new = isinstance(said, dict) and said.get("add") is True
    edit = given(said, known if is_new else known | {"remove": bool, "images": list}, where)
    after = {"after": place_value(edit["after"])} if "after" in edit else {}
    if is_new:
        new = {**edit, **after, "step_id": edit.get("step") or proposing.new_step_id()}
        form: Any = NewStepForm(new, steps=version.steps, others=others)
        form.empty_permitted = False
        check(form, {"step_id": "step"}, where)
        others.append(new["step_id"])
        return form.edit()
    step = find(version.steps, edit.get("step", ""))
    if step is None:
        raise Refused(400, fields={f"{where}step": [_("This version has no such step.")]})
    if edit.get("remove") and (useless := edit.keys() - {"step", "remove", "add"}):
        raise Refused(400, fields={where + name: [_useless()] for name in sorted(useless)})
    data = {name: step[name] for name in _TEXTS} | edit | after
    files: MultiValueDict[str, Any] = MultiValueDict()
    names: dict[str, str] = {}
    places = {image["sha256"]: place for place, image in enumerate(step["images"])}
    for n, each in enumerate(edit.get("images", ())):
        here = f"{where}images.{n}."
        image = given(each, {"replaces": str, "file": str, "alt": str}, here, needs=["replaces", "file"])
        if (place := places.pop(image["replaces"], None)) is None:  # each is replaced once
            raise Refused(400, fields={f"{here}replaces": [_("This image is not in the step.")]})
        if (file := request.FILES.get(image["file"])) is None:
            raise Refused(400, fields={f"{here}file": [_("No file of this name was sent along.")]})
        files[f"image-{place}"], data[f"alt-{place}"] = file, image.get("alt", "")
        names |= {f"image-{place}": f"images.{n}.file", f"alt-{place}": f"images.{n}.alt"}
    form = StepForm(data, files, step=step, steps=version.steps)
    check(form, names, where)
    return form.edit()


@require_POST
@api
def vote(request: HttpRequest, pk: int) -> Answer:
    """I met this too."""
    head = head_of(pk)
    form = VoteForm(_with_ticket(given(body_of(request), {"ticket": str})), user=request.user)
    check(form, {"ticket_reference": "ticket"})
    proposing.vote(suggestion=head, by=request.user, **form.cleaned_data)
    return 201, {"proposal": head.pk, "votes": head.votes.count()}


@require_POST
@api
def decide(request: HttpRequest, pk: int) -> Answer:
    """Decide on one edit of a proposal; a conflict is answered with base, theirs and ours."""
    part = get_object_or_404(queries.for_list(Suggestion.objects.all()), pk=pk)
    rules.check_decide(user=request.user, suggestion=part, to="refused")
    known = {
        "decision": str, "answer": str, "to": str, "after": str, "anyway": bool, "seen": str, "texts": dict,
        "take": dict, "images": str,
    }  # fmt: skip
    body = given(body_of(request), known, needs=["decision"])
    texts, takes = body.pop("texts", {}), body.pop("take", {})
    if "after" in body:
        body["after"] = place_value(body["after"])
    steps = canonical_content(working_copy(part.version.page))["steps"]
    landing = landings([part], steps)[part.pk]
    people = {person.get_username(): person for person in possible_deciders(request.user)}
    # Only what lands in the working copy must have been looked at.
    data = {"seen": landing.seen} | body if body["decision"] != "accept" else body
    form = PartForm(data, landing=landing, steps=steps, people=people, prefix=None)
    form.data = {f"final-{name}": form.fields[f"final-{name}"].initial for name in form.texts} | data
    texts = given(texts, dict.fromkeys(form.texts, str), "texts.")
    form.data |= {f"final-{name}": text for name, text in texts.items()}
    asked = [name for name in form.texts if f"take-{name}" in form.fields]
    if takes and not asked:
        raise Refused(400, fields={"take": [_nothing_to_take(landing.undecided, form.fields)]})
    takes = dict.fromkeys(set(texts) & set(asked), OWN) | given(takes, dict.fromkeys(asked, str), "take.")
    form.data |= {f"take-{name}": take for name, take in takes.items()}
    if useless := [
        name for name in ("after", "anyway", "images") if name in body and name not in form.fields
    ]:
        raise Refused(400, fields={name: [_useless()] for name in useless})
    names = {f"final-{name}": f"texts.{name}" for name in form.texts}
    check(form, names | {f"take-{name}": f"take.{name}" for name in asked})
    try:
        carry_out(form, request.user)
    except NotAllowed as refused:
        fresh = get_object_or_404(queries.for_list(Suggestion.objects.all()), pk=pk)
        raise not_allowed(refused, edit=_with_landing([fresh])) from None
    return 200, _shown_proposal(part.sent_with or part)


def _nothing_to_take(undecided: Collection[str], fields: Collection[str]) -> str:
    """What a person has to say instead, where anything."""
    said = _("No text of this edit was changed on both sides: there is nothing to take.")
    needs = [name for name in ("after", "anyway", "images") if name in fields and ({"", name} & {*undecided})]
    if not needs:
        return said
    return f"{said} {_('What is wanted is %(names)s.') % {'names': ', '.join(needs)}}"


def _useless() -> str:
    return _("There is nothing to say here of this edit.")


def _with_landing(parts: list[Suggestion]) -> dict[str, Any]:
    show_handings(parts)
    (shown_edit,) = (shown.edit(part, _landings(parts).get(part.pk)) for part in parts)
    return shown_edit


def _with_ticket(body: dict[str, Any]) -> dict[str, Any]:
    return {"ticket_reference" if name == "ticket" else name: value for name, value in body.items()}


def _shown_thread(thread: Thread) -> dict[str, Any]:
    found = (
        queries.threads_with_comments(Thread.objects.filter(pk=thread.pk)).select_related("started_by").get()
    )
    queries.show_places([found], found.version)
    return shown.thread(found)


def _shown_proposal(head: Suggestion) -> dict[str, Any]:
    parts = list(queries.for_list(head.sent_together()))
    show_handings(parts)
    said: Iterable[Comment] = queries.comments_on(parts[0])
    return shown.proposal(parts, list(said), parts[0].votes.count(), _landings(parts))


def _landings(parts: list[Suggestion]) -> dict[int, Any]:
    steps = canonical_content(working_copy(parts[0].version.page))["steps"]
    return landings([part for part in parts if part.is_open], steps)
