"""Run the Ivy that ships inside pyspark. It knows Maven Central by itself, so no address stands here.

IVY_SETTINGS_FILE names Ivy settings of your own, for a mirror or a repository inside your network.
HTTPS_PROXY is honoured; what else a network needs goes into JAVA_TOOL_OPTIONS, which every Java reads.
"""

import importlib.util
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from include.errors import MissingPartError
from stack.logs import is_of_java

SETTINGS_KEY = "IVY_SETTINGS_FILE"
# Descriptors are left out when the exact jars are known: half as many requests.
SETTINGS = """\
<ivysettings>
  <settings defaultResolver="central"/>
  <resolvers>
    <ibiblio name="central" m2compatible="true" usepoms="{use_descriptors}" checkmodified="false"/>
  </resolvers>
</ivysettings>
"""
MODULE = """\
<ivy-module version="2.0">
  <info organisation="heartbeat" module="stack"/>
  <dependencies>
{dependencies}
  </dependencies>
</ivy-module>
"""
POLL_SECONDS = 0.2
TELLING_WORDS = ("exception", "refused", "not found")  # the most telling first


@dataclass(frozen=True, slots=True, order=True)
class Coordinates:
    """What Maven repositories know a jar by."""

    group: str
    name: str
    version: str


def spark_jars_folder() -> Path:
    """Return the folder of jars that every Spark program of this environment loads."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise MissingPartError("pyspark is not installed: run 'make setup'")
    return Path(spec.origin).parent / "jars"


def resolve(
    wanted: Iterable[Coordinates],
    *,
    java: Path,
    cache: Path,
    with_dependencies: bool,
    retrieve_to: str | None = None,
    on_wait: Callable[[], None] = lambda: None,
) -> None:
    """Bring jars into Ivy's `cache`; raise MissingPartError with what Ivy said last when that fails."""
    with tempfile.TemporaryDirectory() as folder:
        module, settings = Path(folder) / "ivy.xml", Path(folder) / "settings.xml"
        module.write_text(module_text(wanted, with_dependencies=with_dependencies))
        settings.write_text(SETTINGS.format(use_descriptors=str(with_dependencies).lower()))
        command = [str(java), *_proxy_flags(), "-cp", str(_ivy_jar()), "org.apache.ivy.Main", "-warn"]
        command += ["-settings", os.environ.get(SETTINGS_KEY, str(settings)), "-ivy", str(module)]
        command += ["-cache", str(cache), "-types", "jar", "bundle"]
        if retrieve_to:
            command += ["-retrieve", retrieve_to]
        _run(command, Path(folder) / "output", on_wait)


def module_text(wanted: Iterable[Coordinates], *, with_dependencies: bool) -> str:
    """Return the Ivy file that asks for the jars."""
    configuration = "default->default" if with_dependencies else "default->*"
    lines = (
        f"    <dependency org={quoteattr(jar.group)} name={quoteattr(jar.name)} rev={quoteattr(jar.version)}"
        f' transitive="{str(with_dependencies).lower()}" conf="{configuration}"/>'
        for jar in wanted
    )
    return MODULE.format(dependencies="\n".join(lines))


def _ivy_jar() -> Path:
    found = sorted(spark_jars_folder().glob("ivy-*.jar"))
    if not found:
        raise MissingPartError("pyspark's Ivy is not there: delete .venv and run 'make setup' again")
    return found[-1]


def _proxy_flags() -> list[str]:
    proxy = urlsplit(os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy") or "")
    if not proxy.hostname:
        return []
    return [f"-Dhttps.proxyHost={proxy.hostname}", f"-Dhttps.proxyPort={proxy.port or 3128}"]


def _run(command: list[str], output_file: Path, on_wait: Callable[[], None]) -> None:
    with output_file.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            while process.poll() is None:
                on_wait()
                _wait(process)
        finally:
            process.kill()
            process.wait()
    if process.returncode != 0:
        reason = _reason(output_file.read_text(errors="replace"))
        raise MissingPartError(
            f"the jars could not be fetched: {reason}; check the network (HTTPS_PROXY) "
            f"or name a mirror ({SETTINGS_KEY}), then run it again"
        )


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return


def _reason(output: str) -> str:
    lines = [line.strip(" \t:") for line in output.splitlines() if not is_of_java(line)]
    lines = [line for line in lines if line]
    telling = [line for word in TELLING_WORDS for line in lines if word in line.lower()]
    return next(iter(telling or lines), "Ivy said nothing")
