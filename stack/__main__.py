"""Run the stack's commands on their own: `python -m stack up`."""

from include.surroundings import settle_in
from stack.cli import app

settle_in()
app(prog_name="python -m stack")
