"""What the pages of the role matrix have in common: guard, addresses, frame."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse

from ostiary import ui
from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.kernel.entries import needs
from ostiary.kernel.errors import NotFound
from ostiary.ui.values import Head
from ostiary.web._frame import MATRIX_URL, frame_of, reader_of

GUARD = needs(access.Operation.MANAGE_RIGHTS.value)
FINDINGS_URL = f"{MATRIX_URL}/findings"
_LONGEST_NUMBER = 6


def matrix_of(request: HttpRequest) -> assurance.Matrix:
    """The matrix with captions in the reader's language."""
    return replace(assurance.view_matrix(request.ctx), catalogue=reader_of(request).catalogue)


def matrix_response(
    request: HttpRequest, template: str, head: Head, status: int = 200, **values: object
) -> HttpResponse:
    """A page of the role matrix in its frame."""
    html = ui.render(template, frame=frame_of(request, MATRIX_URL), head=head, **values)
    response = HttpResponse(html, status=status)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def number_of(text: str) -> int:
    """The number of a page, from 1 on. Raises NotFound."""
    if not text.isascii() or not text.isdigit() or len(text) > _LONGEST_NUMBER or int(text) < 1:
        raise NotFound
    return int(text)
