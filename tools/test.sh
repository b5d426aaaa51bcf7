#!/bin/sh
# tools/test.sh check|test|deep: the tiers in the order in which they fail fastest.
set -eu
cd "$(dirname "$0")/.."
bin=.venv/bin
oldest=15

lint() {
    "$bin/ruff" check .
    "$bin/mypy"
    contracts=$("$bin/lint-imports") || { # it draws a banner that only matters when something is broken
        echo "$contracts"
        exit 1
    }
}

# The tiers that exist, so that a tier without tests yet is no error.
tiers() {
    for tier in "$@"; do
        [ -d "tests/$tier" ] && printf 'tests/%s ' "$tier"
    done
}

case "$1" in
check)
    lint
    # shellcheck disable=SC2046 one word for each tier
    "$bin/pytest" -q -n 2 -m 'not deep and not database' $(tiers architecture unit)
    ;;
test)
    lint
    # Files of few long tests first: by itself the plugin begins with the files of the most tests, and one
    # worker would wait minutes for the other's last file.
    # shellcheck disable=SC2046 one word for each tier
    # Three on two cores: tests that start servers and kill them wait for a part of their time.
    "$bin/pytest" -q -n 3 --dist loadfile --no-loadscope-reorder -m 'not deep' \
        $(tiers integration/project property integration unit architecture)
    # By themselves: the driver of the browser leaves an event loop, beside which Django refuses to migrate.
    [ ! -d tests/e2e ] || "$bin/pytest" -q -n 2 -m 'not deep' tests/e2e
    if [ -x "/usr/lib/postgresql/$oldest/bin/postgres" ]; then
        echo "the database subset again on PostgreSQL $oldest:"
        # In the order given, longest first: by itself the plugin begins with the files of the most tests.
        # shellcheck disable=SC2046 one word for each tier
        OSTIARY_TEST_PG=$oldest "$bin/pytest" -q -n 3 --dist loadfile --no-loadscope-reorder -m 'database and not deep' $(tiers property integration unit)
    else
        echo "PostgreSQL $oldest is not installed: the second run of the database subset is left out (make test-tools)"
    fi
    ;;
deep)
    # shellcheck disable=SC2046 one word for each tier
    "$bin/pytest" -q -n 2 -m deep $(tiers unit property integration e2e)
    ;;
esac
