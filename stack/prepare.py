"""What has to be there before the stack can start: `.env`, Java and the locked jars."""

from collections.abc import Callable
from pathlib import Path

from include.settings import PROJECT_ROOT, get_settings
from include.stream.java import find_java
from stack import env_file, jars
from stack.progress import byte_progress


def prepare_environment(report: Callable[[str], None]) -> None:
    """Bring everything into place that is not there yet."""
    _create_env_file(report)
    _fetch_jars(get_settings().stack.jar_cache_dir, find_java().program)


def _create_env_file(report: Callable[[str], None]) -> None:
    target = PROJECT_ROOT / ".env"
    if not env_file.create(PROJECT_ROOT / ".env.example", target):
        return
    report(f"created {target}")
    for key in env_file.default_passwords(target):
        report(
            f"warning: {key} in {target} is a password that everyone knows: change it before others connect"
        )


def _fetch_jars(cache: Path, java: Path) -> None:
    locked = jars.locked_jars()
    missing = jars.missing_jars(locked, cache)
    if not missing:
        return
    with byte_progress("Kafka's broker", sum(jar.size_bytes for jar in missing)) as on_progress:
        jars.fetch_jars(locked, cache, java=java, on_progress=on_progress)
