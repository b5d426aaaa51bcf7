#!/bin/sh
# Finds a Python that fits and lets it make or refresh .venv: tools/venv.sh run|test. Quick when nothing changed.
set -eu
cd "$(dirname "$0")/.."

fits='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'
tried=''
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null 2>&1; then
        if "$candidate" -c "$fits" >/dev/null 2>&1; then
            exec "$candidate" tools/make_venv.py "$1"
        fi
        tried="$tried $candidate=$("$candidate" --version 2>&1 | cut -d' ' -f2)"
    fi
done
echo "error: Ostiary needs Python 3.11, 3.12 or 3.13 with its venv module; found:${tried:- none}." >&2
echo "       On Debian or Ubuntu: apt install python3 python3-venv. Another one: make PYTHON=/path/to/python3 ..." >&2
exit 2
