"""Risk levels at each band's edges, and policies that cannot be used."""

import pytest

from include.domain import risk
from include.domain.risk import load_policy
from include.errors import SettingsError

DEFAULT, SEED = load_policy("default"), load_policy("seed")


@pytest.mark.parametrize(
    ("heart_rate", "default", "seed"),
    [
        (30, "High", "Normal"), (40, "High", "Normal"), (41, "Elevated", "Normal"), (50, "Elevated", "Normal"),
        (51, "Normal", "Normal"), (99, "Normal", "Normal"), (100, "Elevated", "Elevated"),
        (140, "Elevated", "Elevated"), (141, "High", "High"), (220, "High", "High"),
    ],
)  # fmt: skip
def test_levels_at_the_edges_of_the_bands(heart_rate: int, default: str, seed: str) -> None:
    assert (DEFAULT.level_of(heart_rate), SEED.level_of(heart_rate)) == (default, seed)


def test_an_unknown_policy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="choose one of default, seed"):
        load_policy("nope")


def test_bands_that_do_not_ascend_are_refused(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    text = (risk.POLICY_FOLDER / "default.json").read_text().replace(": 140", ": 90")
    (tmp_path / "odd.json").write_text(text)
    monkeypatch.setattr(risk, "POLICY_FOLDER", tmp_path)

    with pytest.raises(SettingsError, match="must ascend"):
        load_policy("odd")
