"""The WSGI application. `project._database.configure_web` has to run first in the process."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ostiary.project.settings")

application = get_wsgi_application()
