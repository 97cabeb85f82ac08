"""A rate over time consists of whole steps: no false drop where the range cuts one, or where one still goes on."""

from datetime import timedelta

import pytest

from include.db.connect import Role, connect
from tests.support.grafana_data import EARLIER_DAYS, FilledPipeline
from tools.grafana.macros import Range, expand, panels, span

pytestmark = pytest.mark.integration

# From a minute before the beginning on, for six minutes: ten accepted records, ten readings and a letter each second.
STEADY = (
    """insert into stream_commits (topic_id, partition, from_offset, to_offset, accepted, epoch, committed_at)
    select gen_random_uuid(), 0, 0, 10, 10, 1, %(begin)s + interval '0.2 second' + number * interval '1 second'
    from generate_series(-60, 300) as number""",
    """insert into heartbeats (customer_id, heart_rate, event_time, risk_level)
    select gen_random_uuid(), 70, %(begin)s + interval '0.2 second' + number * interval '0.1 second', 'Normal'
    from generate_series(-600, 3000) as number""",
    """insert into dead_letters (topic_id, topic, partition, "offset", reason, detail, recorded_at)
    select gen_random_uuid(), 'steady', 0, number, 'missing_field', '',
        %(begin)s + interval '0.2 second' + number * interval '1 second'
    from generate_series(-60, 300) as number""",
)
RATES = {
    "Records by outcome": (1, 10),
    "Records by partition": (2, 10),
    "Readings by risk level, last 2 minutes": (1, 10),
    "Rejected records by reason": (2, 60),
}


@pytest.mark.parametrize("at", [0.0, 2.4, 4.9])
def test_a_steady_flow_is_drawn_as_one_up_to_both_ends_of_the_range(
    at: float, filled: FilledPipeline
) -> None:
    # A day of its own, of which nothing else is stored.
    begin = filled.now.replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=EARLIER_DAYS + 3)
    chosen = Range(begin + timedelta(seconds=20 + at), begin + timedelta(seconds=280 + at))
    shown = {}
    with connect(filled.pipeline.settings, Role.OWNER) as owner:
        for parent in ("stream_commits", "heartbeats", "dead_letters"):
            owner.execute("select ensure_day_partition(%s, %s)", [parent, begin.date()])
        for statement in STEADY:
            owner.execute(statement, {"begin": begin})
        for _, panel in panels():
            if panel["title"] not in RATES:
                continue
            least_step = span(panel["interval"])
            variables = {"customer": [""], "partition": ["0", "1"]}
            text = expand(panel["targets"][0]["rawSql"], chosen, least_step=least_step, variables=variables)
            column, _ = RATES[panel["title"]]
            rows = owner.execute(text.encode()).fetchall()
            shown[panel["title"]] = {float(row[column]) for row in rows}
        owner.rollback()  # the other tests have panels about the last hours

    assert shown == {title: {rate} for title, (_, rate) in RATES.items()}
