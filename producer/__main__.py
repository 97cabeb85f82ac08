"""`python -m producer`: the simulator's command line."""

from include.surroundings import settle_in
from producer.cli import app

if __name__ == "__main__":
    settle_in()
    app(prog_name="python -m producer")
