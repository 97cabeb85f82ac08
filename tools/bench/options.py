"""How much is measured: the usual half hour, a minute for development, or hours."""

from dataclasses import dataclass, replace

from include.errors import OptionError

PARTS = ("drain", "catch_up", "launch", "latency", "silence", "alarms", "producer", "idle")
LARGE = "large"  # it takes much disk
GROWTH = "growth"
ONLY_WHEN_NAMED = (LARGE, GROWTH)


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What a run of the bench does; the latency is taken at each of `rates` for `seconds` after a warm-up."""

    records: int = 2_000_000
    rounds: int = 3
    seconds: float = 12.0
    warm_up_seconds: float = 5.0
    rates: tuple[float, ...] = (100, 1_000, 10_000, 50_000)
    gather_ms: float = 20.0  # as far apart as the stream keeps its commits
    silence_seconds: float = 90.0
    idle_seconds: float = 120.0
    table_rows: int = 0


USUAL = BenchOptions()
QUICK = BenchOptions(
    records=1_200_000,
    rounds=1,
    seconds=5,
    warm_up_seconds=2,
    rates=(1_000,),
    silence_seconds=5,
    idle_seconds=60,
)
LONG = BenchOptions(
    records=10_000_000,
    rounds=1,
    seconds=600,
    warm_up_seconds=60,
    idle_seconds=600,
    table_rows=20_000_000,
)


def choose(*, is_quick: bool, is_long: bool, **changes: object) -> BenchOptions:
    """Return the usual options, the quick or the long ones, with what is given explicitly in their place."""
    if is_quick and is_long:
        raise OptionError("give --quick or --long, not both")
    preset = QUICK if is_quick else LONG if is_long else USUAL
    given = {name: value for name, value in changes.items() if value is not None}
    return replace(preset, **given)  # type: ignore[arg-type]


def choose_parts(names: list[str]) -> list[str]:
    """Return the parts that are named, or the usual ones; raise OptionError naming what is not known."""
    known = (*PARTS, *ONLY_WHEN_NAMED)
    if unknown := sorted(set(names) - set(known)):
        raise OptionError(f"no such part: {', '.join(unknown)}; choose from {', '.join(known)}")
    return names or list(PARTS)
