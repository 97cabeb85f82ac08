"""The colours, one meaning each, so far apart that people with any colour vision tell them from one another.

A test holds their distances as those people see them. No meaning hangs on colour alone: every series is named.
"""

from include.domain.risk import RiskLevel
from include.episodes.policy import Severity
from include.health.types import Status

BLUE, SKY, ORANGE, RED, GREY = "#0072B2", "#56B4E9", "#E69F00", "#C0362C", "#8C8C8C"

RISK = {RiskLevel.NORMAL: SKY, RiskLevel.ELEVATED: ORANGE, RiskLevel.HIGH: RED}
STATUS = {Status.OK: SKY, Status.WARN: ORANGE, Status.FAIL: RED}
OUTCOME = {"accepted": SKY, "duplicates": GREY, "quarantined": RED}
SEVERITY = {Severity.WARNING: ORANGE, Severity.CRITICAL: RED}
HOUR = {"published": SKY, "open": GREY, "reopened": ORANGE, "withheld": RED}
LIMIT = GREY
