"""Whatever is done to a backup's file or folder is noticed, in words, and nothing becomes visible."""

import errno
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson
import pytest

from ostiary.crypto import public as crypto
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import OstiaryError
from ostiary.project._tenants import create_tenant
from ostiary.project.backup import _folder, _sealed, _whole_restore
from ostiary.project.backup._content import Content
from ostiary.project.backup._errors import BackupDamaged, BackupRefused
from ostiary.project.backup._frames import Kind, Pull, compressed, frame, note, read_frames
from ostiary.project.backup._plan import Wish
from ostiary.project.backup._restore import restore_tenant
from ostiary.project.backup._save import back_up_tenant
from ostiary.project.backup._sealed import write_sealed
from ostiary.project.backup._verify import verify_tenant
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation


@pytest.fixture(scope="module")
def file(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    new = create_tenant(
        f"hb{installation.worker}", "Small", [], login="a", person="A", email="", password=None
    )
    with tenancy.transaction(new.tenant) as db:
        ctx = Context(new.tenant.id, db, new.administrator, Channel.CLI)
        for number in range(3):  # what is encrypted does not compress: several chunks
            crypto.put_secret(ctx, f"large.{number}", "x" * 60_000)
    path = tmp_path_factory.mktemp("hostile") / "small.ostiary"
    back_up_tenant(new.tenant, path)
    return path


def altered(content: bytes) -> Iterator[tuple[str, bytes]]:
    """A bit flipped in every part, cut short in every part, continued, exchanged."""
    marks = {"magic": 3, "length of the head": 15, "head": 40, "salt": 200, "first chunk": 400}
    marks |= {"middle": len(content) // 2, "last byte": len(content) - 1}
    for what, at in marks.items():
        yield f"bit in the {what}", content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    stream = content.index(b"OST1")
    for what, size in {**marks, "nothing": 0, "first chunk's end": stream + 37 + 65_536 + 16}.items():
        yield f"cut at the {what}", content[:size]
    yield "continued", content + b"\x00"
    yield "twice", content + content
    yield "another kind of file", b"PK\x03\x04" + content


def test_each_altered_file_is_refused(file: Path) -> None:
    verify_tenant(file)
    unnoticed = []
    for what, content in altered(file.read_bytes()):
        path = file.with_name("altered.ostiary")
        path.write_bytes(content)
        said = refusal(path)
        if said is None or len(said) < 10:
            unnoticed.append(what)
    assert unnoticed == []


def refusal(path: Path) -> str | None:
    try:
        verify_tenant(path)
    except OstiaryError as error:
        return error.message
    return None


def test_a_cut_file_restores_nothing(file: Path, installation: Installation) -> None:
    slug = f"hc{installation.worker}"
    path = file.with_name("cut.ostiary")
    path.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(BackupDamaged, match="altered or cut short"):
        restore_tenant(path, Wish(slug, [f"{slug}.test"]))
    assert slug not in {t.slug for t in tenancy.list_tenants()}
    restore_tenant(file, Wish(slug, [f"{slug}.test"]))  # what the attempt left is in nobody's way
    assert slug in {t.slug for t in tenancy.list_tenants()}


def test_another_installations_key_does_not_open_it(file: Path, tmp_path: Path) -> None:
    before = crypto.installation_key_id("backup").partition(".")[0]
    other = crypto.ensure_plaintext_root(tmp_path / "root.key")
    own = crypto.installation_key("backup")
    head = _sealed.read_head(file)
    assert head.key_id.startswith(before)
    with pytest.raises(crypto.RootMissing, match=before[:8]):
        other.derive(b"any", before)
    assert other.derive(b"any") != own


def test_a_later_format_and_a_later_release_are_refused_by_name(file: Path) -> None:
    content = file.read_bytes()
    later = file.with_name("later.ostiary")
    later.write_bytes(content.replace(b'"format":1', b'"format":2', 1))
    with pytest.raises(BackupRefused, match="format 2, this release reads 1"):
        verify_tenant(later)
    rewritten(file, later, lambda said: said["tenant"].update(release=99))
    with pytest.raises(BackupRefused, match="release 99"):
        restore_tenant(later, Wish("later", ["later.test"]))


def rewritten(file: Path, target: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """The same backup with another header, sealed by somebody who has the key."""
    target.unlink(missing_ok=True)
    with _sealed.open_sealed(file) as (_, source):
        frames = list(read_frames(source))
    said = orjson.loads(frames[0][1])
    change(said)
    pieces = [note(Kind.HEADER, said), *(frame(kind, payload) for kind, payload in frames[1:])]
    write_sealed(target, "tenant", compressed(iter(pieces)))


def test_names_of_a_forged_header_reach_nothing(file: Path) -> None:
    """Even somebody with the key cannot name a schema, a role or a file through the header."""
    forged = file.with_name("forged.ostiary")
    for slug in ("x; drop schema public", "../../etc", "pg_catalog", "", "A" * 40):
        named = {"slug": slug, "id": str(uuid5(NAMESPACE_URL, slug))}
        rewritten(file, forged, partial(rename, named))
        with pytest.raises(OstiaryError):
            restore_tenant(forged, Wish(hosts=["forged.test"]))
    rewritten(file, forged, lambda said: said["tenant"].update(schema='t"; drop schema public; --'))
    verify_tenant(forged, deep=True)  # the name of the old schema is only shown


def rename(named: dict[str, str], said: dict[str, Any]) -> None:
    said["tenant"].update(named)


@pytest.mark.parametrize("name", ["/etc/passwd", "secrets/../../x", "keys/root.key", "pgdata/PG_VERSION", ""])
def test_a_whole_backup_writes_to_no_other_file(name: str) -> None:
    with pytest.raises(BackupDamaged):
        _whole_restore._checked(name)
    assert _whole_restore._checked("secrets/tenants/1.dsn")


def test_rows_without_a_table_or_out_of_order_are_refused() -> None:
    tenant = {"slug": "x", "name": "x", "schema": "x", "placement": "", "release": 1, "hosts": []}
    header = {"product": 1, "at": "", "server": 1, "tenant": {**tenant, "id": "0" * 32}}
    empty: dict[str, list[object]] = {"tables": [], "sequences": [], "grants": []}
    start = [note(Kind.HEADER, header), note(Kind.STRUCTURE, empty)]
    table = note(Kind.TABLE, {"name": "t", "columns": ["a"]})
    end = frame(Kind.END, b"")
    for pieces in ([table, end], [frame(Kind.ROWS, b"1\n"), end], [end], [note(Kind.SEQUENCES, {}), end]):
        content = Content(Pull(compressed(iter([*start, *pieces]))))
        with pytest.raises(BackupDamaged):
            list(content.walk())


def test_a_backup_that_cannot_be_written_leaves_nothing(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _sealed.open_sealed(file) as (_, source):
        slug = Content(source).header.slug
    tenant = tenancy.get_tenant(slug)
    with pytest.raises(BackupRefused, match="cannot be written: No such file"):
        back_up_tenant(tenant, tmp_path / "none" / "x.ostiary")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(BackupRefused, match="No space left"):
        back_up_tenant(tenant, tmp_path / "x.ostiary")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_everybody_may_write_to_is_refused(tmp_path: Path) -> None:
    assert _folder.open_folder(tmp_path / "own").stat().st_mode & 0o777 == 0o700
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(BackupRefused, match="everybody may write"):
        _folder.open_folder(shared)
    with pytest.raises(BackupRefused, match="cannot be used"):
        _folder.open_folder(Path("/proc/none/here"))
    with pytest.raises(BackupRefused, match="nothing was written"):
        _folder.ensure_room(tmp_path, 1 << 60)
