"""The addresses of procedures, equipment, error codes and the FAQ."""

from django.urls import path

from procedures.views import codes, copies, equipment, faq, history, lint, listing, record, version, working

app_name = "procedures"
urlpatterns = [
    path("procedures/", listing.procedure_list, name="list"),
    path("procedures/<str:number>/", version.latest, name="latest"),
    path("procedures/<str:number>/latest/", copies.in_force, name="in_force"),
    path("procedures/<str:number>/v/<str:label>/", version.version, name="version"),
    path("procedures/<str:number>/v/<str:label>/pdf/", copies.pdf, name="pdf"),
    path("procedures/<str:number>/v/<str:label>/images/<str:sha256>/", version.image, name="image"),
    path("procedures/<str:number>/working-copy/images/<str:sha256>/", working.image, name="working_image"),
    path("procedures/<str:number>/history/", history.history, name="history"),
    path("procedures/<str:number>/record/", record.record, name="record"),
    path("procedures/<str:number>/compare/", history.compare, name="compare"),
    path("copies/<str:number>/<str:label>/<str:digest>/", copies.copy, name="copy"),
    path("codes/<str:line>/<path:code>/", codes.error_code, name="error_code"),
    path("equipment/", equipment.equipment, name="equipment"),
    path("equipment/<str:line>/", equipment.product_line, name="product_line"),
    path("applicability/", lint.lint, name="lint"),
    path("applicability/accept/", lint.accept, name="accept_overlap"),
    path("applicability/<key:pk>/withdraw/", lint.withdraw, name="withdraw_overlap"),
    path("models/<str:code>/", equipment.model, name="model"),
    path("machines/<str:serial>/", equipment.machine, name="machine"),
    path("faq/", faq.faq, name="faq"),
    path("faq/<str:slug>/", faq.faq_entry, name="faq_entry"),
]
