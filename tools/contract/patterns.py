"""Regular expressions that say which texts are a UUID and which are an instant, dates that do not exist left out.

They keep to what JSON Schema recommends for all dialects: classes, quantifiers, groups, choices and anchors.
"""

_YEAR = "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_FOURTH = "(0[48]|[2468][048]|[13579][26])"
_LEAP_YEAR = f"([0-9]{{2}}{_FOURTH}|{_FOURTH}00)"
_TO_28, _TO_30, _TO_31 = "(0[1-9]|1[0-9]|2[0-8])", "(0[1-9]|[12][0-9]|30)", "(0[1-9]|[12][0-9]|3[01])"
_HOUR, _MINUTE = "([01][0-9]|2[0-3])", "[0-5][0-9]"
_FRACTION = "([.,][0-9]{1,9})?"
_ZONE = f"([Zz]|[+-]{_HOUR}(:?{_MINUTE})?)?"

UUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


def _date(hyphen: str) -> str:
    months = "|".join(
        (
            f"(0[13578]|1[02]){hyphen}{_TO_31}",
            f"(0[469]|11){hyphen}{_TO_30}",
            f"02{hyphen}{_TO_28}",
        )
    )
    return f"({_YEAR}{hyphen}({months})|{_LEAP_YEAR}{hyphen}02{hyphen}29)"


def _clock(colon: str) -> str:
    return f"{_HOUR}{colon}{_MINUTE}({colon}{_MINUTE}{_FRACTION})?"


EXTENDED_INSTANT = f"^{_date('-')}[Tt ]{_clock(':')}{_ZONE}$"
BASIC_INSTANT = f"^{_date('')}[Tt]{_clock('')}{_ZONE}$"
