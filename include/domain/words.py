"""How a figure is said in a sentence."""

# From so many seconds on, in a unit of so many seconds.
_SPANS = ((172_800, 86_400, "days"), (7200, 3600, "h"), (120, 60, "min"))


def counted(number: int, thing: str) -> str:
    """Return the number with what it counts, such as `1 hour` and `2,000 records`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def lasting(seconds: float) -> str:
    """Return a span of time in the unit that suits it, such as `90 s`, `5 min` and `3 days`."""
    for least, unit, name in _SPANS:
        if seconds >= least:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"
