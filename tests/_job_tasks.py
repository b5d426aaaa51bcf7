"""Tasks for tests of background work. Effects are rows of a table in the tenant's schema."""

import time

from ostiary.jobs import public as jobs

EFFECTS = (
    "create table @.test_effect (job uuid not null, thing bigint not null, piece bigint not null,"
    " at timestamptz not null default clock_timestamp());"
)
PIECES = 3
STEPS = 40
_EFFECT = "insert into @.test_effect (job, thing, piece) values (%(job)s, %(thing)s, %(piece)s)"


def once(run: jobs.Run) -> None:
    """One transaction, and the job is done with it."""
    with run.open(finish=True) as ctx:
        ctx.db.run(_EFFECT, {"job": run.job_id, "thing": run.arguments["thing"], "piece": 0})


def pieces(run: jobs.Run) -> None:
    """Piece by piece, each in its transaction with the note of it."""
    for piece in range(run.cursor.get("next", 0), PIECES):
        with run.open() as ctx:
            ctx.db.run(_EFFECT, {"job": run.job_id, "thing": run.arguments["thing"], "piece": piece})
            run.note(ctx, done=piece + 1, total=PIECES, cursor={"next": piece + 1})


def steps(run: jobs.Run) -> None:
    """Many pieces, each slow enough to be stopped after it."""
    for piece in range(run.cursor.get("next", 0), STEPS):
        with run.open() as ctx:
            ctx.db.run(_EFFECT, {"job": run.job_id, "thing": run.arguments["thing"], "piece": piece})
            run.note(ctx, done=piece + 1, total=STEPS, cursor={"next": piece + 1})
        time.sleep(0.1)


def plain(run: jobs.Run) -> None:
    """Its effect and its end are two transactions: at least once."""
    with run.open() as ctx:
        ctx.db.run(_EFFECT, {"job": run.job_id, "thing": run.arguments["thing"], "piece": 0})


def slow(run: jobs.Run) -> None:
    """Works for as many milliseconds as it is told, without a transaction."""
    time.sleep(run.arguments["ms"] / 1000)
    plain(run)


def flaky(run: jobs.Run) -> None:
    """Fails as often as it is told, then works."""
    if run.attempt <= run.arguments["times"]:
        raise RuntimeError("Jane Doe, 4111 1111 1111 1111")
    once(run)


def register() -> None:
    """Make them known, once in a process."""
    thing = {"thing": jobs.Kind.INTEGER}
    patient = jobs.Retry(attempts=3, first_s=60.0)
    for task in (
        jobs.Task("tests.effect.once", once, thing),
        jobs.Task("tests.effect.pieces", pieces, thing),
        jobs.Task("tests.effect.steps", steps, thing),
        jobs.Task("tests.effect.plain", plain, thing),
        jobs.Task("tests.effect.slow", slow, {**thing, "ms": jobs.Kind.INTEGER}, lane=jobs.Lane.BULK),
        jobs.Task("tests.effect.flaky", flaky, {**thing, "times": jobs.Kind.INTEGER}, retry=patient),
        jobs.Task("tests.effect.quick", once, thing, lane=jobs.Lane.INTERACTIVE),
        jobs.Task("tests.effect.operate", once, thing, operator=True),
    ):
        if jobs.find_task(task.name) is None:
            jobs.register(task)
