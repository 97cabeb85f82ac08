"""What lies in the stack's folder (STACK_DIR), by name.

Nobody writes to another name in there: `stack clean` deletes these and nothing else.
"""

from enum import StrEnum


class Place(StrEnum):
    """A folder or file that the product makes in STACK_DIR."""

    RUN = "run"
    LOGS = "logs"
    POSTGRES = "postgres"
    SUPERUSER = "superuser"
    # What a start that was killed while it wrote that one leaves behind.
    SUPERUSER_DRAFT = "superuser.tmp"
    KAFKA = "kafka"
    AIRFLOW = "airflow"
    SIMULATOR = "simulator"
    DATA_DOCS = "data_docs"
    DATA_DOCS_RESULTS = "data_docs_results"
    REPORTS = "reports"
    DATABASE_OUTAGE = "database_outage.json"
    SENDER_PULSE = "sender.pulse"
    DEMO = "demo"
