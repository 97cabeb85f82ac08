"""Grafana's files without a server: written from their source, whole, and of one hand."""

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from include.db.connect import Role
from include.settings import FIELDS, PROJECT_ROOT, Settings
from tests.support.compose import services
from tests.support.grafana import provisioned, rules, sql_files
from tools.grafana import colours
from tools.grafana.__main__ import main
from tools.grafana.macros import boards, panels

PANELS = [pytest.param(panel, id=f"{board['uid']}: {panel['title']}") for board, panel in panels()]
BOARDS = [pytest.param(board, id=board["uid"]) for board in boards()]
RULES = [pytest.param(rule, id=rule["uid"]) for rule in rules()]
SOURCE = "heartbeat"


def test_the_files_are_what_their_source_says() -> None:
    main(["--check"])


def test_the_check_notices_a_change_made_by_hand(tmp_path: Path) -> None:
    main([], folder=tmp_path)
    main(["--check"], folder=tmp_path)
    board = tmp_path / "dashboards" / "heartbeat-live.json"
    board.write_text(board.read_text().replace("Latency", "Delay"))

    with pytest.raises(SystemExit, match=r"heartbeat-live\.json; run 'make dashboards'"):
        main(["--check"], folder=tmp_path)


def test_every_query_has_a_header_and_is_used() -> None:
    used = json.dumps([boards(), rules()])

    for path in sql_files():
        text = path.read_text()
        assert text.startswith("-- "), path.name
        assert json.dumps(text.splitlines()[0])[1:-1] in used, f"{path.name} is in no dashboard and no rule"


@pytest.mark.parametrize("board", BOARDS)
def test_grafanas_own_models_know_every_key_of_a_dashboard(board: dict[str, Any]) -> None:
    assert _unknown(board) == []


def test_a_key_that_grafana_does_not_know_is_noticed() -> None:
    board = boards()[0]
    board["panels"][0]["fieldConfig"]["defaults"]["unitt"] = "s"

    assert [path.rsplit(".", 1)[1] for path in _unknown(board)] == ["unitt"]


@pytest.mark.parametrize("board", BOARDS)
def test_a_dashboard_can_be_found_and_leads_to_the_others_and_to_airflow(board: dict[str, Any]) -> None:
    assert board["title"].startswith("Heartbeat \N{EN DASH} ")
    assert board["uid"] == "heartbeat-" + board["title"].split()[-1]
    assert (board["tags"], board["timezone"], board["editable"]) == (["heartbeat"], "utc", False)
    assert board["refresh"] in board["timepicker"]["refresh_intervals"]
    assert {link["type"] for link in board["links"]} == {"dashboards", "link"}
    [airflow] = [variable for variable in board["templating"]["list"] if variable["name"] == "airflow"]
    assert airflow["query"] == f"http://localhost:{FIELDS['airflow_port'].default}"


@pytest.mark.parametrize("board", BOARDS)
def test_panels_have_numbers_and_places_of_their_own(board: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in board["panels"]]

    assert max(Counter(panel["id"] for panel in board["panels"]).values()) == 1
    assert max(Counter(panel["title"] for panel in board["panels"]).values()) == 1
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert [pair for pair in combinations(places, 2) if _overlap(*pair)] == []


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_shows_and_in_what_unit(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert len(panel["description"]) > 20
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"]["uid"] == SOURCE
    assert [target["datasource"]["uid"] for target in panel["targets"]] == [SOURCE]


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_names_only_columns_that_its_query_gives(panel: dict[str, Any]) -> None:
    named = [override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]]
    [target] = panel["targets"]

    assert [name for name in named if not re.search(rf"\b{name}\b", target["rawSql"])] == []


def test_a_customers_alarms_are_marked_in_that_customers_chart_alone() -> None:
    [(board, note)] = [(board, note) for board in boards() for note in board["annotations"]["list"]]
    [panel] = [
        panel for panel in board["panels"] if panel["title"].startswith("Heart rate of the chosen customer")
    ]

    assert note["filter"] == {"exclude": False, "ids": [panel["id"]]}
    assert (note["datasource"]["uid"], note["enable"]) == (SOURCE, True)
    columns = re.findall(r"\b(?:as|then) (\w+)", note["target"]["rawSql"])
    assert {"time", "timeend", "text", "tags"} <= set(columns)
    assert note["target"]["format"] == "table"


def test_the_data_source_is_the_readers_and_holds_no_secret() -> None:
    [source] = provisioned("datasources/heartbeat.yaml")["datasources"]

    assert (source["uid"], source["type"], source["editable"]) == (SOURCE, "postgres", False)
    assert source["user"] == Role.READER.user(Settings())
    assert source["secureJsonData"] == {"password": "${DB_READER_PASS}"}
    assert Role.READER.password_setting.upper() == "DB_READER_PASS"
    assert source["url"] == "${HEARTBEAT_DB_ADDRESS}"
    assert source["jsonData"]["database"] == "${DB_NAME}"


def test_the_data_source_goes_by_tls_as_it_is_told() -> None:
    [source] = provisioned("datasources/heartbeat.yaml")["datasources"]

    assert source["jsonData"]["sslmode"] == "${HEARTBEAT_DB_SSLMODE}"
    assert source["jsonData"]["tlsConfigurationMethod"] == "file-path"
    assert source["jsonData"]["sslRootCertFile"] == "${HEARTBEAT_DB_ROOT_CERT}"


def test_no_customers_id_stands_in_the_address_of_a_page() -> None:
    """Browsers, proxies and web servers write addresses down."""
    named = [
        variable
        for board in boards()
        for variable in board["templating"]["list"]
        if "customer" in variable["name"]
    ]

    assert [variable["skipUrlSync"] for variable in named] == [True]
    assert "var-customer" not in json.dumps([boards(), rules()])
    # Its address would hold the query of the panel that it was opened from.
    assert services()["grafana"]["environment"]["GF_EXPLORE_ENABLED"] == "false"


def test_dashboards_and_rules_lie_in_one_folder() -> None:
    [provider] = provisioned("dashboards/heartbeat.yaml")["providers"]
    [group] = provisioned("alerting/rules.yaml")["groups"]

    assert provider["folder"] == group["folder"] == "Heartbeat"
    assert provider["options"]["path"] == "/etc/grafana/dashboards"


def test_every_notice_has_a_receiver_that_exists_and_is_never_without_an_address() -> None:
    [point] = provisioned("alerting/contact-points.yaml")["contactPoints"]
    [policy] = provisioned("alerting/policies.yaml")["policies"]
    [receiver] = point["receivers"]

    assert {policy["receiver"], *(route["receiver"] for route in policy["routes"])} == {point["name"]}
    assert receiver["settings"]["url"].replace("${HEARTBEAT_ALERT_URL}", "") != ""


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_explained_and_decides_what_silence_means(rule: dict[str, Any]) -> None:
    words = rule["annotations"]
    anchor = words["runbook"].partition("#")[2]
    headings = re.findall(r"^### (.+)$", (PROJECT_ROOT / "docs" / "grafana.md").read_text(), re.MULTILINE)

    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["for"] != "0s"
    assert words["summary"]
    assert len(words["description"]) > 60
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
    assert "$" not in " ".join(words.values()), "some versions of Grafana take it for an environment variable"
    is_watchdog = rule["uid"] == "heartbeat-checks-stopped"
    assert rule["noDataState"] == ("Alerting" if is_watchdog else "OK")
    assert rule["execErrState"] == ("Alerting" if is_watchdog else "KeepLast")


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_leads_to_a_panel_that_exists(rule: dict[str, Any]) -> None:
    [board] = [board for board in boards() if board["uid"] == rule["dashboardUid"]]

    assert rule["panelId"] in {panel["id"] for panel in board["panels"]}
    assert rule["annotations"]["__dashboardUid__"] == rule["dashboardUid"]
    assert rule["annotations"]["__panelId__"] == str(rule["panelId"])


@pytest.mark.parametrize(
    "meanings", [colours.RISK, colours.STATUS, colours.OUTCOME, colours.HOUR, colours.SEVERITY]
)
@pytest.mark.parametrize("vision", ["normal", "protanopia", "deuteranopia", "tritanopia"])
def test_colours_of_one_scale_differ_for_every_vision(meanings: dict[str, str], vision: str) -> None:
    seen = [_lab(_as_seen(colour, vision)) for colour in meanings.values()]

    assert min(_distance(*pair) for pair in combinations(seen, 2)) > 20


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not (apart_x or apart_y)


def _unknown(board: dict[str, Any]) -> list[str]:
    """Return where a dashboard holds what Grafana's models do not keep."""
    register_default_plugins()
    read = json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder))
    # Of an annotation's query they know only the one of Grafana's own data source; ours has the form of a panel's.
    query = rf"{board['uid']}\.annotations\.list\[\d+\]\.target\."
    return [path for path in _lost(board, read, board["uid"]) if not re.match(query, path)]


def _lost(before: Any, after: Any, path: str) -> Any:
    """Yield where `after` lacks or changes something of `before`."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from _lost(value, after.get(key, "nothing"), f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, pair in enumerate(zip(before, after, strict=True)):
            yield from _lost(*pair, f"{path}[{number}]")
    elif before != after:
        yield path


# How people without one kind of cone see linear RGB; Machado, Oliveira and Fernandes (2009), severity 1.
_VISIONS = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deuteranopia": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "tritanopia": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}
_TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_WHITE = (0.9505, 1.0, 1.089)


def _as_seen(colour: str, vision: str) -> list[float]:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return [min(max(value, 0), 1) for value in _times(_VISIONS[vision], linear)]


def _lab(linear: list[float]) -> tuple[float, float, float]:
    scaled = [value / white for value, white in zip(_times(_TO_XYZ, linear), _WHITE, strict=True)]
    x, y, z = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in scaled)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _times(matrix: Any, vector: list[float]) -> list[float]:
    return [sum(factor * value for factor, value in zip(row, vector, strict=True)) for row in matrix]


def _distance(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5)
