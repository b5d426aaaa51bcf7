"""The supervisor of the private PostgreSQL, against real server programs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ostiary.project._processes import is_alive
from ostiary.project._state import State
from ostiary.project.embedded import Cluster, ClusterBusy
from tests._cluster import RunningCluster, programs_under_test, scratch_state

pytestmark = pytest.mark.database


def test_the_shared_cluster_answers(cluster: RunningCluster) -> None:
    with psycopg.connect(cluster.admin_dsn) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
