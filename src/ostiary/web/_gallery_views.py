"""The gallery of components, for whoever changes the solution."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from ostiary.access import public as access
from ostiary.kernel.entries import Silent, needs
from ostiary.pages import public as pages
from ostiary.web._frame import GALLERY_URL, contrast_of, frame_of, read_contrast, read_theme, theme_of
from ostiary.web._view import READ, answers

_GUARD = needs(access.Operation.MANAGE_SOLUTION.value)


@answers(READ, guard=_GUARD, reads=Silent("made-up values in the templates of the release"))
def gallery(request: HttpRequest) -> HttpResponseBase:
    """GET /design?theme=&contrast=: every component in every state, in a theme or in one's own."""
    access.ensure_operation(request.ctx, access.Operation.MANAGE_SOLUTION)
    theme = read_theme(request.GET.get("theme", theme_of(request)))
    contrast = read_contrast(request.GET.get("contrast", contrast_of(request)))
    view = pages.gallery_view(GALLERY_URL, theme, contrast)
    frame = replace(frame_of(request, GALLERY_URL), theme=theme, contrast=contrast)
    return HttpResponse(pages.render(view, frame), headers={"Vary": "HX-Request, Cookie"})
