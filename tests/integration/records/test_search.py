"""Search: by columns and records that this reader may read, whatever else has the words."""

import pytest

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid
from ostiary.kernel.words import words_of, words_query
from ostiary.objects import public as objects
from ostiary.records import _search
from ostiary.records import public as records
from tests.integration.records._viewers import Viewers, give_level, make_viewers, person, statements

pytestmark = pytest.mark.database


@pytest.fixture
def viewers(admin: Context) -> Viewers:
    made = make_viewers(admin)
    for author, name in ((made.one, "Zephyr pumps"), (made.two, "Blue zephyr"), (made.two, "Zephyr")):
        records.create_record(author, "opportunity", {"name": name})
    records.create_record(
        made.one,
        "account",
        {"name": "O'Brien & Sóns", "email": "post@zephyr-works.example", "phone": "+49 30 5"},
    )
    return made


def found(ctx: Context, text: str, codes: tuple[str, ...] | None = None) -> dict[str, list[str | None]]:
    return {h.object: [hit.display for hit in h.hits] for h in records.search_records(ctx, text, codes)}


def test_each_reader_finds_what_that_reader_may_read(viewers: Viewers) -> None:
    account = {"account": ["O'Brien & Sóns"]}
    assert [found(v, "zephyr") for v in viewers.all()] == [
        account | {"opportunity": ["Zephyr pumps"]},
        account | {"opportunity": ["Zephyr", "Blue zephyr"]},
        account | {"opportunity": ["Zephyr", "Zephyr pumps", "Blue zephyr"]},
        account | {"opportunity": ["Zephyr", "Zephyr pumps", "Blue zephyr"]},
    ]


@pytest.mark.parametrize(
    "text", ["zeph pum", "PUMPS zephyr", "zéphyr", "zephyr p", "Zephyr-pumps"], ids=lambda t: t
)
def test_every_word_begins_one_of_the_record_in_any_order_case_and_accent(
    viewers: Viewers, text: str
) -> None:
    names = found(viewers.one, text, ("opportunity",))
    assert names == {"opportunity": ["Zephyr pumps"]}
    assert found(viewers.one, f"{text} nothing", ("opportunity",)) == {}


@pytest.mark.parametrize("text", ["o'brien", "brien sons", "works.example", "+49 (30)", "acc-0"])
def test_addresses_numbers_and_names_are_split_as_they_are_asked_for(viewers: Viewers, text: str) -> None:
    assert "O'Brien & Sóns" in found(viewers.one, text, ("account",)).get("account", [])


@pytest.mark.parametrize("text", ["a' | 'b", "\\", "'zephyr':*", "zephyr & !pumps", "%%", "__", "(zeph"])
def test_signs_of_the_database_are_signs(viewers: Viewers, text: str) -> None:
    assert found(viewers.two, f"{text} zephyr").keys() <= {"account", "opportunity"}


@pytest.mark.parametrize("level", [access.ColumnLevel.NONE, access.ColumnLevel.MASKED])
def test_a_column_below_read_takes_no_part(viewers: Viewers, level: access.ColumnLevel) -> None:
    give_level(viewers.admin, "account", "email", viewers.one, level)
    give_level(viewers.admin, "opportunity", "name", viewers.one, level)
    assert found(viewers.one, "zephyr") == {}
    assert found(viewers.two, "zephyr").keys() == {"account", "opportunity"}
    number = records.list_records(viewers.one, records.RecordQuery("opportunity")).records()[0]["number"]
    assert found(viewers.one, number) == {"opportunity": [None]}  # found by what may be read, not named


def test_an_object_that_is_closed_is_not_searched(viewers: Viewers) -> None:
    stranger = person(viewers.admin, "stranger", "marketing")
    assert found(stranger, "zephyr").keys() == {"account"}
    with pytest.raises(AccessDenied):
        found(stranger, "zephyr", ("opportunity",))
    assert found(viewers.one, "north", ("region",)).keys() == {"region"}
    assert "region" not in found(viewers.admin, "north america")


def test_a_reader_of_few_and_a_reader_of_many_find_the_same(
    viewers: Viewers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shape in (True, False):
        monkeypatch.setattr(_search, "sees_few", lambda _ctx, _view, shape=shape: shape)
        for viewer in viewers.all():
            if shape and viewer is viewers.admin:
                continue  # a reader of everything has no branches
            listed = records.list_records(viewer, records.RecordQuery("opportunity")).records()
            names = found(viewer, "zephyr", ("opportunity",))["opportunity"]
            assert sorted(map(str, names)) == sorted(r["name"] for r in listed)


def test_more_is_said_and_all_objects_are_one_statement(
    viewers: Viewers, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.search_records(viewers.admin, "zephyr")
    with statements(monkeypatch) as run:
        hits = records.search_records(viewers.admin, "zephyr", limit=2)
    assert [(h.object, len(h.hits), h.more) for h in hits] == [
        ("account", 1, False),
        ("opportunity", 2, True),
    ]
    assert len(run) == 1


@pytest.mark.parametrize("text", ["", " ", "a", "a b c", "-", " ".join(f"w{n}" for n in range(9)), "x" * 201])
def test_too_little_and_too_much_to_search_for_is_refused(admin: Context, text: str) -> None:
    with pytest.raises(Invalid):
        records.search_records(admin, text)


def test_the_words_are_found_by_their_indexes(viewers: Viewers) -> None:
    """The index has the same expression as the statement: otherwise no plan could use it."""
    column = objects.find_object(viewers.admin, "opportunity").columns["name"]
    db = viewers.admin.db
    for way in ("seqscan", "indexscan", "indexonlyscan"):  # of the few rows here others may be cheaper
        db.run(f"set local enable_{way} = off")
    plan = db.rows(
        f"explain select 1 from @.rec_opportunity r where {words_of(f'r.{column.sort_column}')}"
        " @@ %(w)s::tsquery",
        {"w": words_query("zephyr")},
    )
    assert "rec_opportunity__name__sort__words" in str(plan)
