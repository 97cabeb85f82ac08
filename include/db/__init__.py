"""Connections by role, and the migrations."""
