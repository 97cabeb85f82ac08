"""Airflow as a part of the embedded stack: its configuration, its database, its processes and its REST API."""
