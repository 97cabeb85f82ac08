"""What the shell around us holds for other programs, and our processes must not take for theirs.

Each entry point calls `settle_in` before anything else; the processes that it starts inherit the rest. What is meant
for us is a setting or stands in `spark_jobs/spark-defaults.conf`. `JAVA_TOOL_OPTIONS` stays: networks need it.
"""

import os
from collections.abc import Mapping

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")

# libpq takes each of its variables for whatever a connection does not name (a service, an address, TLS, options); Spark
# would read another Spark's settings, and take a Hadoop's file system for this machine's.
_LIBPQ_PREFIX = "PG"
_FOREIGN_PREFIXES = (_LIBPQ_PREFIX, "SPARK_", "PYSPARK_", "HADOOP_")
_FOREIGN = {"YARN_CONF_DIR", "HIVE_CONF_DIR", "PYTHONHOME"}
# Settings of ours, and how a machine with several names is reached.
_OURS = {
    "SPARK_MASTER",
    "SPARK_WORKERS",
    "SPARK_UI_PORT",
    "SPARK_LOCAL_IP",
    "SPARK_LOCAL_HOSTNAME",
    "SPARK_PUBLIC_DNS",
}
_PROXIES = {"http_proxy", "https_proxy", "all_proxy"}
_LOCALE_KEYS = ("LC_ALL", "LC_CTYPE", "LANG")  # the first that is set counts


def settle_in(*nearby_names: str) -> None:
    """Leave in this process's environment what `of_ours` leaves; a second call changes nothing."""
    kept = of_ours(os.environ, nearby_names)
    for key in set(os.environ) - set(kept):
        del os.environ[key]
    os.environ.update(kept)


def settle_in_spark() -> None:
    """Leave out what libpq would take for ours; the variables of the Spark that has started this process stay."""
    for key in [key for key in os.environ if key.startswith(_LIBPQ_PREFIX)]:
        del os.environ[key]


def of_ours(environment: Mapping[str, str], nearby_names: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the environment without what is meant for others; loopback and `nearby_names` are never asked by a proxy.

    Where the locale is not UTF-8 it is made so: Java could not open a path with an accent in it.
    """
    kept = {key: value for key, value in environment.items() if not _is_foreign(key)}
    if any(key.lower() in _PROXIES for key in kept):
        kept |= _exemptions(kept, (*LOOPBACK_NAMES, *nearby_names))
    locale = next((kept[key] for key in _LOCALE_KEYS if kept.get(key)), "C")
    if "utf8" not in locale.lower().replace("-", ""):
        kept |= {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
    return kept


def _is_foreign(key: str) -> bool:
    return key not in _OURS and (key in _FOREIGN or key.startswith(_FOREIGN_PREFIXES))


def _exemptions(environment: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    # Programs differ in which of the two spellings they read.
    told = [name.strip() for key in ("no_proxy", "NO_PROXY") for name in environment.get(key, "").split(",")]
    joined = ",".join(dict.fromkeys([name for name in told if name] + list(names)))
    return {"no_proxy": joined, "NO_PROXY": joined}
