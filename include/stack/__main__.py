"""Run the stack's commands on their own: `python -m include.stack up`."""

from include.stack.cli import app

app(prog_name="python -m include.stack")
