"""Tests of include/db."""
