"""`ostiary keys ...`: what an operator does with the root key and with tenants' keys."""

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ostiary.crypto import public as crypto
from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import FieldError, Invalid, Misconfigured, OstiaryError
from ostiary.project import _root_key, _root_record
from ostiary.project._administration import installation, named_tenant
from ostiary.project._state import State, default_state
from ostiary.tenancy import public as tenancy

DRILL_DAYS = 180
NO_BUNDLE = "NO RECOVERY BUNDLE: if the root key is lost, everything is. No bundle, no recovery:"


class Unsound(OstiaryError):
    """A check of the keys found something wrong; what it is stands above."""

    code = "keys.unsound"


def status(options: argparse.Namespace) -> int:
    """The root, its recovery, and every key of every tenant; nothing secret."""
    with installation() as placement:
        roots, protected = _root_of(default_state())
        print(f"provider\t{'local' if protected else 'local-plaintext (demo only)'}")
        print(f"root key\t{roots.current.id}\tcurrent")
        if roots.next:
            print(f"root key\t{roots.next.id}\tnext: see `ostiary keys rotate --root`")
        for root in roots.previous:
            print(f"root key\t{root.id}\tprevious")
        for purpose in sorted(crypto.PURPOSES):
            print(f"installation key\t{purpose}\tversion {roots.purpose_version(purpose)}")
        for line in _recovery_lines(_root_record.find_recovery(placement.owner), roots):
            print(line)
        for tenant in _chosen(options.tenant):
            with tenancy.owner_transaction(tenant) as db:
                keys = crypto.list_keys(_context(tenant, db), count=options.count)
            for key in keys:
                print(_line(tenant, key, roots))
    return 0


def protect(options: argparse.Namespace) -> int:
    """Put the root under a passphrase or identity, or under another one."""
    state = default_state()
    state.prepare()
    change = (state.keys / _root_key.PROTECTED).exists() and not (state.keys / _root_key.PLAINTEXT).exists()
    if change and not options.change:
        raise Invalid(
            [FieldError("change", "protected", "The root key is protected; --change protects it anew")]
        )
    if options.new_file is not None:
        lock = _root_key.read_lock(options.new_file)
    else:
        lock = _root_key.ask_new_lock(configured=not change)
    roots = _root_key.protect(state, lock)
    print(f"root key {roots.root_id[:8]} is protected: {state.keys / _root_key.PROTECTED}")
    print("without a recovery bundle it is lost with its passphrase or identity: `ostiary keys escrow`")
    return 0


def escrow(options: argparse.Namespace) -> int:
    """Write a recovery bundle for custodians."""
    state = default_state()
    with installation() as placement:
        roots, _ = _root_of(state)
        now = clock.now()
        inventory = {"made_at": now.isoformat(), "keys": [_described(t) for t in _root_record.everyone()]}
        files = crypto.make_bundle(roots, options.custodian, options.threshold, inventory, now)
        folder = options.out or Path(f"ostiary-recovery-{roots.root_id[:8]}")
        _write_folder(folder, files)
        said = {
            "threshold": options.threshold,
            "custodians": len(options.custodian),
            "fingerprint": crypto.fingerprint(roots),
        }
        _root_record.note_escrow(placement.owner, said, now)
    print(f"recovery bundle for {len(options.custodian)} custodians: {folder}")
    print(f"any {options.threshold} of them bring the root key back. Give each a copy and a printed sheet,")
    print("keep the folder away from this machine, and rehearse it: `ostiary keys verify --bundle FOLDER`")
    return 0


def recover(options: argparse.Namespace) -> int:
    """Bring the root back from a bundle, into a state folder that has none."""
    state = default_state()
    state.prepare()
    if _root_key.exists(state):
        raise Misconfigured(
            f"there is a root key in {state.keys}: it is left alone, and nothing was recovered"
        )
    roots, _ = crypto.open_bundle(options.bundle, _identities(options.identity))
    lock = None if _root_key.may_lie_open(state, serving=True) else _root_key.ask_new_lock()
    _root_key.save(state, roots, lock)
    print(f"root key {roots.root_id} is back; `ostiary keys verify` shows what it opens")
    return 0


def verify(options: argparse.Namespace) -> int:
    """Open every key and a sample of values; with a bundle, rehearse the recovery."""
    problems: list[str] = []
    with installation() as placement:
        roots, _ = _root_of(default_state())
        for tenant in _root_record.everyone():
            with tenancy.owner_transaction(tenant) as db:
                found = crypto.verify_keys(_context(tenant, db))
            print(f"{tenant.slug}\t{'every key opens' if not found else f'{len(found)} PROBLEMS'}")
            problems += [f"{tenant.slug}: {problem}" for problem in found]
        if options.bundle is not None:
            problems += _rehearse(options, roots)
        for problem in problems:
            print(f"PROBLEM\t{problem}")
        if problems:
            raise Unsound(f"{len(problems)} problems with the keys, listed above")
        if options.bundle is not None and options.identity:
            _root_record.note_rehearsal(placement.owner, clock.now())
            print("the recovery was rehearsed and is noted")
    return 0


def rotate(options: argparse.Namespace) -> int:
    """Replace keys: of tenants, of the installation, or the root itself."""
    if sum((options.kek or bool(options.dek), options.root, options.installation is not None)) != 1:
        raise Invalid([FieldError("rotate", "one", "Choose --kek and --dek, or --root, or --installation")])
    if options.root:
        return _rotate_root(restarted=options.restarted)
    if options.installation is not None:
        return _rotate_purpose(options.installation)
    if options.all == (options.tenant is not None):
        raise Invalid([FieldError("tenant", "one", "Name one with --tenant, or --all")])
    from ostiary.project import _keys, _task_registry

    with installation():
        _task_registry.load_tasks()
        chosen = _chosen(options.tenant)
        for tenant in chosen:
            count = _keys.begin(tenant, kek=options.kek, scopes=options.dek, compromised=options.compromised)
            print(f"{tenant.slug}\t{count} new keys", flush=True)
        if options.background:
            served = {tenant.id for tenant in tenancy.list_tenants()}  # the installation itself has no jobs
            for tenant in chosen:
                if tenant.id in served:
                    _keys.defer_rotation(tenant)
                    print(f"{tenant.slug}\ta worker does the rest")
            chosen = [tenant for tenant in chosen if tenant.id not in served]
        damaged = _keys.rotate(chosen, wait=_wait, report=_report)
        if damaged:
            raise Unsound(f"{damaged} values do not open; their keys are kept. See `ostiary keys verify`")
    return 0


def _rotate_root(*, restarted: bool) -> int:
    """First make the next root, which every node has to learn; then wrap all by it. Safe to kill."""
    state = default_state()
    with _root_key.holding_lock(), installation() as placement:
        crypto.unlock()  # compared with what the database knows
        roots, lock = _root_key.load(state)
        if roots.next is None:
            roots = replace(roots, next=crypto.Roots.fresh().current)
            _root_key.save(state, roots, lock)
            print(
                f"the next root key {roots.root_id[:8]} is made; nothing is under it yet. Now make a recovery"
            )
            print(
                f"bundle with it (`ostiary keys escrow`), copy {state.keys} to every node, restart them all,"
            )
            print("and run `ostiary keys rotate --root --restarted`")
            return 0
        if not restarted:
            raise Misconfigured(
                "a next root key waits: copy the keys folder to every node, restart them all, and add"
                " --restarted"
            )
        crypto.configure(roots)
        for tenant in _root_record.everyone():
            with tenancy.owner_transaction(tenant) as db:
                print(
                    f"{tenant.slug}\t{crypto.rewrap_under_root(_context(tenant, db))} keys wrapped",
                    flush=True,
                )
        _root_record.enter_known(placement.owner, roots.next.id)
        done = replace(roots, current=roots.next, next=None, previous=(roots.current, *roots.previous))
        _root_key.save(state, done, lock)
        crypto.configure(done)
    print(f"root key {done.root_id[:8]} is in use. The one before stays in the file, for older backups")
    return 0


def _rotate_purpose(purpose: str) -> int:
    state = default_state()
    with _root_key.holding_lock(), installation():
        crypto.unlock()
        roots, lock = _root_key.load(state)
        version = roots.purpose_version(purpose) + 1
        roots = replace(roots, purposes={**roots.purposes, purpose: version})
        _root_key.save(state, roots, lock)
        crypto.configure(roots)
    print(f"key for {purpose}: version {version}. Restart every node; what older versions made still opens")
    return 0


def _rehearse(options: argparse.Namespace, roots: crypto.Roots) -> list[str]:
    manifest = crypto.read_manifest(options.bundle)
    if manifest.fingerprint != crypto.fingerprint(roots):
        return [
            f"the bundle of {manifest.made_at[:10]} is out of date: `ostiary keys escrow` makes a new one"
        ]
    print(f"bundle\tof the present root key, {manifest.threshold} of {len(manifest.custodians)} custodians")
    if options.identity:
        recovered, _ = crypto.open_bundle(options.bundle, _identities(options.identity))
        for tenant in _root_record.everyone():
            with tenancy.owner_transaction(tenant) as db:
                if crypto.opens_something(_context(tenant, db), recovered) is False:
                    return [f"the recovered root key does not open {tenant.slug}"]
        print("bundle\tthe custodians' shares open it, and its root key opens every tenant")
    return []


def _root_of(state: State) -> tuple[crypto.Roots, bool]:
    """The unlocked roots of this process, asking for nothing twice, and whether the file is protected."""
    store = crypto.unlock()
    if not isinstance(store, crypto.Roots):
        raise Misconfigured("this key provider has no root key of its own")
    return store, (state.keys / _root_key.PROTECTED).exists()


def _recovery_lines(known: _root_record.Recovery | None, roots: crypto.Roots) -> Iterator[str]:
    if known is None:
        yield f"WARNING\t{NO_BUNDLE} `ostiary keys escrow`"
        return
    said = known.bundle
    day = known.made_at.date()
    yield f"recovery bundle\t{day}\tany {said.get('threshold')} of {said.get('custodians')} custodians"
    if said.get("fingerprint") != crypto.fingerprint(roots):
        yield "WARNING\tthe recovery bundle is out of date: keys were replaced since. `ostiary keys escrow`"
    if known.rehearsed_at is None:
        yield "WARNING\tthe recovery was never rehearsed: `ostiary keys verify --bundle FOLDER`"
    else:
        late = (clock.now() - known.rehearsed_at).days > DRILL_DAYS
        yield f"{'WARNING' if late else 'rehearsal'}\tlast on {known.rehearsed_at.date()}"


def _line(tenant: tenancy.Tenant, key: crypto.KeyInfo, roots: crypto.Roots) -> str:
    age = (clock.now() - key.created_at).days
    words = [tenant.slug, key.kind, key.scope or "-", f"version {key.version}", key.state, f"{age} days"]
    if key.kind == "dek":
        words.append(f"under kek {key.kek_version}")
        words += [f"{key.values} values"] if key.values is not None else []
    elif key.root_id is not None:
        where = "" if key.root_id in roots.ids else " WHICH IS NOT HERE"
        words.append(f"under root {key.root_id[:8]}{where}")
    return "\t".join(words)


def _chosen(slug: str | None) -> list[tenancy.Tenant]:
    return [named_tenant(slug)] if slug is not None else _root_record.everyone()


def _described(tenant: tenancy.Tenant) -> dict[str, Any]:
    with tenancy.owner_transaction(tenant) as db:
        keys = crypto.list_keys(_context(tenant, db))
    return {
        "tenant": str(tenant.id),
        "slug": tenant.slug,
        "keks": [
            {"version": k.version, "state": k.state, "root": k.root_id} for k in keys if k.kind == "kek"
        ],
        "deks": [
            {
                "id": str(k.dek_id),
                "scope": k.scope,
                "version": k.version,
                "state": k.state,
                "kek": k.kek_version,
            }
            for k in keys
            if k.kind == "dek"
        ],
    }


def _context(tenant: tenancy.Tenant, db: tenancy.OwnerTransaction) -> Context:
    return Context(tenant.id, db, None, Channel.CLI, purpose="operation")


def _wait(seconds: float) -> None:
    print(f"waiting {seconds:.0f} s until no node uses the old keys", flush=True)
    time.sleep(seconds)


def _report(tenant: tenancy.Tenant, step: crypto.Step) -> None:
    for act in step.acts:
        print(f"{tenant.slug}\t{act.kind} {act.scope or '-'} version {act.version} {act.verb}", flush=True)
    if step.done:
        print(
            f"{tenant.slug}\t{step.done} changed, {step.looked} of about {step.total} rows seen", flush=True
        )


def _identities(paths: Sequence[Path]) -> list[str]:
    found = []
    for path in paths:
        lock = _root_key.read_lock(path)
        if lock.identity is None:
            raise Invalid([FieldError("identity", "malformed", f"{path} is no age identity file")])
        found.append(lock.identity)
    return found


def _write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """A new folder for this account alone. Raises Misconfigured: it is there already."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise Misconfigured(f"the bundle's folder {folder} cannot be made: {error.strerror}") from None
    for name, content in files.items():
        with _private(folder / name) as handle:
            os.write(handle, content)


@contextmanager
def _private(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        yield handle
        os.fsync(handle)
    finally:
        os.close(handle)
