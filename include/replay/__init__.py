"""Sending rejected records to the topic again, once the cause of their failure is fixed."""
