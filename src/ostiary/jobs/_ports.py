"""What a task sees of its job."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, NewType, Protocol
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.kernel.ports import Tenant

JobId = NewType("JobId", UUID)


class Run(Protocol):
    """One attempt at a job. What `open` commits is done once: a later attempt goes on at `cursor`."""

    @property
    def job_id(self) -> JobId: ...

    @property
    def tenant(self) -> Tenant: ...

    @property
    def arguments(self) -> Mapping[str, Any]:
        """By name; ids as UUID, instants as datetime."""

    @property
    def attempt(self) -> int:
        """1 for the first."""

    @property
    def cursor(self) -> Mapping[str, Any]:
        """What the last committed `note` kept; empty at first."""

    def open(self, *, finish: bool = False) -> AbstractContextManager[Context]:
        """One transaction as the tenant, in the name of whoever asked, channel JOB.

        finish: the job is done when this transaction commits, so its effect happens exactly once.
        Raises: GivenUp: the job went on elsewhere, was discarded, or the worker has to stop.
        """

    def open_as_owner(self) -> AbstractContextManager[Context]:
        """The same as the owner role, whose `db` can run DDL; only for tasks that declare `owner`."""

    def note(
        self, ctx: Context, *, done: int, total: int | None = None, cursor: Mapping[str, Any] | None = None
    ) -> None:
        """Keep progress and where to go on, in the transaction of `ctx`.

        cursor: ids, codes, integers, instants and flags, 4096 bytes as JSON. Raises Invalid: anything else.
        """
