"""The figures of a page, as a program reads them."""

from html.parser import HTMLParser


class _Figures(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, float] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "data":
            known = dict(attrs)
            name = str(known["id"])
            assert name not in self.found
            self.found[name] = float(str(known["value"]))


def figures_of(page: str) -> dict[str, float]:
    """Return each figure by its name; fail if one is there twice."""
    parser = _Figures()
    parser.feed(page)
    return parser.found
