"""What this app adds to the CMS admin: the term list."""

from wagtail.snippets.models import register_snippet

from search.admin import TermGroupViewSet

register_snippet(TermGroupViewSet)
