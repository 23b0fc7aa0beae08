"""Redline's settings, read from the environment; every variable is listed in .env.example.

Defaults suit a laptop. A missing or malformed value that production needs stops the start with a
sentence saying what to set.
"""

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from kb.limits import FORM_BYTES

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def _forget_what_is_empty() -> None:
    """A variable that is there but empty means its default: .env.example and container files are full of them."""
    for name, value in list(os.environ.items()):
        if not value.strip() and (name.startswith("REDLINE_") or name in ("DATABASE_URL", "EMAIL_URL")):
            del os.environ[name]


_forget_what_is_empty()  # before: it would hide what .env says
environ.Env.read_env(BASE_DIR / ".env")
_forget_what_is_empty()


def _number(name: str, default: int, least: int, most: int) -> int:
    try:
        number = env.int(name, default)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise ImproperlyConfigured(f"{name} is a whole number: set {least} or more, {most} at most.")
    return number


DATA_DIR = BASE_DIR / env.str("REDLINE_DATA_DIR", "var")
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = env.bool("REDLINE_DEBUG", False)
# A laptop on loopback gets a key of its own, kept beside the data; a public host must name one.
ALLOWED_HOSTS = [
    host.strip() for host in env.list("REDLINE_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
]
_LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}


def _secret_key() -> str:
    if key := env.str("REDLINE_SECRET_KEY", ""):
        return key
    if set(ALLOWED_HOSTS) - _LOOPBACK:
        raise ImproperlyConfigured(
            "Set REDLINE_SECRET_KEY (50 or more random characters): "
            "REDLINE_ALLOWED_HOSTS names a host other than this machine."
        )
    from django.core.management.utils import get_random_secret_key

    key_file = DATA_DIR / "secret-key"
    if not key_file.exists():
        key_file.write_text(get_random_secret_key())
        key_file.chmod(0o600)
    return key_file.read_text().strip()


SECRET_KEY = _secret_key()
HTTPS = env.bool("REDLINE_HTTPS", False)
BASE_URL = env.str("REDLINE_BASE_URL", "http://127.0.0.1:8000")
# Several long step texts at once: each field has a limit of its own, with a sentence that says so. Past FORM_BYTES
# (kb.middleware.TooLargeForm) a form is answered with its texts, past this without them.
REDLINE_FORM_BYTES = FORM_BYTES
DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * FORM_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a procedure of some hundred steps is one form
CSRF_TRUSTED_ORIGINS = [BASE_URL] if BASE_URL.startswith("https://") else []
CSRF_FAILURE_VIEW = "kb.typed.csrf_failure"

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"  # the CMS preview frames its own pages

INSTALLED_APPS = [
    "kb",
    "kb.accounts",
    "kb.tickets",
    "review",
    "procedures",
    "search",
    "wagtail.contrib.settings",
    "wagtail.users",
    "wagtail.sites",  # lists of pages link to it
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "modelsearch",
    "taggit",
    "django_filters",
    "simple_history",
    "django_htmx",
    "django_tasks",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Behind WhiteNoise, whose files are compressed already, and before whatever reads or writes a body. An answer's size
    # gives no secret of it away (BREACH): Django masks the CSRF token anew in each page and pads what it compresses by
    # chance, and other sites' pages cannot ask in a reader's name, the session's cookie being SameSite=Lax. What a cache
    # may keep stays as it was: of the headers that say so only Vary is added to.
    "kb.middleware.Compressed",
    "kb.middleware.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "kb.accounts.middleware.PreferredLanguage",
    "review.mailing.patience.WaitsForNoMail",
    "kb.middleware.ApiSpeaksJson",
    "kb.middleware.TooLargeForm",
    "kb.middleware.RejectNulBytes",
    "kb.middleware.RejectMaimedForms",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "kb.middleware.TooLongAddress",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "kb.middleware.NothingTypedIsLost",
    "kb.middleware.SignedInAsSomebodyElse",
    "kb.middleware.SignedOut",
    "kb.middleware.CarriedOut",
    "kb.middleware.NumberAsWritten",
    "search.log.middleware.OpenedFromSearch",
]

ROOT_URLCONF = "kb.urls"
WSGI_APPLICATION = "kb.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kb.context_processors.site",
            ],
            "builtins": ["kb.templatetags.whose_form"],
        },
    }
]


def _database() -> dict:
    config = env.db("DATABASE_URL", f"sqlite:///{DATA_DIR / 'redline.sqlite3'}")
    if not config.get("ENGINE"):
        raise ImproperlyConfigured(
            "DATABASE_URL is no address of a database, e.g. postgres://USER:PASSWORD@HOST:5432/NAME; empty: SQLite."
        )
    if config["ENGINE"] not in ("django.db.backends.sqlite3", "django.db.backends.postgresql"):
        raise ImproperlyConfigured(
            "DATABASE_URL is of another database: Redline runs on SQLite or PostgreSQL, "
            "e.g. postgres://USER:PASSWORD@HOST:5432/NAME; empty: SQLite."
        )
    if config["ENGINE"].endswith("sqlite3"):
        # Measured: with these, 4 writers got 400 of 400 writes through; with the defaults 10 to 20 of 100.
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-64000;",
        }
    return config


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["kb.accounts.backends.RolesOnlyBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "kb" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("REDLINE_TIME_ZONE", "UTC")

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "kb" / "assets"]
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "/media/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}


def _mail() -> dict:
    """EMAIL_BACKEND, EMAIL_HOST and so on."""
    try:
        return env.email_url("EMAIL_URL", "consolemail://")
    except (ImproperlyConfigured, ValueError) as error:  # the second: a port that is no number
        raise ImproperlyConfigured(
            "EMAIL_URL is no address of a mail server, e.g. smtp+tls://USER:PASSWORD@HOST:587 or dummymail:// for none."
        ) from error


vars().update(_mail())
EMAIL_TIMEOUT = 20  # seconds; far less than the lease on a mail (review.mailing.sending)
DEFAULT_FROM_EMAIL = env.str("REDLINE_FROM_EMAIL", "redline@localhost")
# Minutes that the first notice on a procedure waits for others before they go out as one mail.
REDLINE_MAIL_WAIT = _number("REDLINE_MAIL_WAIT", 10, least=0, most=10_080)
# Whoever enqueues a task does it, after the commit; what fails, or takes a request too long
# (review.mailing.patience), is done by the next `manage.py run_schedule`.
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}

WAGTAIL_SITE_NAME = "Redline"
WAGTAILADMIN_BASE_URL = BASE_URL
WAGTAILADMIN_LOGIN_URL = "accounts:login"
WAGTAIL_FRONTEND_LOGIN_URL = "accounts:login"
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = False  # the account pages of the site do that
WAGTAIL_PASSWORD_RESET_ENABLED = False
WAGTAIL_ENABLE_UPDATE_CHECK = False  # no request leaves this site
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_I18N_ENABLED = False
WAGTAILADMIN_PERMITTED_LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
WAGTAIL_CONTENT_LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
# Wagtail's own action publishes the newest revision, whatever was approved; ours publishes the approved one.
WAGTAIL_FINISH_WORKFLOW_ACTION = "review.workflow_end.finish_workflow"
# An autosave overwrites its own revision in place: far apart, and never one that was reviewed (procedures.models).
WAGTAIL_AUTOSAVE_INTERVAL = 5000
WAGTAILIMAGES_EXTENSIONS = ["gif", "jpg", "jpeg", "png", "webp"]
WAGTAILIMAGES_IMAGE_FORM_BASE = "procedures.admin.images.KeptImageForm"
WAGTAILDOCS_EXTENSIONS = ["csv", "docx", "pdf", "txt", "xlsx", "zip"]
MODELSEARCH_BACKENDS = {"default": {"BACKEND": "kb.desk_search.DeskSearchBackend"}}

SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True

# Lower layers reach upward through dotted names only (see each package's docstring).
REDLINE_TICKET_LOOKUP = "kb.tickets.queries.ticket_for_reference"
# How many months after its release, or its last review, a procedure is due for review; its page may say otherwise.
REDLINE_REVIEW_MONTHS = _number("REDLINE_REVIEW_MONTHS", 24, least=1, most=1_200)
# Within how many hours somebody who answers for the procedure gives a first answer to a safety comment.
REDLINE_SAFETY_HOURS = _number("REDLINE_SAFETY_HOURS", 4, least=1, most=8_760)
# So many days it is kept what was searched for, without a name; 0 keeps nothing.
REDLINE_SEARCH_LOG_DAYS = _number("REDLINE_SEARCH_LOG_DAYS", 180, least=0, most=36_500)
REDLINE_SEARCH_ENGINE = env.str("REDLINE_SEARCH_ENGINE", "auto")
REDLINE_ELASTICSEARCH_URL = env.str("REDLINE_ELASTICSEARCH_URL", "")
REDLINE_ELASTICSEARCH_CA = env.str("REDLINE_ELASTICSEARCH_CA", "")
REDLINE_ELASTICSEARCH_PREFIX = env.str("REDLINE_ELASTICSEARCH_PREFIX", "redline")
REDLINE_ELASTICSEARCH_SHARDS = _number("REDLINE_ELASTICSEARCH_SHARDS", 1, least=1, most=1_024)
# Seconds that a visitor waits for the cluster, at most, before the database answers instead.
REDLINE_ELASTICSEARCH_TIMEOUT = _number("REDLINE_ELASTICSEARCH_TIMEOUT", 1, least=1, most=3_600)
REDLINE_SEARCH_SIDECAR = BASE_DIR / env.str("REDLINE_SEARCH_SIDECAR", str(DATA_DIR / "search.sqlite3"))
# Also by meaning, with a local model: needs what requirements-semantic.lock names.
REDLINE_SEARCH_MEANING = env.bool("REDLINE_SEARCH_MEANING", False)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": env.str("REDLINE_LOG_LEVEL", "WARNING")},
}
