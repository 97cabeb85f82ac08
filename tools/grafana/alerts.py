"""The alert rules. Each asks what heartbeat_health has stored, where it has, so that no limit stands here twice.

- Every rule ends in a threshold on A's number, and its words may show B's.
- When the checks do not run, one rule says so (`checks-stopped`); the others then have no data and stay quiet. When
  the database does not answer, again only that one fires; the others keep the state that they had.
- The words name fields as `.Labels` and `.Values`: a `$` would be taken for an environment variable by some
  versions of Grafana.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tools.grafana.board import LIVE, PIPELINE, QUALITY
from tools.grafana.panels import Json, target
from tools.grafana.sql import bound

EXPRESSION = "__expr__"
WATCHDOG = "heartbeat-checks-stopped"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `panel` is the one that shows more, `to_do` what whoever is called does."""

    uid: str
    title: str
    condition: str
    dashboard: str
    panel: str
    summary: str
    to_do: str
    wait: str
    value: str | None = None
    above: float = 0
    severity: str = "warning"


def rules() -> list[Rule]:
    """Return all rules."""
    return [
        Rule(
            WATCHDOG,
            "Checks stopped",
            bound("alert_checks_age"),
            PIPELINE,
            "Checks of the last minute",
            "The checks have not run for 5 minutes: nothing else can alert.",
            "Open heartbeat_health in Airflow: unpause it, or read its last run's log. If Airflow does not answer, or "
            "this alert says that the database does not, look at the services first: make status.",
            wait="1m",
            above=300,
            severity="critical",
        ),
        Rule(
            "heartbeat-check-failed",
            "Check failed",
            bound("alert_failed_checks"),
            PIPELINE,
            "Checks of the last minute",
            "The check {{ .Labels.check_name }} fails.",
            "Read what it found in the panel, or in heartbeat_health's last run in Airflow. A stream that stands "
            "still is started again by itself: only if it stays red, read the last line of heartbeat_stream's log and "
            "go by the table in docs/operator.md.",
            wait="2m",
            severity="critical",
        ),
        Rule(
            "heartbeat-silent-source",
            "Source silent",
            bound("alert_silent_source"),
            LIVE,
            "Newest reading",
            'No fresh reading, the newest is {{ printf "%.0f" .Values.B.Value }} s old (0: there is none); the stream '
            "has done all that came.",
            "The pipeline is well: look at the devices, the gateway or the simulator. If records still arrive (panel "
            "Records by outcome), they are late or rejected: see the quality dashboard.",
            wait="2m",
            value=bound("alert_check_value", check_name="freshness"),
        ),
        Rule(
            "heartbeat-lag",
            "Stream lags",
            bound("alert_check_level", check_name="lag"),
            PIPELINE,
            "Lag",
            '{{ printf "%.0f" .Values.B.Value }} records wait in Kafka, more than HEALTH_LAG_WARN_RECORDS.',
            "Is the lag falling? Then a backlog is drained: wait. Is it rising? See Records by partition and Latency: "
            "one partition behind the others is a hot key; all of them is too little power: more partitions and "
            "executors (SPARK_MASTER), or a slow database.",
            wait="5m",
            value=bound("alert_check_value", check_name="lag"),
        ),
        Rule(
            "heartbeat-quarantine",
            "Many records rejected",
            bound("alert_check_level", check_name="quarantine"),
            QUALITY,
            "Rejected records by reason",
            "{{ humanizePercentage .Values.B.Value }} of the newest records were rejected, more than "
            "HEALTH_QUARANTINE_WARN_SHARE.",
            "See which reason it is, and python main.py dead-letters list for examples. Mostly a sender has changed "
            "its format or its clock is wrong. Nothing is lost: once it is mended, heartbeat_replay sends them again.",
            wait="3m",
            value=bound("alert_check_value", check_name="quarantine"),
        ),
        Rule(
            "heartbeat-withheld-hour",
            "Hour withheld",
            bound("alert_withheld_hours"),
            QUALITY,
            "Hours",
            'Withheld hours: {{ printf "%.0f" .Values.A.Value }}. They failed a critical check and are not published.',
            "The panel names the hour, the reason and the page with what was found. Go by A withheld hour in "
            "docs/operator.md: repair the rows, then run heartbeat_hourly for that hour; each run checks withheld "
            "hours again.",
            wait="1m",
        ),
        Rule(
            "heartbeat-high-burst",
            "Burst of High readings",
            bound("alert_high_burst"),
            LIVE,
            "Customers at High now",
            'High is {{ printf "%.1f" .Values.A.Value }} times as frequent as usual: '
            "{{ humanizePercentage .Values.B.Value }} of the last two minutes' readings.",
            "One customer, or many at once? The panel lists them, latest first. Many at once mostly are a faulty batch "
            "of devices or another risk policy (RISK_POLICY); a few are people who may need help.",
            wait="3m",
            value=bound("alert_high_share"),
            above=3,
        ),
    ]


def provisioned(boards: Sequence[Json]) -> Json:
    """Return the rules as Grafana's file holds them."""
    group = {
        "orgId": 1,
        "name": "heartbeat",
        "folder": "Heartbeat",
        "interval": "1m",
        "rules": [_provisioned(rule, boards) for rule in rules()],
    }
    return {"apiVersion": 1, "groups": [group]}


def _provisioned(rule: Rule, boards: Sequence[Json]) -> Json:
    panel_id = _panel_id(rule, boards)
    queries = {"A": rule.condition, "B": rule.value}
    is_watchdog = rule.uid == WATCHDOG
    return {
        "uid": rule.uid,
        "title": rule.title,
        "condition": "C",
        "data": [_query(ref, sql) for ref, sql in queries.items() if sql] + [_threshold(rule.above)],
        "dashboardUid": rule.dashboard,
        "panelId": panel_id,
        "noDataState": "Alerting" if is_watchdog else "OK",
        "execErrState": "Alerting" if is_watchdog else "KeepLast",
        "for": rule.wait,
        "isPaused": False,
        "labels": {"severity": rule.severity, "service": "heartbeat"},
        "annotations": {
            "summary": rule.summary,
            "description": rule.to_do,
            "runbook": f"docs/grafana.md#{rule.title.lower().replace(' ', '-')}",
            "__dashboardUid__": rule.dashboard,
            "__panelId__": str(panel_id),
        },
    }


def _panel_id(rule: Rule, boards: Sequence[Json]) -> int:
    [panels] = [board["panels"] for board in boards if board["uid"] == rule.dashboard]
    [number] = [panel["id"] for panel in panels if panel["title"] == rule.panel]
    return int(number)


def _query(ref: str, sql: str) -> Json:
    return {
        "refId": ref,
        "relativeTimeRange": {"from": 600, "to": 0},
        "datasourceUid": "heartbeat",
        "model": target(sql, "table") | {"refId": ref, "intervalMs": 1000, "maxDataPoints": 43200},
    }


def _threshold(above: float) -> Json:
    condition = {
        "type": "query",
        "evaluator": {"type": "gt", "params": [above]},
        "operator": {"type": "and"},
        "query": {"params": ["C"]},
        "reducer": {"type": "last", "params": []},
    }
    model = {
        "refId": "C",
        "type": "threshold",
        "expression": "A",
        "datasource": {"type": EXPRESSION, "uid": EXPRESSION},
        "conditions": [condition],
    }
    return {
        "refId": "C",
        "relativeTimeRange": {"from": 0, "to": 0},
        "datasourceUid": EXPRESSION,
        "model": model,
    }
