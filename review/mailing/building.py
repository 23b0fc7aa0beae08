"""What a mail says, as it leaves: in the recipient's language, and nothing that they may not see by then."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import ngettext, override

from procedures.access import may_read_internal
from procedures.models import ProcedurePage
from review.headlines import give_headlines
from review.mailing.preferring import how_to_tell
from review.mailing.unsubscribing import Off, token_of
from review.models import How, Mail, MailPreference, Notice, NoticeKind

_SUBJECT = 180  # characters


@dataclass(frozen=True, slots=True)
class Line:
    what: str
    text: str
    url: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """What a mail says of one procedure."""

    page: ProcedurePage
    lines: list[Line]


def build(mail: Mail) -> EmailMultiAlternatives | None:
    """The mail as it would leave now; None where nothing of it is left to be said to its recipient."""
    notices = still_to_be_told(mail)
    if not notices:
        return None
    recipient: Any = mail.recipient
    off = Off.of(mail, notices)
    with override(recipient.language or settings.LANGUAGE_CODE):
        unsubscribe = absolute(reverse("review:unsubscribe", args=[token_of(off)]))
        context = {
            "brand": settings.WAGTAIL_SITE_NAME,
            "parts": _parts(notices),
            "off": off.describe(),
            "unsubscribe": unsubscribe,
            "preferences": absolute(reverse("review:watches")),
            "inbox": absolute(reverse("review:inbox")),
        }
        message = EmailMultiAlternatives(
            subject=_subject(mail, notices),
            body=render_to_string("review/mail/mail.txt", context),
            to=[recipient.email],
            headers={
                "Message-ID": _id(f"mail-{mail.key}"),
                "Auto-Submitted": "auto-generated",
                "List-Unsubscribe": f"<{unsubscribe}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                **_threading(mail, notices),
            },
        )
        message.attach_alternative(render_to_string("review/mail/mail.html", context), "text/html")
    return message


def still_to_be_told(mail: Mail) -> list[Notice]:
    """Not what was read on the site, is wanted by mail no more, or is no longer for this person's eyes."""
    recipient: Any = mail.recipient
    if not (recipient.is_active and recipient.email and may_read_internal(recipient)):
        return []
    preference = MailPreference.of(recipient)
    notices = mail.notices.unread().select_related("page", "version", "thread", "suggestion", "watch")
    notices = notices.defer("page__steps", "version__content", "version__html", "version__search_text")
    return [
        notice
        for notice in notices.order_by("created_at", "pk")
        if how_to_tell(notice, preference) != How.INBOX
    ]


def absolute(path: str) -> str:
    return f"{settings.BASE_URL.rstrip('/')}{path}"


def _parts(notices: list[Notice]) -> list[Part]:
    parts: dict[int, Part] = {}
    give_headlines(notices)
    for notice in notices:
        part = parts.setdefault(notice.page_id, Part(notice.page, []))
        part.lines.append(
            Line(notice.headline, notice.text, absolute(notice.get_absolute_url()), notice.created_at)
        )
    return list(parts.values())


def _subject(mail: Mail, notices: list[Notice]) -> str:
    """On one line, whatever a title holds. The same for all mails on a procedure, but for those that ask something."""
    if mail.page is None:
        pages = len({notice.page_id for notice in notices})
        said = ngettext("News on %(count)d procedure", "News on %(count)d procedures", pages) % {
            "count": pages
        }
        return f"[{settings.WAGTAIL_SITE_NAME}] {said}"
    asks = [notice for notice in notices if NoticeKind(notice.kind).goes_at_once]
    first = f"{asks[0].get_kind_display()} · " if asks else ""
    line = " ".join(f"[{mail.page.number}] {first}{mail.page.title}".split())
    return Truncator("".join(character for character in line if character.isprintable())).chars(_SUBJECT)


def _threading(mail: Mail, notices: list[Notice]) -> dict[str, str]:
    """All mails on a procedure answer to the same name, those on one mark also to the mark's: mail programs show
    them as one conversation, whichever of them arrived."""
    if mail.page_id is None:
        return {}
    root = _id(f"procedure-{mail.page_id}")
    marks = {
        f"thread-{notice.thread_id}" if notice.thread_id else f"edit-{notice.suggestion_id}"
        if notice.suggestion_id else ""
        for notice in notices
    }  # fmt: skip
    if len(marks) > 1 or marks == {""}:
        return {"In-Reply-To": root, "References": root}
    mark = _id(marks.pop())
    return {"In-Reply-To": mark, "References": f"{root} {mark}"}


def _id(name: str) -> str:
    return f"<{name}@{urlsplit(settings.BASE_URL).hostname or 'localhost'}>"
