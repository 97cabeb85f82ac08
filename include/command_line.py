"""What the help of every command shares: the program's name, worked examples, and what exit codes mean."""

import os

# `.venv/bin/heartbeat`, made by `make setup`, says its name; only a program of one word can have completion.
PROGRAM = os.environ.get("HEARTBEAT_COMMAND", "python main.py")
HAS_COMPLETION = " " not in PROGRAM

EXIT_CODES = {
    0: "done",
    1: "an error that the last line explains; for report and verify: something does not add up",
    2: "bad settings or options",
    3: "superseded by a newer launch; for stack status: a part does not run",
    4: "the topic was replaced while the stream ran",
    5: "the stream stalled",
    6: "the Spark query failed",
    130: "Ctrl-C",
}


def examples(*lines: tuple[str, str]) -> str:
    """Return a command's epilog: what each example does, and the words to type after the program's name."""
    told = [f"[dim]{what}[/dim]\n\n  {PROGRAM} {words}" for words, what in lines]
    return "\n\n".join(["[bold]Examples[/bold]", *told])


def exit_codes() -> str:
    """Return the program's epilog."""
    meanings = [f"[bold]{code:>3}[/bold]  {meaning}" for code, meaning in EXIT_CODES.items()]
    completion = (
        "Completion: [bold]. .venv/bin/activate[/bold], then [bold]heartbeat --install-completion[/bold]"
    )
    return "\n\n".join(["[bold]Exit codes[/bold]", *meanings, completion])
