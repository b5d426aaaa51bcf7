"""Every route of the product."""

from django.urls import include, path

from ostiary.api import public as api
from ostiary.web import public as web

urlpatterns = [
    path("api/", include((api.urlpatterns, "api"))),
    path("", include((web.urlpatterns, "web"))),
]
