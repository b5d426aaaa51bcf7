"""Django's settings. What an installation decides comes from its file and the environment."""

import secrets
from pathlib import Path

from ostiary.project import _logs
from ostiary.project._installation import environment
from ostiary.project._transport import Transport

ENVIRONMENT = environment()
TRANSPORT = Transport.from_environment(ENVIRONMENT)

# Nothing lasting is signed with it: sessions and keys are random and stored hashed.
SECRET_KEY = ENVIRONMENT.get("OSTIARY_SECRET_KEY") or secrets.token_urlsafe(48)
DEBUG = False
ALLOWED_HOSTS = ["*"]  # the outermost middleware finds the tenant by host and refuses every other
ROOT_URLCONF = "ostiary.project.urls"
WSGI_APPLICATION = "ostiary.project.wsgi.application"
INSTALLED_APPS = [
    "ostiary.crypto",
    "ostiary.audit",
    "ostiary.settings",
    "ostiary.identity",
    "ostiary.access",
    "ostiary.objects",
    "ostiary.records",
    "ostiary.assurance",
    "ostiary.dashboards",
    "ostiary.pages",
]
MIDDLEWARE = [
    "ostiary.project.middleware.RequestMiddleware",
    "ostiary.project.middleware.WebCsrfMiddleware",
]
TEMPLATES: list[dict[str, object]] = []
# Django's own connection serves migrations alone (project._migrations); requests use tenancy's.
DATABASES = {"default": {"ENGINE": "django.db.backends.dummy"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
FILE_UPLOAD_HANDLERS = ["ostiary.web.public.StreamedFiles"]  # Django's own keep what anybody sends
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = _logs.settings_from(ENVIRONMENT)
SHARED = Path(ENVIRONMENT.get("OSTIARY_SHARED", "../shared"))

for _name, _value in TRANSPORT.django_settings().items():
    globals()[_name] = _value
