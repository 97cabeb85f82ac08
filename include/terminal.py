"""Text from outside, made fit for a terminal and for a log line.

What came from Kafka, from the database, from a file or from a person may hold escape sequences, which a terminal obeys:
they rename its window, move the cursor over what was printed, or turn the order of letters round.
"""


def plain(text: object) -> str:
    r"""Return the text with everything that is no visible character or space as an escape such as \x1b, in one line.

    That takes in all control characters (C0, C1), line breaks, formatting marks such as those that change the direction
    of writing, and halves of surrogate pairs, which could not even be encoded.
    """
    shown = str(text)
    if shown.isprintable():
        return shown
    return "".join(letter if letter.isprintable() else _escape(letter) for letter in shown)


def and_more(shown: int, total: int, where: str) -> list[str]:
    """Return the line below a list that was cut, with where the rest is to be found; none below a whole one."""
    return [f"and {total - shown:,} more: {where}"] if total > shown else []


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
