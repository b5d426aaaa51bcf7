"""REST of files under records: bytes come as the body of a request and go as that of an answer."""

from collections.abc import Iterator
from urllib.parse import quote

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from ostiary.api._asked import answers, not_allowed, refuse
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid, NotFound, VouchExpired
from ostiary.kernel.ids import RecordId
from ostiary.records import public as records

_CHUNK = 64 * 1024


@answers({"POST": "records.record.created"})
def attachments(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponse:
    """POST puts a file under a record: the body is its bytes, `name` is a parameter."""
    if request.method != "POST":
        return not_allowed(request, "POST")
    ctx: Context = request.ctx  # set by the outermost middleware
    if ctx.vouch is not None:
        raise VouchExpired  # a body comes once: the key is verified now, so that nothing is begun anew later
    name, size = _name_of(request), _size_of(request)
    if "Idempotency-Key" in request.headers:
        raise refuse("Idempotency-Key", "unsupported", "A file that is sent again is another file")
    if request.content_type == "multipart/form-data":
        raise refuse("Content-Type", "unsupported", "Send the bytes of the file themselves, not a form")
    try:
        record = records.attach(ctx, code, record_id, name, _chunks(request, size), request.content_type)
    except Invalid as refusal:
        if [error.code for error in refusal.errors] == ["not_found"]:
            raise NotFound from None  # the record itself: absent or hidden
        raise
    seen = record.json if record.visible else orjson.dumps({"id": record.id, "visible": False})
    response = HttpResponse(seen, status=201, content_type="application/json")
    response.headers["ETag"] = f'"{record.version}"'
    response.headers["Location"] = f"/api/v1/records/{quote(code)}/{record.id}/content"
    return response


@answers({"GET": "records.attachment.opened"})
def content(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """GET gives the bytes of a file, to be saved and not shown."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    file, chunks = records.open_attachment(request.ctx, code, record_id)
    tag = f'"{file.checksum}"'
    if tag in (each.strip() for each in request.headers.get("If-None-Match", "").split(",")):
        return HttpResponse(status=304, headers={"ETag": tag})
    response = StreamingHttpResponse(chunks, content_type=file.content_type)
    response.headers["Content-Length"] = str(file.size)
    response.headers["Content-Disposition"] = content_disposition_header(True, file.name)
    response.headers["ETag"] = tag
    return response


def _name_of(request: HttpRequest) -> str:
    given: list[str] = request.GET.getlist("name")
    if len(given) != 1 or set(request.GET) != {"name"}:
        raise refuse("name", "required", "Say the name of the file, once and nothing else, as ?name=")
    return given[0]


def _size_of(request: HttpRequest) -> int:
    """How many bytes are announced: what ends before is no whole file."""
    given: str = request.META.get("CONTENT_LENGTH") or ""
    if not given.isascii() or not given.isdigit() or len(given) > 15:
        raise refuse("Content-Length", "required", "Say the size of the file in Content-Length")
    return int(given)


def _chunks(request: HttpRequest, size: int) -> Iterator[bytes]:
    left = size
    while left and (chunk := request.read(min(_CHUNK, left))):
        left -= len(chunk)
        yield chunk
    if left:
        raise refuse("", "broken_off", "The file ended before its announced size")
