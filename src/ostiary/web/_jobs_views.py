"""Background work of the tenant: what waits, runs and failed, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.http import urlencode

from ostiary import ui
from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.jobs import public as jobs
from ostiary.kernel.entries import Silent, needs
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Action, Empty, Head, Link
from ostiary.web._frame import JOBS_URL, frame_of, reader_of
from ostiary.web._view import FORM, READ, WRITE, answers

PAGE = 50
_GUARD = needs(access.Operation.MANAGE_JOBS.value)
_CODES = Silent("names, states and figures of jobs: codes and ids, no record")
_TONES: Mapping[jobs.JobState, str] = {
    jobs.JobState.WAITING: "amber",
    jobs.JobState.RUNNING: "blue",
    jobs.JobState.FAILED: "bad",
    jobs.JobState.DONE: "ok",
    jobs.JobState.DISCARDED: "hollow",
}
_LANES = {
    "interactive": lambda: _("Somebody waits for it"),
    "default": lambda: _("Usual"),
    "bulk": lambda: _("Has time"),
}


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as the page shows it. done: percent of what is known to be there, or None."""

    id: UUID
    task: str
    url: str
    state: str
    tone: str
    progress: str
    percent: int | None
    asked: str
    failures: str
    error: str
    may_retry: bool
    may_discard: bool


@answers(READ, guard=_GUARD, reads=_CODES)
def list_page(request: HttpRequest) -> HttpResponseBase:
    """GET /jobs?state=&after=."""
    state, after = _state(request.GET.get("state", "")), _id(request.GET.get("after", ""))
    found = access.list_jobs(request.ctx, state=state, after=after, limit=PAGE + 1)
    rows = [_row(request, job) for job in found[:PAGE]]
    more = _address(state, found[PAGE - 1].id) if len(found) > PAGE else ""
    return _page(
        request,
        "web/jobs.html",
        Head(_("Background work")),
        tabs=_tabs(state),
        rows=rows,
        empty=None if rows else _empty(state, after),
        first_url=_address(state) if after else "",
        next_url=more,
    )


@answers(READ, guard=_GUARD, reads=_CODES)
def job_page(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """GET /jobs/<id>."""
    job = access.get_job(request.ctx, jobs.JobId(job_id))
    return _page(request, "web/job.html", _head(job), row=_row(request, job), facts=_facts(request, job))


@answers(WRITE, guard=_GUARD, writes="jobs.job.retried")
def retry(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """POST /jobs/<id>/retry."""
    access.retry_job(request.ctx, jobs.JobId(job_id))
    return HttpResponseRedirect(f"{JOBS_URL}/{job_id}?done=queued")


@answers(FORM, guard=_GUARD, reads=_CODES, writes="jobs.job.discarded")
def discard(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """GET, POST /jobs/<id>/discard: asked for once more, since it cannot be taken back."""
    job = access.get_job(request.ctx, jobs.JobId(job_id))
    if request.method == "POST":
        access.discard_job(request.ctx, job.id)
        return HttpResponseRedirect(f"{JOBS_URL}/{job_id}?done=discarded")
    if not _may_discard(job):
        raise NotFound
    return _page(request, "web/job_discard.html", _head(job), row=_row(request, job))


def _page(request: HttpRequest, template: str, head: Head, **values: object) -> HttpResponse:
    html = ui.render(template, frame=frame_of(request, JOBS_URL), head=head, **values)
    response = HttpResponse(html)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def _head(job: jobs.Job) -> Head:
    return Head(job.task, crumbs=(Link(_("Background work"), JOBS_URL),))


def _state(code: str) -> jobs.JobState | None:
    if code and code not in list(jobs.JobState):
        raise NotFound
    return jobs.JobState(code) if code else None


def _id(text: str) -> jobs.JobId | None:
    try:
        return jobs.JobId(UUID(text)) if text else None
    except ValueError:
        raise NotFound from None


def _address(state: jobs.JobState | None, after: UUID | None = None) -> str:
    query = urlencode({k: str(v) for k, v in (("state", state), ("after", after)) if v})
    return f"{JOBS_URL}?{query}" if query else JOBS_URL


def _words(state: jobs.JobState) -> str:
    return {
        jobs.JobState.WAITING: _("Waiting"),
        jobs.JobState.RUNNING: _("Running"),
        jobs.JobState.FAILED: _("Failed"),
        jobs.JobState.DONE: _("Done"),
        jobs.JobState.DISCARDED: _("Discarded"),
    }[state]


def _tabs(chosen: jobs.JobState | None) -> list[Link]:
    every = Link(_("All"), JOBS_URL, current=chosen is None)
    return [every, *(Link(_words(s), _address(s), current=s is chosen) for s in jobs.JobState)]


def _empty(state: jobs.JobState | None, after: UUID | None) -> Empty:
    if state is None and after is None:
        text = _("Work that takes longer than a page, or happens by the clock, will be listed here.")
        return Empty(_("No background work yet"), text, "list-check")
    back = (Action(_("Show all"), JOBS_URL, "list"),)
    if state is jobs.JobState.FAILED:
        return Empty(_("Nothing failed"), _("Jobs whose last attempt fails are kept here."), "check", back)
    return Empty(_("No such job"), _("No job is in this state now."), "list-check", back)


def _row(request: HttpRequest, job: jobs.Job) -> JobRow:
    reader = reader_of(request)
    return JobRow(
        job.id,
        job.task,
        f"{JOBS_URL}/{job.id}",
        _words(job.state),
        _TONES[job.state],
        _progress(job),
        None if not job.total else min(100, 100 * job.done // job.total),
        words.moment(job.created_at, reader.now, reader.zone),
        str(job.failures) if job.failures else "",
        _error(job),
        may_retry=job.state is jobs.JobState.FAILED,
        may_discard=_may_discard(job),
    )


def _may_discard(job: jobs.Job) -> bool:
    return job.state in (jobs.JobState.FAILED, jobs.JobState.WAITING)


def _progress(job: jobs.Job) -> str:
    if job.total is None:
        return words.number(job.done) if job.done else ""
    return _("%(done)s of %(total)s") % {"done": words.number(job.done), "total": words.number(job.total)}


def _error(job: jobs.Job) -> str:
    return " · ".join(part for part in (job.error, job.error_code) if part)


def _facts(request: HttpRequest, job: jobs.Job) -> list[tuple[str, str]]:
    """What there is to know, as (name, value); nothing for what does not apply."""
    reader = reader_of(request)

    def at(value: object) -> str:
        return words.instant(value, reader.zone) if hasattr(value, "astimezone") else ""  # type: ignore[arg-type]  # an instant

    facts = [
        (_("Asked"), at(job.created_at)),
        (_("Asked by"), _asker(request, job)),
        (_("Not before"), at(job.run_at) if job.state is jobs.JobState.WAITING else ""),
        (_("Held back because"), job.postponed or ""),
        (_("Begun"), at(job.begun_at)),
        (_("Ended"), at(job.ended_at)),
        (_("Progress"), _progress(job)),
        (_("Failed attempts"), words.number(job.failures) if job.failures else ""),
        (_("Last error"), _error(job)),
        (_("Urgency"), _LANES[job.lane]()),
        (_("Key"), job.key or ""),
        *((f"{name}", "" if value is None else str(value)) for name, value in sorted(job.arguments.items())),
    ]
    return [fact for fact in facts if fact[1]]


def _asker(request: HttpRequest, job: jobs.Job) -> str:
    if job.principal is None:
        return _("The system")
    person = UnitId(job.principal)
    return identity.names_of(request.ctx, [person]).get(person, "")
