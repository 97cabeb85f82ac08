"""What befalls the stream's own processes, its checkpoint and its connections."""

import random
from contextlib import suppress

import psutil

from tests.storm.action import Action
from tests.storm.checks import disorder
from tests.storm.model import Model
from tests.storm.plan import Parameters
from tests.storm.world import World
from tests.support.pipeline import StreamRun
from tests.support.processes import members_of, pids_of
from tests.support.trials.servers import stay_so, wait_stopped
from tests.support.waiting import wait_until

_SUPERSEDED = 3
_DRIVER = "heartbeat_stream.py"
# An end may take until the next launch has begun: only a failure takes so long.
_END_SECONDS = 300.0


class DriverKilled(Action):
    """One of the two processes without which a launch cannot live is killed, at any instant."""

    name = "driver killed"

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        return {"after_ms": chance.randrange(3000), "is_jvm": chance.random() < 0.5}

    def do(self, world: World, parameters: Parameters) -> str:
        stay_so(int(parameters["after_ms"]) / 1000)
        return wait_until(lambda: self._kill(world, is_jvm=bool(parameters["is_jvm"])), bool)

    def _kill(self, world: World, *, is_jvm: bool) -> str:
        """Kill it; return nothing where it has just ended by itself."""
        launch, [python, *_] = _members(world, _DRIVER)
        pid = launch.jvm_pid if is_jvm else python
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).kill()
            _wait_ended(world, launch)
            return f"{'the JVM' if is_jvm else 'its Python'} (pid {pid}) ended by SIGKILL, the launch with it"
        return ""


class WorkerKilled(Action):
    """A Python worker is killed: its task is tried again."""

    name, weight = "worker killed", 2

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        return {"after_ms": chance.randrange(1000), "which": chance.randrange(8)}

    def do(self, world: World, parameters: Parameters) -> str:
        stay_so(int(parameters["after_ms"]) / 1000)
        return wait_until(lambda: self._kill(world, int(parameters["which"])), bool)

    def _kill(self, world: World, which: int) -> str:
        """Kill a worker; return nothing where it has just ended by itself."""
        _, workers = _members(world, "pyspark.worker")
        with suppress(psutil.NoSuchProcess):
            worker = psutil.Process(workers[which % len(workers)])
            worker.kill()
            _, alive = psutil.wait_procs([worker], timeout=_END_SECONDS)
            assert not alive
            return f"worker (pid {worker.pid}) ended by SIGKILL, {len(workers) - 1} left"
        return ""


class LaunchStopped(Action):
    """All processes of the launch stand still for a while; in between another one may take over."""

    name, needs_flow = "launch stands still", True

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        return {"seconds": chance.randint(1, 15), "is_overtaken": chance.random() < 0.5}

    def do(self, world: World, parameters: Parameters) -> str:
        launch = world.launch()
        # The JVM first.
        processes = sorted(members_of(launch.jvm_pid), key=lambda each: each.pid != launch.jvm_pid)
        for process in processes:
            with suppress(psutil.NoSuchProcess):  # some are there for a moment only
                process.suspend()
        try:
            wait_stopped(processes[0])
            if not parameters["is_overtaken"]:
                stay_so(int(parameters["seconds"]))
                return f"{len(processes)} processes stopped by SIGSTOP for {parameters['seconds']} s"
            with world.pipeline.running(environment=world.environment) as second:
                second.wait_started()
                _resume(processes)
                _wait_ended(world, launch)
                # As the first one ends, the next launch is started, which supersedes the second.
                _wait_ended(world, second)
        finally:
            _resume(processes)
        return f"{len(processes)} processes stopped by SIGSTOP; overtaken, and ended when they went on"


class SecondStream(Action):
    """A second stream is started beside the first, which has to give way."""

    name, needs_flow = "second stream", True

    def do(self, world: World, parameters: Parameters) -> str:  # noqa: ARG002
        first, epoch = world.launch(), world.epoch()
        with world.pipeline.running(environment=world.environment) as second:
            second.wait_started()
            assert world.epoch() > epoch, "the second one did not take the lease"
            _wait_ended(world, first)
            assert first.wait() == _SUPERSEDED, f"exit code {first.wait()}: {first.log()[-2000:]}"
            _wait_ended(world, second)
        return f"launch {epoch} ended with code {_SUPERSEDED}; its successor was superseded in its turn"


class CheckpointDeleted(Action):
    """The checkpoint's folder is deleted while the launch runs."""

    name, needs_flow = "checkpoint deleted", True

    def do(self, world: World, parameters: Parameters) -> str:  # noqa: ARG002
        launch = world.launch()
        [folder] = launch.checkpoints()
        launch.delete_checkpoint()
        assert not folder.exists()
        # That shows when the turn ends at the latest; it is waited for, so that it is told here and not later.
        turn = _turn(world)
        wait_until(
            lambda: (launch.is_alive(), _turn(world)),
            lambda seen: not seen[0] or seen[1] != turn,
            timeout_seconds=_END_SECONDS,
        )
        return f"{folder.name} is gone; the launch {'goes on' if launch.is_alive() else 'ended'}"


class CheckpointCorrupted(Action):
    """The launch is killed, and what it leaves of its checkpoint is overwritten before the next one starts."""

    name, needs_flow = "checkpoint corrupted", True

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        return {"seed": chance.randrange(2**32)}

    def do(self, world: World, parameters: Parameters) -> str:
        chance = random.Random(int(parameters["seed"]))
        launch, [python, *_] = _members(world, _DRIVER)
        [folder] = launch.checkpoints()
        # Its Python first: it would tidy up when the JVM is gone.
        psutil.Process(python).kill()
        count = 0
        for file in [each for each in folder.rglob("*") if each.is_file()]:
            file.write_bytes(chance.randbytes(max(1, file.stat().st_size)))
            count += 1
        assert count, "there was nothing to overwrite"
        launch.kill_all()
        return f"{count} files of {folder.name} overwritten"


class HalfOpen(Action):
    """The connections to the database pass nothing on any more, and stay open."""

    name, needs_flow = "connections half open", True

    def do(self, world: World, parameters: Parameters) -> str:  # noqa: ARG002
        count = world.proxy.freeze()
        assert count >= 3, f"only {count} connections"
        return f"{count} connections pass nothing on and stay so"


def _members(world: World, word: str) -> tuple[StreamRun, list[int]]:
    """Return the launch that runs, and its processes whose command line has the word, once there are some."""

    def look() -> tuple[StreamRun, list[int]]:
        launch = world.launch()
        return launch, pids_of(launch.jvm_pid, word)

    return wait_until(look, lambda seen: bool(seen[1]))


def _resume(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.resume()


def _turn(world: World) -> int:
    return int(world.pipeline.rows("select turn from stream_lease")[0][0])


def _wait_ended(world: World, launch: StreamRun) -> None:
    """Wait for a launch's end; nothing may be out of order meanwhile."""
    wait_until(
        lambda: (f"is alive: {launch.log()[-500:]}" if launch.is_alive() else "", disorder(world.pipeline)),
        lambda seen: not seen[0] or bool(seen[1]),
        timeout_seconds=_END_SECONDS,
        interval_seconds=0.5,
    )
    wrong = disorder(world.pipeline)
    assert wrong == [], f"partition, offset, epoch, end and epoch of the row before: {wrong}"
