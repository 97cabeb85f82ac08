"""Airflow as docker-compose.yml runs it: each of its processes in a container of its own, out of the one image."""
