"""How the private PostgreSQL is made and set: for a small machine that also runs the application."""

import os
import shlex
from pathlib import Path

BUILTIN_PROVIDER_SINCE = 17
ARCHIVING = "archiving"  # a file of this name in the box for segments: they are kept for a backup


def initdb_arguments(major: int) -> list[str]:
    """Arguments of initdb. The locale must not come from the machine: its collations differ and change."""
    locale = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if major >= BUILTIN_PROVIDER_SINCE
        else ["--locale-provider=libc", "--locale=C.UTF-8"]
    )
    return [
        "--auth-local=scram-sha-256",
        "--auth-host=reject",
        "--data-checksums",
        "--encoding=UTF8",
        "--no-instructions",
        *locale,
    ]


def server_settings(socket_dir: Path, wal_box: Path) -> dict[str, str]:
    """Settings given on the command line, so that they hold whatever the data folder says."""
    return {
        "listen_addresses": "",
        "unix_socket_directories": str(socket_dir),
        "unix_socket_permissions": "0700",
        "port": "5432",  # only names the socket file
        "max_connections": "100",
        "shared_buffers": "256MB",
        "effective_cache_size": f"{max(512, _memory_mb() // 2)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "random_page_cost": "1.1",
        "jit": "off",  # compiling costs more than these short statements take
        "wal_compression": "on",
        "min_wal_size": "128MB",
        "max_wal_size": "2GB",
        "wal_level": "replica",
        "wal_keep_size": "256MB",  # for a base backup, which fetches the last of it at its end
        "archive_mode": "on",  # cannot be changed while the server runs; the command decides
        "archive_command": archive_command(wal_box),
        "archive_timeout": "300s",
        "checkpoint_timeout": "15min",
        "autovacuum_naptime": "20s",
        "autovacuum_vacuum_scale_factor": "0.05",
        "autovacuum_analyze_scale_factor": "0.02",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # A log is no place for personal data: no statements, no parameters, no values of a refused key.
        "log_line_prefix": "%m [%p] ",
        "log_statement": "none",
        # the words of a refused statement quote its values; the application logs its SQLSTATE
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_parameter_max_length": "0",
        "log_error_verbosity": "terse",
    }


def archive_command(wal_box: Path) -> str:
    """Copies a segment into the box, whole or not at all, if they are wanted; otherwise lets it go.

    A shell's work: the account that runs PostgreSQL may not be able to read our own programs.
    """
    box = shlex.quote(str(wal_box)).replace("%", "%%")
    return (
        f"test ! -e {box}/{ARCHIVING} || cmp -s %p {box}/%f ||"
        f" {{ test ! -e {box}/%f && cp %p {box}/.%f.new && sync {box}/.%f.new"
        f" && mv {box}/.%f.new {box}/%f; }}"
    )


def _memory_mb() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
