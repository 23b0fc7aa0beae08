"""`{% csrf_token %}` for every template: the token, and whose page the form stands on (kb.typed)."""

from typing import Any

from django import template
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html

from kb import typed

register = template.Library()


class _TokenAndPerson(CsrfTokenNode):
    def render(self, context: Any) -> str:
        token = super().render(context)
        user = getattr(context.get("request"), "user", None)
        if not token or user is None:
            return token
        # A form that is offered to be sent again by nobody stays its writer's.
        whose = context.get("whose") if user.pk is None else None
        return token + format_html(
            '<input type="hidden" name="{}" value="{}">', typed.WHOSE, whose or user.pk or ""
        )


@register.tag
def csrf_token(parser: object, token: object) -> _TokenAndPerson:
    return _TokenAndPerson()
