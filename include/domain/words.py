"""How a figure is said in a sentence."""


def counted(number: int, thing: str) -> str:
    """Return the number with what it counts, such as `1 hour` and `2,000 records`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
