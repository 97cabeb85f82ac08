"""Grafana's dashboards and alert rules, written from grafana/queries and the descriptions in this package."""
