"""Limits of customers' own, and noted pauses: set by people, taken up by the evaluator from their start on."""
