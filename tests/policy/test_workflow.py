"""What CI runs is what was looked at: a tag can be moved to other code, a commit cannot."""

import re

from include.settings import PROJECT_ROOT

PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def test_every_action_is_pinned_by_its_commit_and_says_its_version() -> None:
    files = (PROJECT_ROOT / ".github" / "workflows").glob("*.y*ml")
    used = [line.partition("uses:")[2].strip() for file in files for line in file.read_text().splitlines()]

    assert [word for word in used if word and not PINNED.fullmatch(word)] == []
    assert any(used)
