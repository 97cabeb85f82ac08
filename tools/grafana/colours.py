"""The colours, one meaning each. From Okabe and Ito's palette, which people with any colour vision can tell apart;
a test holds their distances as those people see them. No meaning hangs on colour alone: every series is named."""

from include.domain.reasons import Outcome
from include.domain.risk import RiskLevel
from include.health.types import Status

BLUE, SKY, ORANGE, VERMILLION, GREY = "#0072B2", "#56B4E9", "#E69F00", "#D55E00", "#8C8C8C"

RISK = {RiskLevel.NORMAL: SKY, RiskLevel.ELEVATED: ORANGE, RiskLevel.HIGH: VERMILLION}
STATUS = {Status.OK: SKY, Status.WARN: ORANGE, Status.FAIL: VERMILLION}
OUTCOME = {Outcome.ACCEPTED: SKY, Outcome.DUPLICATE: GREY, Outcome.QUARANTINED: VERMILLION}
HOUR = {"published": SKY, "open": GREY, "reopened": ORANGE, "withheld": VERMILLION}
LIMIT = GREY
