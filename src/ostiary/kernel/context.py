"""The Context value: who acts, where, why and through what. Passed as an argument, never a global."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from ostiary.kernel.ids import PrincipalId, TenantId, new_id
from ostiary.kernel.ports import Db


class Channel(StrEnum):
    """The way by which a request came in."""

    WEB = "web"
    API = "api"
    CLI = "cli"
    IMPORT = "import"
    JOB = "job"


@dataclass(slots=True)
class Vouch:
    """A sign-in that was verified at `epoch`. tested: it was compared with the epoch of the rights used."""

    epoch: int
    tested: bool = False


@dataclass(slots=True)
class Batch:
    """Changes of rights that are made together, by the rights of their beginning. changed: there was one."""

    changed: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a decision and its event need to know about a request.

    principal: the acting person or service account; None only before sign-in, and then nothing is permitted.
    purpose: short code of the purpose of processing, recorded with the event.
    ip, client: technical context, personal data, only ever stored in erasable event parts.
    tentative: the transaction may be rolled back although its answer is sent.
    vouch: the sign-in was verified earlier and holds at one epoch alone; None: verified in this transaction.
    batch: the changes that this is one of; None: it stands alone.
    """

    tenant_id: TenantId
    db: Db
    principal: PrincipalId | None
    channel: Channel
    purpose: str = "work"
    request_id: UUID = field(default_factory=new_id)
    ip: str = ""
    client: str = ""
    vouch: Vouch | None = None
    tentative: bool = False
    batch: Batch | None = None

    def acting_as(self, principal: PrincipalId | None) -> "Context":
        """The same request in the name of `principal`."""
        return replace(self, principal=principal, vouch=None)

    def vouched(self, principal: PrincipalId, epoch: int) -> "Context":
        """The same request in the name of `principal`, whose sign-in was verified at `epoch`."""
        return replace(self, principal=principal, vouch=Vouch(epoch))

    def within(self, db: Db) -> "Context":
        """The same request in another transaction."""
        return replace(self, db=db)

    @property
    def actor(self) -> PrincipalId:
        """The principal, where one is required."""
        if self.principal is None:
            raise RuntimeError("no principal in this context: sign-in has not happened")
        return self.principal
