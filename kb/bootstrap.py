"""What every Redline site starts from: the roles, the tree of pages and the release workflow.

Each function may run any number of times. Migrations of kb.accounts call `apply_roles` and
`give_new_permission`: these take the registry of the models to use and ask of them nothing but columns.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.apps.registry import Apps
from django.apps.registry import apps as current_apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group
from django.db import transaction
from wagtail.models import (
    Locale,
    Page,
    Site,
    Task,
    Workflow,
    WorkflowPage,
    WorkflowTask,
)

from kb.accounts.roles import (
    ADMINISTRATOR,
    DOCUMENTATION_STAFF,
    FIELD_ENGINEER,
    PROCEDURE_OWNER,
    ROLE_PAGE_PERMISSIONS,
    ROLE_PERMISSIONS,
)
from kb.models import HomePage
from procedures.models import FaqIndexPage, ProcedureIndexPage
from review.models import Meaning, ReadingRule, ReviewTask

WORKFLOW = "Release"
# What each role may do with the images of every collection: an owner's drafts need pictures too.
IMAGE_PERMISSIONS = {
    PROCEDURE_OWNER: ["add_image", "choose_image"],
    DOCUMENTATION_STAFF: ["add_image", "change_image", "choose_image"],
    ADMINISTRATOR: ["add_image", "change_image", "choose_image"],
}
_WAGTAILS_GROUPS = ("Moderators", "Editors")


@transaction.atomic
def build_site() -> None:
    """Make the site complete: roles, pages, workflow. Changes nothing where it is."""
    apply_roles()
    procedures = _build_tree()
    _build_workflow(procedures)
    _build_reading_rule()


def apply_roles(apps: Apps = current_apps) -> None:
    """Create the roles' groups and give them their permissions (kb.accounts.roles)."""
    group_model = apps.get_model("auth", "Group")
    permissions = _permissions(apps)
    page_permission = apps.get_model("wagtailcore", "GroupPagePermission")
    collection_permission = apps.get_model("wagtailcore", "GroupCollectionPermission")
    root = apps.get_model("wagtailcore", "Page").objects.get(depth=1)
    collection = apps.get_model("wagtailcore", "Collection").objects.get(depth=1)
    for role, names in ROLE_PERMISSIONS.items():
        group, _created = group_model.objects.get_or_create(name=role)
        group.permissions.add(*_named(names, permissions, apps))
        for codename in ROLE_PAGE_PERMISSIONS.get(role, ()):
            page_permission.objects.get_or_create(
                group=group, page=root, permission=permissions["wagtailcore", codename]
            )
        for codename in IMAGE_PERMISSIONS.get(role, ()):
            collection_permission.objects.get_or_create(
                group=group, collection=collection, permission=permissions["wagtailimages", codename]
            )


def give_new_permission(name: str, apps: Apps) -> None:
    """Give a permission that came after the roles to those that hold it; what an administrator changed stays."""
    permission = _permissions(apps)[_split(name)]
    roles = [role for role, names in ROLE_PERMISSIONS.items() if name in names]
    for group in apps.get_model("auth", "Group").objects.filter(name__in=roles):
        group.permissions.add(permission)


def _permissions(apps: Apps) -> dict[tuple[str, str], Any]:
    _create_permissions(apps)
    return {
        (permission.content_type.app_label, permission.codename): permission
        for permission in apps.get_model("auth", "Permission").objects.select_related("content_type")
    }


def _named(names: Iterable[str], permissions: Mapping[tuple[str, str], Any], apps: Apps) -> list[Any]:
    """The permissions by name; a migration leaves those to later ones that do not exist yet by then."""
    keys = [_split(name) for name in names]
    return [permissions[key] for key in keys if apps is current_apps or key in permissions]


def _split(name: str) -> tuple[str, str]:
    app_label, _dot, codename = name.partition(".")
    return app_label, codename


def _create_permissions(apps: Apps) -> None:
    """Django creates permissions only once all migrations have run; inside one they are made now."""
    if apps is current_apps:
        return
    labels = {_split(name)[0] for names in ROLE_PERMISSIONS.values() for name in names} | {"wagtailcore"}
    for label in labels & apps.app_configs.keys():  # an early migration knows not all of today's apps
        config: Any = apps.get_app_config(label)
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = None


def _build_tree() -> ProcedureIndexPage:
    root = Page.get_first_root_node()
    assert root is not None  # wagtailcore's own migration makes it
    home = HomePage.objects.first()
    if home is None:
        home = HomePage(title="Redline", slug="redline", locale=Locale.get_default())
        root.add_child(instance=home)
    site = Site.objects.filter(is_default_site=True).first() or Site(
        is_default_site=True, hostname="localhost"
    )
    if site.root_page_id != home.pk:
        welcome = site.root_page if site.root_page_id else None
        site.root_page, site.site_name = home, "Redline"
        site.save()
        if welcome is not None and welcome.specific_class is Page:
            welcome.delete()
    home = HomePage.objects.get(pk=home.pk)  # deleting a sibling may have moved it
    procedures = ProcedureIndexPage.objects.first()
    if procedures is None:
        procedures = home.add_child(instance=ProcedureIndexPage(title="Procedures", slug="procedures"))
    if not FaqIndexPage.objects.exists():
        home.add_child(instance=FaqIndexPage(title="FAQ", slug="faq"))
    return procedures


def _build_workflow(procedures: ProcedureIndexPage) -> None:
    """The plan to begin with: one signature of documentation staff. Others are added in the editing desk."""
    _remove_wagtails_own()
    staff = list(Group.objects.filter(name__in=[DOCUMENTATION_STAFF, ADMINISTRATOR]))
    release, _created = ReviewTask.objects.get_or_create(
        name="Release approval", defaults={"meaning": Meaning.RELEASE}
    )
    if _created:
        release.groups.set(staff)
    workflow, _created = Workflow.objects.get_or_create(name=WORKFLOW, defaults={"active": True})
    WorkflowTask.objects.get_or_create(workflow=workflow, task=release.task_ptr, defaults={"sort_order": 0})
    # A folder has one workflow; one that an administrator chose instead stays.
    WorkflowPage.objects.get_or_create(page=procedures.page_ptr, defaults={"workflow": workflow})


def _build_reading_rule() -> None:
    """To begin with, field engineers read each major version within two weeks. Without groups it asks nobody."""
    rule, created = ReadingRule.objects.get_or_create(product_line=None)
    if created:
        rule.groups.set(Group.objects.filter(name=FIELD_ENGINEER))


def _remove_wagtails_own() -> None:
    """Take out what Wagtail's migrations made for a general site, as long as nothing has used it."""
    for workflow in Workflow.objects.filter(name="Moderators approval", workflow_states__isnull=True):
        tasks = list(Task.objects.filter(workflow_tasks__workflow=workflow, task_states__isnull=True))
        WorkflowPage.objects.filter(workflow=workflow).delete()
        workflow.delete()
        for task in tasks:
            task.specific.delete()
    Group.objects.filter(name__in=_WAGTAILS_GROUPS, user__isnull=True).delete()
