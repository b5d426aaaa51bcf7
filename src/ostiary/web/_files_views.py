"""Files under records: sent by a form, and taken to be saved."""

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from ostiary.kernel.entries import RECORDS
from ostiary.kernel.ids import RecordId
from ostiary.pages import public as pages
from ostiary.records import public as records
from ostiary.web._frame import reader_of
from ostiary.web._responses import done, page_response
from ostiary.web._uploads import pass_over, uploads_of
from ostiary.web._view import READ, WRITE, answers

_PATIENCE = 10  # times the largest file: so much of a refused form is read and dropped


@answers(WRITE, guard=RECORDS, writes="records.record.created")
def attachments(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """POST /o/<object>/<id>/attachments: the files of a form, all or none of them."""
    most = _PATIENCE * records.attachment_limit(request.ctx)
    try:
        result = pages.submit_files(reader_of(request), code, record_id, uploads_of(request))
    finally:
        pass_over(request, most)
    if isinstance(result, pages.Refused):
        return page_response(request, result.view, code, result.status)
    return done(result.back, "added")


@answers(READ, guard=RECORDS, reads="records.attachment.opened")
def content(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """GET /o/<object>/<id>/content: the bytes of a file, to be saved and not shown."""
    file, chunks = records.open_attachment(request.ctx, code, record_id)
    headers = {
        "Content-Disposition": content_disposition_header(True, file.name),
        "Content-Length": str(file.size),
    }
    return StreamingHttpResponse(chunks, content_type=file.content_type, headers=headers)
