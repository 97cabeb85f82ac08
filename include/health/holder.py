"""The process that holds the lease, where it runs on this machine: a fenced launch that stays is killed.

A fenced driver leaves by itself at its next sign of life. One that was stopped (SIGSTOP) or hangs in the
kernel gives none, and Airflow would wait for it for ever instead of starting the next one.
"""

import socket

import psutil

from include.log import get_logger

_DRIVER = "heartbeat_stream.py"
_JVM = "java"

log = get_logger()


def end_holder(holder: str, *, patience_seconds: float) -> bool:
    """Wait for the launch `host:pid` to leave, else kill it with its JVM; tell whether it had to be killed.

    One that runs on another machine is left alone.
    """
    driver = _find_driver(holder)
    if driver is None:
        return False
    try:
        driver.wait(patience_seconds)
    except psutil.TimeoutExpired:
        _kill_launch(driver)
        return True
    return False


def _find_driver(holder: str) -> psutil.Process | None:
    host, _, pid = holder.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return None
    try:
        process = psutil.Process(int(pid))
        is_driver = any(word.endswith(_DRIVER) for word in process.cmdline())
    except psutil.Error:
        return None
    return process if is_driver else None


def _kill_launch(driver: psutil.Process) -> None:
    """Kill the JVM that spark-submit became, the driver below it, and Spark's Python workers."""
    try:
        parent = driver.parent()
        top = parent if parent is not None and _JVM in parent.name() else driver
        family = [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    log.warning("fenced_launch_killed", driver_pid=driver.pid, process_count=len(family))
