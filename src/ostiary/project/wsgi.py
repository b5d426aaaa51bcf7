"""The WSGI application. `project._database.configure_web` has to run first in the process."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ostiary.project.settings")

application = get_wsgi_application()

from ostiary.project import registry  # noqa: E402  needs Django's settings

registry.routes()  # a node with a route that has no guard or no event does not start
