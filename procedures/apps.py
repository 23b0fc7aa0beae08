from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProceduresConfig(AppConfig):
    name = "procedures"
    verbose_name = _("Procedures")

    def ready(self) -> None:
        from django.db.models.signals import pre_delete
        from wagtail.images import get_image_model
        from wagtail.models import Revision
        from wagtail.signals import pre_page_move

        from procedures import frozen_files, references, search_sources
        from procedures.audit import versions
        from procedures.models.page_permissions import keep_in_folder

        search_sources.register()
        pre_delete.connect(frozen_files.keep_used_image, sender=get_image_model())
        for model in references.KEPT:
            pre_delete.connect(references.keep_named, sender=model)
        pre_delete.connect(references.keep_revision, sender=Revision)
        pre_page_move.connect(keep_in_folder, dispatch_uid="procedure-moved")
        versions.register()
