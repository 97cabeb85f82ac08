"""The workflows: wiring only, the work is in include/."""
