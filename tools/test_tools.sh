#!/bin/sh
# What the tests need beyond .venv: Chromium for the pages, PostgreSQL 15 as the oldest version we support, HAProxy
# and what checks the files of deploy/.
# Installs with apt as root, says what to do otherwise. Quick when everything is there.
set -eu
cd "$(dirname "$0")/.."

oldest=/usr/lib/postgresql/15/bin/postgres
missing=''
# the one without a window takes a third less time than the browser that people use, which does as well
if ! command -v chromium-headless-shell >/dev/null 2>&1; then
    missing="$missing chromium-headless-shell"
fi
[ -x "$oldest" ] || missing="$missing postgresql-15"
command -v haproxy >/dev/null 2>&1 || missing="$missing haproxy"
command -v docker-compose >/dev/null 2>&1 || missing="$missing docker-compose"
command -v systemd-analyze >/dev/null 2>&1 || missing="$missing systemd"

if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    if [ ! -e /etc/postgresql-common ]; then # the tests run servers of their own: Debian need not start one
        mkdir -p /etc/postgresql-common/createcluster.d
        echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/ostiary.conf
    fi
    for package in $missing; do
        if apt-cache show "$package" >/dev/null 2>&1; then
            apt-get install -y -qq --no-install-recommends "$package" >/dev/null
        elif [ "$package" = chromium-headless-shell ]; then # of a distribution that does not have it
            apt-get install -y -qq --no-install-recommends chromium >/dev/null
        else
            echo "  no package $package in this distribution"
        fi
    done
elif [ -n "$missing" ]; then
    echo "  missing:$missing (install them as root with apt; without them their tests are skipped)"
fi

sh tools/venv.sh test
