"""What has to be there before the stack can start: `.env`, Java and the locked jars."""

from collections.abc import Callable
from pathlib import Path

from include.settings import PROJECT_ROOT, get_settings
from include.stream.java import find_java
from stack import env_file, jars

BYTES_PER_MB = 1_000_000


def prepare_environment(report: Callable[[str], None]) -> None:
    """Bring everything into place that is not there yet."""
    _create_env_file(report)
    find_java()
    _fetch_jars(get_settings().stack.jar_cache_dir, report)


def _create_env_file(report: Callable[[str], None]) -> None:
    target = PROJECT_ROOT / ".env"
    if not env_file.create(PROJECT_ROOT / ".env.example", target):
        return
    report(f"created {target}")
    for key in env_file.default_passwords(target):
        report(
            f"warning: {key} in {target} is a password that everyone knows: change it before others connect"
        )


def _fetch_jars(cache: Path, report: Callable[[str], None]) -> None:
    if missing := jars.missing_jars(jars.locked_jars(), cache):
        size_mb = sum(jar.size_bytes for jar in missing) / BYTES_PER_MB
        report(f"fetching {len(missing)} jars of Kafka's broker, {size_mb:.0f} MB")
        jars.fetch_jars(missing, cache)
