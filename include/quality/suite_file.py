"""Suites of Great Expectations as the JSON files that people edit, with our own words about each in its `meta`.

Read without Great Expectations, whose import takes seconds. An expectation that is not named here can be used all the
same: it is judged hour by hour, and of what it finds only whether it holds is kept.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass

from include.errors import SettingsError
from include.quality.types import COLUMN_KEYS, Expectation, Fact, Kind, Severity

PARAMETER = "$PARAMETER"
# What the file may leave to the run; of a group of hours the sum, the first instant and the end.
PARAMETERS = frozenset(
    {"ledger_readings", "first_instant", "end", "min_heart_rate_bpm", "max_heart_rate_bpm", "risk_levels"}
)
READING_COLUMNS = frozenset(
    {"id", "customer_id", "heart_rate", "event_time", "risk_level", "ingested_at", "slot"}
)

# They judge each row by itself: if they hold for some hours together, they hold for each.
_OF_EACH_ROW = frozenset(
    {
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_be_null",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_be_unique",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_match_regex_list",
        "expect_column_values_to_not_match_regex",
        "expect_column_values_to_not_match_regex_list",
        "expect_column_values_to_match_like_pattern",
        "expect_column_values_to_match_like_pattern_list",
        "expect_column_values_to_not_match_like_pattern",
        "expect_column_values_to_not_match_like_pattern_list",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_pair_values_to_be_equal",
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_pair_values_to_be_in_set",
        "expect_compound_columns_to_be_unique",
        "expect_multicolumn_sum_to_equal",
        "expect_multicolumn_values_to_be_equal",
        "expect_select_column_values_to_be_unique_within_record",
    }
)
# Those of them that judge a number by itself.
_OF_FIGURES = frozenset(
    {
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_be_null",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_not_be_in_set",
    }
)
# With these an expectation no longer judges each hour by itself; and the values under which they change nothing.
_NOT_OF_FIGURES = {"mostly": (1, None), "row_condition": (None,), "condition_parser": (None,)}
_OF_COLUMNS = frozenset(
    {
        "expect_column_to_exist",
        "expect_column_values_to_be_of_type",
        "expect_column_values_to_be_in_type_list",
    }
)
_ROW_COUNT, _ROW_COUNT_BETWEEN = "expect_table_row_count_to_equal", "expect_table_row_count_to_be_between"
_BY_QUERY = "unexpected_rows_expectation"


class _Meta(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    severity: Severity
    failure: str
    each_reading: bool = False


@dataclass(frozen=True)
class _Entry:
    type: str
    kwargs: dict[str, Any]
    meta: _Meta
    description: str | None = None


class _File(BaseModel):
    expectations: list[_Entry] = Field(min_length=1)


def read_readings(path: Path) -> tuple[Expectation, ...]:
    """Read the expectations about an hour's readings."""
    expectations = tuple(_about_readings(path, entry) for entry in _read(path))
    if not any(one.counts_all_rows for one in expectations):
        raise SettingsError(
            f"{path}: one expectation at least has to count all readings, such as {_ROW_COUNT} does"
        )
    return expectations


def read_figures(path: Path) -> tuple[Expectation, ...]:
    """Read the expectations about an hour's figures."""
    return tuple(_about_figures(path, entry) for entry in _read(path))


def _read(path: Path) -> list[_Entry]:
    try:
        return _File.model_validate_json(path.read_bytes()).expectations
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}: a quality policy needs this suite") from None
    except ValidationError as error:
        problems = "; ".join(f"{_place(detail['loc'])}: {detail['msg']}" for detail in error.errors())
        raise SettingsError(f"{path} is no suite of expectations: {problems}") from None


def _place(location: tuple[int | str, ...]) -> str:
    # Counted as people count.
    return " ".join(str(part + 1) if isinstance(part, int) else part for part in location) or "the file"


def _about_readings(path: Path, entry: _Entry) -> Expectation:
    unknown = set(_parameters(entry.kwargs)) - PARAMETERS
    if unknown:
        raise _refusal(path, entry, f"no parameter {min(unknown)}: there are {', '.join(sorted(PARAMETERS))}")
    strangers = set(_columns(entry.kwargs)) - READING_COLUMNS
    if strangers:
        raise _refusal(
            path, entry, f"no column {min(strangers)}: there are {', '.join(sorted(READING_COLUMNS))}"
        )
    if entry.meta.each_reading and entry.type != _BY_QUERY:
        raise _refusal(path, entry, f"each_reading in meta is for {_BY_QUERY} alone")
    kind = _kind(entry)
    if kind in (Kind.COLUMN, Kind.WHOLE) and "{observed" in entry.meta.failure:
        raise _refusal(path, entry, "its figure is not kept: leave {observed} out of the failure")
    at_least, at_most = _limits(entry, kind)
    return _expectation(path, entry, kind=kind, at_least=at_least, at_most=at_most)


def _about_figures(path: Path, entry: _Entry) -> Expectation:
    column = entry.kwargs.get("column")
    if entry.type not in _OF_FIGURES or column not in list(Fact):
        raise _refusal(
            path,
            entry,
            f"here each hour is one row of numbers: take one of {', '.join(sorted(_OF_FIGURES))} "
            f"about the values of one of the columns {', '.join(Fact)}",
        )
    for argument, harmless in _NOT_OF_FIGURES.items():
        if entry.kwargs.get(argument) not in harmless:
            raise _refusal(path, entry, f"here each hour is judged by itself: leave {argument} out")
    if any(_parameters(entry.kwargs)):
        raise _refusal(path, entry, f"here each hour is judged by itself: write a value for {PARAMETER}")
    at_least, at_most = entry.kwargs.get("min_value"), entry.kwargs.get("max_value")
    return _expectation(path, entry, kind=Kind.FIGURE, fact=Fact(column), at_least=at_least, at_most=at_most)


def _expectation(path: Path, entry: _Entry, **more: Any) -> Expectation:
    own = entry.meta.model_dump(exclude={"each_reading"})
    try:
        return Expectation(
            **own, type=entry.type, arguments=entry.kwargs, description=entry.description, **more
        )
    except (ValidationError, LookupError, ValueError) as error:
        details = error.errors() if isinstance(error, ValidationError) else [{"msg": repr(error)}]
        raise _refusal(path, entry, "; ".join(str(detail["msg"]) for detail in details)) from None


def _kind(entry: _Entry) -> Kind:
    if entry.type == _ROW_COUNT and entry.kwargs.get("value") == {PARAMETER: "ledger_readings"}:
        return Kind.LEDGER
    if entry.type in (_ROW_COUNT, _ROW_COUNT_BETWEEN):
        return Kind.ROW_COUNT
    if entry.type in _OF_COLUMNS:
        return Kind.COLUMN
    is_of_each = entry.type in _OF_EACH_ROW and entry.kwargs.get("mostly", 1) == 1
    if is_of_each or entry.meta.each_reading:
        return Kind.EACH_READING
    return Kind.COUNTED if entry.type in _OF_EACH_ROW or entry.type == _BY_QUERY else Kind.WHOLE


def _limits(entry: _Entry, kind: Kind) -> tuple[float | None, float | None]:
    """Return between what the figure that we keep has to lie."""
    if kind is Kind.LEDGER:
        return 0, 0
    if kind is Kind.EACH_READING:
        return None, 0
    if entry.type == _ROW_COUNT:
        limits = [entry.kwargs.get("value")] * 2
    elif entry.type == _ROW_COUNT_BETWEEN:
        limits = [entry.kwargs.get("min_value"), entry.kwargs.get("max_value")]
    else:
        return None, None
    at_least, at_most = (limit if isinstance(limit, int | float) else None for limit in limits)
    return at_least, at_most


def _parameters(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        if PARAMETER in value:
            yield str(value[PARAMETER])
        for inner in value.values():
            yield from _parameters(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _parameters(inner)


def _columns(arguments: Mapping[str, Any]) -> Iterator[str]:
    for key in COLUMN_KEYS & arguments.keys():
        named = arguments[key]
        yield from map(str, named if isinstance(named, list) else [named])


def _refusal(path: Path, entry: _Entry, problem: str) -> SettingsError:
    return SettingsError(f"{path}, {entry.meta.name} ({entry.type}): {problem}")
