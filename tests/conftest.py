"""Fixtures for all tests: one embedded stack for the session, apart from any that runs on this machine."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings as hypothesis_settings

from include.compiled.program import is_made
from include.settings import PROJECT_ROOT, Settings
from include.surroundings import settle_in
from stack import run
from stack.administrator import administer
from stack.isolated import isolated_settings
from tests.support.pipeline import Pipeline, fresh_pipeline

pytest.register_assert_rewrite("tests.support.crash_scripts")

# As the product does: the tests take no notice of what the shell holds for other programs.
settle_in()

# The first call into Arrow is slow, and so is a busy machine: neither is a failure.
hypothesis_settings.register_profile("product", deadline=None, print_blob=True)
hypothesis_settings.load_profile("product")


@pytest.fixture(scope="session", autouse=True)
def machine_code() -> None:
    """Build the machine code from the sources as they are now; the set-up may have built it from others."""
    if not is_made():
        subprocess.run([sys.executable, "-m", "include.compiled"], cwd=PROJECT_ROOT, check=True)


@pytest.fixture(scope="session")
def stack_settings() -> Iterator[Settings]:
    """Give settings of the session's own stack: own folder, free ports, random passwords."""
    with isolated_settings() as settings:
        yield settings


@pytest.fixture(scope="session")
def stack(stack_settings: Settings) -> Settings:
    """Give the settings of the session's stack, with PostgreSQL and Kafka running until the end.

    No test here cuts the machine's power, so nothing is waited for until it is on the disk.
    """
    run.up(stack_settings)
    with administer(stack_settings) as session:
        session.execute("alter system set fsync = off")
        session.execute("select pg_reload_conf()")
    return stack_settings


@pytest.fixture
def pipeline(stack: Settings) -> Iterator[Pipeline]:
    """Give a topic and a database of the test's own."""
    with fresh_pipeline(stack) as fresh:
        yield fresh
