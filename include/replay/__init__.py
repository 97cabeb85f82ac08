"""Sending rejected records to the topic again, after what made them fail was mended."""
