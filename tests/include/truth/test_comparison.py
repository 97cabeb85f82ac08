"""What a comparison with the ground truth tells: it is cut where it would be long, and sums up in its last line."""

from include.truth.records import SHOWN_DIFFERENCES, Comparison


def test_what_agrees_is_one_line() -> None:
    comparison = Comparison(records=1_200)

    assert comparison.holds
    assert comparison.lines() == ["1,200 records in the ground truth, 0 differences"]


def test_records_that_wait_are_counted_and_not_listed() -> None:
    comparison = Comparison(records=1_200, not_consumed=1_000)

    assert not comparison.holds
    assert comparison.lines() == ["1,200 records in the ground truth, 0 differences, 1,000 not consumed yet"]


def test_a_long_list_is_cut_with_the_count_of_the_rest() -> None:
    comparison = Comparison(records=50)
    for number in range(SHOWN_DIFFERENCES + 7):
        comparison.note(f"difference {number}")

    *shown, rest, summary = comparison.lines()

    assert shown == [f"difference {number}" for number in range(SHOWN_DIFFERENCES)]
    assert (rest, summary) == ("and 7 more", "50 records in the ground truth, 27 differences")
