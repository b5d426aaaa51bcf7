"""Files brought in by people, from the first byte to the end of the job."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.kernel.ids import PrincipalId, UnitId
from ostiary.project._tenants import NewTenant
from ostiary.records import public as records
from tests._jobs import run_due_jobs
from tests.integration.objects._worlds import BOAT, inside

HARBOUR = (
    BOAT.replace("boat", "harbour")
    .replace("Boat", "Harbour")
    .replace("  - {column: length_m, type: decimal}\n", "")
    .replace(", length_m", "")
)


class Desk:
    """Somebody who imports boats."""

    def __init__(self, home: NewTenant, who: UnitId, code: str = "boat") -> None:
        self.home, self.who, self.code = home, who, code

    def own(self, ctx: Context) -> Context:
        return ctx.acting_as(PrincipalId(self.who))

    def send(self, content: bytes, name: str = "boats.csv") -> UUID:
        with inside(self.home) as ctx:
            return records.take_file(self.own(ctx), self.code, name, [content])

    def plan(self, made: UUID) -> records.FilePlan:
        with inside(self.home) as ctx:
            own = self.own(ctx)
            return records.import_plan(own, records.get_import(own, made))

    def start(
        self, made: UUID, *, check: bool = False, key: Sequence[str] = ("name",), **more: object
    ) -> None:
        columns = self.plan(made).columns
        choice = replace(records.ImportChoice(columns, key), **more)  # type: ignore[arg-type]  # checked by replace
        with inside(self.home) as ctx:
            records.start_import(self.own(ctx), made, choice, check=check)

    def run(self, content: bytes, name: str = "boats.csv", **more: object) -> UUID:
        """Send, start, and wait for the end."""
        made = self.send(content, name)
        self.start(made, **more)  # type: ignore[arg-type]  # as they come
        run_due_jobs()
        return made

    def seen(self, made: UUID) -> records.Import:
        with inside(self.home) as ctx:
            return records.get_import(self.own(ctx), made)

    def noted(self, made: UUID) -> records.Noted:
        with inside(self.home) as ctx:
            own = self.own(ctx)
            return records.import_noted(own, records.get_import(own, made))

    def result(self, made: UUID) -> list[list[str]]:
        with inside(self.home) as ctx:
            text = b"".join(records.import_result(self.own(ctx), made)).decode("utf-8-sig")
        return [line.split(",") for line in text.splitlines()[1:]]

    def fates(self, made: UUID) -> dict[str, int]:
        found = self.seen(made)
        return {fate: count for fate, count in found.fates(found.phase).items() if count}

    def undo(self, made: UUID) -> None:
        with inside(self.home) as ctx:
            records.undo_import(self.own(ctx), made)
        run_due_jobs()

    def found(self, prefix: str) -> dict[str, dict[str, object]]:
        """Records of which the name begins so, by name."""
        with inside(self.home) as ctx:
            test = records.Compare("name", records.Op.STARTS_WITH, prefix)
            page = records.list_records(ctx, records.RecordQuery(self.code, filter=test, limit=1_000))
            return {str(record["name"]): record for record in page.records()}
