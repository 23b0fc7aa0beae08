"""What this app adds to the CMS admin."""

from wagtail import hooks
from wagtail.snippets.models import register_snippet

from procedures.admin.deletion import refuse_if_used
from procedures.admin.fields import register_fields
from procedures.admin.viewsets import CatalogueGroup

register_fields()
register_snippet(CatalogueGroup)
hooks.register("before_delete_snippet", refuse_if_used)
