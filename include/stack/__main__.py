"""Run the stack's commands on their own: `python -m include.stack up`."""

from include.stack.cli import app
from include.surroundings import settle_in

settle_in()
app(prog_name="python -m include.stack")
