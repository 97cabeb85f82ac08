"""`python -m producer`: the simulator's command line."""

from producer.cli import app

if __name__ == "__main__":
    app(prog_name="python -m producer")
