#!/bin/sh
# What the tests need beyond .venv: Chromium for the pages, PostgreSQL 15 as the oldest version we support, HAProxy
# and what checks the files of deploy/.
# Installs with apt as root, says what to do otherwise. Quick when everything is there.
set -eu
cd "$(dirname "$0")/.."

oldest=/usr/lib/postgresql/15/bin/postgres
missing=''
if ! command -v chromium >/dev/null 2>&1 && ! command -v chromium-browser >/dev/null 2>&1 &&
    ! command -v google-chrome >/dev/null 2>&1; then
    missing="$missing chromium"
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
        else
            echo "  no package $package in this distribution"
        fi
    done
elif [ -n "$missing" ]; then
    echo "  missing:$missing (install them as root with apt; without them their tests are skipped)"
fi

sh tools/venv.sh test
