"""Numbers that the page shares with Python come from the server: what it asks for is there, and nothing else."""

import re

from include.live.store import limits
from include.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "plugins" / "heartbeats_page"
ASKED = re.compile(r'(?:limits|bounds)\.(\w+_\w+)|data-limit="(\w+)"')


def test_the_page_asks_for_the_limits_that_the_server_gives() -> None:
    texts = [(PAGE / "index.html").read_text(), *(file.read_text() for file in (PAGE / "js").glob("*.js"))]
    asked = {script or document for text in texts for script, document in ASKED.findall(text)}

    assert asked == set(limits())
