"""What others wrote and the page serves is as it came, and stands with its licence."""

from hashlib import sha256

from include.settings import PROJECT_ROOT

VENDOR = PROJECT_ROOT / "plugins" / "heartbeats_page" / "vendor"


def test_every_vendored_file_is_as_it_came() -> None:
    for sums in VENDOR.glob("*/SHA256SUMS"):
        known = {name: digest for digest, name in (line.split() for line in sums.read_text().splitlines())}
        found = {
            file.name: sha256(file.read_bytes()).hexdigest() for file in sums.parent.iterdir() if file != sums
        }

        assert found == known
        assert "LICENSE" in found


def test_every_library_has_its_sums() -> None:
    libraries = {folder.name for folder in VENDOR.iterdir()}

    assert libraries == {sums.parent.name for sums in VENDOR.glob("*/SHA256SUMS")} == {"uplot"}
