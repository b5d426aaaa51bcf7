"""Checks of this machine: configuration, files, disk, clock, and values that are dangerous."""

import ctypes
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from ostiary.project import _root_key
from ostiary.project._doctor import Finding, NotReachable, Probe, check, error, warning
from ostiary.project._installation import FILE, Installation

GIB = 2**30
LEAST_FREE, LITTLE_FREE = (0.05, GIB), (0.15, 5 * GIB)  # share and bytes: error, warning
SHORTEST_KEY = 32  # characters of the key of signed values
COMMON_KEYS = ("changeme", "secret", "insecure", "password", "django", "example", "default")
_NOT_SYNCHRONISED = 5  # what adjtimex returns then


@check("configuration.file", "the installation's options are accepted")
def configuration(probe: Probe) -> Iterator[Finding]:
    """The file and the variables, and variables that nobody reads."""
    if probe.installation is None:
        words = probe.refused.get("configuration", "the options are not accepted")
        yield error("configuration.file", words, "put it right; `ostiary config show` names every option")
        return
    for name in probe.installation.unknown:
        yield warning(
            "configuration.file",
            f"{name} is no variable of ours",
            "is it misspelt? See `ostiary config show`",
        )


@check("configuration.dangerous", "no dangerous value is set")
def dangerous(probe: Probe) -> Iterator[Finding]:
    """Values that fit a demo and nothing else."""
    name = "configuration.dangerous"
    installation = _installation(probe)
    if installation.flag("insecure_http"):
        yield warning(
            name,
            "requests come in the clear (insecure_http)",
            "for a demo on loopback only: put TLS in front",
        )
    key = installation.text("secret_key")
    if key is not None and (len(key) < SHORTEST_KEY or any(word in key.lower() for word in COMMON_KEYS)):
        yield error(
            name, "the key of signed values can be guessed", f"use {SHORTEST_KEY} random characters, or none"
        )
    proxies = [n.strip() for n in (installation.text("trusted_proxies") or "").split(",")]
    for network in proxies:
        if network.endswith("/0"):
            yield error(
                name, f"everybody is a trusted proxy ({network})", "name the addresses of your proxies"
            )
    if installation.decided["database_url"].source.startswith(f"{installation.path}:"):
        yield warning(
            name,
            f"{installation.path} holds the administrative connection, and web nodes read that file",
            f"put it into a file in {probe.state.owner_secrets} and name that by database_url_file",
        )
    from django.conf import settings

    if settings.configured and settings.DEBUG:
        yield error(name, "debug is on", "remove it: it shows the inside to strangers")
    if any(t.slug == "demo" for t in probe.tenants) and not installation.flag("insecure_http"):
        yield warning(
            name,
            "a demo tenant is served",
            "its passwords lie in the state folder: drop it with `ostiary tenant drop demo`",
        )


@check("files.secrets", "secrets are readable by their owner alone")
def secrets(probe: Probe) -> Iterator[Finding]:
    """Passwords, keys, notes and the file of options: mode and owner of each, and of the folders."""
    state = probe.state
    if not state.root.is_dir():
        raise NotReachable(f"there is no state folder {state.root}")
    for folder in (state.secrets, state.keys, state.spool, state.logs):
        if folder.is_dir():
            yield from _private(folder, 0o077, "700")
    for path in [p for top in (state.secrets, state.keys) for p in sorted(top.rglob("*"))]:
        yield from _private(path, 0o077, "700" if path.is_dir() else "600")
    config = state.root / FILE
    if config.is_file():
        yield from _private(config, 0o022, "600")


def _private(path: Path, forbidden: int, wanted: str) -> Iterator[Finding]:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        yield error("files.secrets", f"{path} is a link", "put the file itself there")
    elif status.st_mode & forbidden:
        mode = stat.S_IMODE(status.st_mode)
        yield error("files.secrets", f"{path} is open to others ({mode:o})", f"chmod {wanted} {path}")
    elif status.st_uid not in (0, os.geteuid()):
        yield error(
            "files.secrets", f"{path} belongs to account {status.st_uid}", "chown it to the running account"
        )


@check("keys.root", "the root key is there and protected")
def root_key(probe: Probe) -> Iterator[Finding]:
    """That there is one, in which form, and that it opens."""
    keys = probe.state.keys
    if not _root_key.exists(probe.state):
        yield error(
            "keys.root",
            f"there is no root key in {keys}",
            "restore it from the backup or the escrow: without it nothing opens",
        )
        return
    plain, protected = (keys / _root_key.PLAINTEXT).exists(), (keys / _root_key.PROTECTED).exists()
    if plain and protected:
        yield error(
            "keys.root", "the root lies open beside its protected form", "run `ostiary keys protect` again"
        )
    elif plain:
        demo = probe.installation is not None and probe.installation.flag("insecure_http")
        kind = warning if demo else error
        yield kind(
            "keys.root", "the root key lies open (provider local-plaintext)", "run `ostiary keys protect`"
        )
    if probe.admin is not None and not probe.configured and "keys" in probe.refused:
        yield error("keys.root", probe.refused["keys"], "give what unlocks it, or restore it")


@check("disk.free", "there is room on the disk")
def disk(probe: Probe) -> Iterator[Finding]:
    """Free space where the state folder and a private database lie, and where the database keeps its data."""
    places = {probe.state.root}
    if probe.state.pgdata.is_dir():
        places.add(probe.state.pgdata)
    for place in sorted(places):
        if not place.exists():
            continue
        usage = shutil.disk_usage(place)
        words = f"{usage.free / GIB:.1f} GiB are free at {place} ({usage.free / usage.total:.0%})"
        if _below(usage.free, usage.total, LEAST_FREE):
            yield error("disk.free", words, "make room now: a full disk stops every write")
        elif _below(usage.free, usage.total, LITTLE_FREE):
            yield warning("disk.free", words, "make room, or enlarge the disk")


def _below(free: int, total: int, limit: tuple[float, int]) -> bool:
    """Below the share, unless more than that many bytes are free; or below a tenth of those bytes anyway."""
    share, size = limit
    return (free < total * share and free < size * 10) or free < size


@check("time.synchronised", "this machine's clock is kept")
def synchronised(probe: Probe) -> Iterator[Finding]:
    """What the kernel says of its clock, where it can be asked."""
    if _kernel_clock() == _NOT_SYNCHRONISED:
        yield warning(
            "time.synchronised", "nothing keeps this machine's clock", "run chrony or systemd-timesyncd"
        )


def _kernel_clock() -> int | None:
    """The kernel's state of the clock; None where it cannot be asked."""
    try:
        return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)))  # all zero: only asks
    except (OSError, AttributeError):
        return None


@check("log.waiting", "every command is in the operator's log")
def waiting(probe: Probe) -> Iterator[Finding]:
    """Notes that could not be entered yet."""
    folder = probe.state.logs / "operator"
    count = len(list(folder.glob("*.json"))) if folder.is_dir() else 0
    if count:
        yield warning(
            "log.waiting",
            f"{count} commands wait for their place in the operator's log",
            "run `ostiary database prepare`",
        )


def _installation(probe: Probe) -> Installation:
    if probe.installation is None:
        raise NotReachable(probe.refused.get("configuration", "the options are not accepted"))
    return probe.installation
