"""What is special of single columns of a panel, as Grafana's JSON."""

from collections.abc import Mapping
from typing import Any

from tools.grafana.colours import BLUE, LIMIT, SKY
from tools.grafana.panels import Json

TIME: Json = {"unit": "dateTimeAsIso"}


def named(name: str, label: str = "", colour: str | None = None, **properties: Any) -> Json:
    """Return what is special of one column: its colour, Grafana's properties with __ for a dot, and its words.

    Without a label the words are the name's own.
    """
    if colour:
        properties["color"] = {"mode": "fixed", "fixedColor": colour}
    properties["displayName"] = label or name.replace("_", " ").capitalize()
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()],
    }


def coloured(colours: Mapping[Any, str]) -> list[Json]:
    """Return the columns of these names, each in its colour."""
    return [named(str(name).lower(), colour=colour) for name, colour in colours.items()]


def plain(*names: str) -> list[Json]:
    """Return columns that have nothing special."""
    return [named(name) for name in names]


def limit(colour: str = LIMIT) -> Json:
    """Return the dashed line of a limit."""
    return named("threshold", "Limit", colour, custom__lineStyle={"fill": "dash", "dash": [8, 6]})


def value_colours(colours: Mapping[Any, str]) -> list[Json]:
    """Return a mapping that shows each text in its colour."""
    options = {
        str(text): {"color": colour, "index": index, "text": str(text)}
        for index, (text, colour) in enumerate(colours.items())
    }
    return [{"type": "value", "options": options}]


LATENCY = [
    named("p50_of_median_batch", "p50, median batch", SKY),
    named("p99_of_slowest_batch", "p99, slowest batch", BLUE),
]
