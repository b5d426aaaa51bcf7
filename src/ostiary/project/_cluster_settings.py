"""How the private PostgreSQL is made and set: for a small machine that also runs the application."""

import os
from pathlib import Path

BUILTIN_PROVIDER_SINCE = 17


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


def server_settings(socket_dir: Path) -> dict[str, str]:
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
        "checkpoint_timeout": "15min",
        "autovacuum_naptime": "20s",
        "autovacuum_vacuum_scale_factor": "0.05",
        "autovacuum_analyze_scale_factor": "0.02",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # A log is no place for personal data: no statements, no parameters, no values of a refused key.
        "log_line_prefix": "%m [%p] ",
        "log_statement": "none",
        "log_min_error_statement": "panic",
        "log_parameter_max_length": "0",
        "log_error_verbosity": "terse",
    }


def _memory_mb() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
