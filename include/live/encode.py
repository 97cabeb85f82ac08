"""The form in which the page gets what was found."""

import orjson


def as_json(value: object) -> bytes:
    """Return the JSON that the page reads: instants with a Z."""
    return orjson.dumps(value, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
