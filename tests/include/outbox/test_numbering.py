"""What waits for a channel goes with its address, wherever that stands in the settings."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from include.outbox.numbering import GONE, renumbered

SPACE = UUID(int=7)


def list_of(names: str) -> dict[int, UUID]:
    """Return channels from the first number on."""
    return {number: uuid5(SPACE, name) for number, name in enumerate(names, start=1)}


def test_an_address_takes_its_number_along_and_whoever_has_the_old_one_gets_nothing_of_it() -> None:
    assert renumbered(list_of("ABC"), list_of("BC")) == {1: GONE, 2: 1, 3: 2}
    assert renumbered(list_of("AB"), list_of("BA")) == {1: 2, 2: 1}
    assert renumbered(list_of("AB"), list_of("A")) == {2: GONE}
    assert renumbered(list_of("A"), list_of("BA")) == {1: 2}


def test_an_address_that_was_corrected_in_its_place_keeps_what_waits_for_it() -> None:
    assert renumbered(list_of("ABC"), list_of("AXC")) == {}


def test_the_operators_address_that_becomes_the_first_channel_takes_its_messages_along() -> None:
    assert renumbered({0: uuid5(SPACE, "O"), **list_of("A")}, list_of("O")) == {0: 1, 1: GONE}


@given(st.text("ABCDE", max_size=5), st.text("ABCDE", max_size=5))
def test_nobody_gets_what_waits_for_somebody_else_who_is_still_there(before: str, after: str) -> None:
    known, now = list_of(before), list_of(after)
    numbers = renumbered(known, now)

    for number, address in known.items():
        new = numbers.get(number, number)
        if address in now.values():
            assert now[new] == address
        else:
            assert new == GONE or (new == number and now[new] not in known.values())
