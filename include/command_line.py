"""What every command shares: the program's name, worked examples, what exit codes mean, and errors in one line."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from include.errors import FileUnusableError, HeartbeatError, OptionError, PartFailedError
from include.terminal import plain

# `.venv/bin/heartbeat`, made by `make setup`, says its name; only a program of one word can have completion.
PROGRAM = os.environ.get("HEARTBEAT_COMMAND", "python main.py")
HAS_COMPLETION = " " not in PROGRAM

EXIT_CODES = {
    0: "done",
    1: "an error that the last line explains; for report and verify: something does not add up",
    2: "bad settings or options, or a file that cannot be used",
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


def say_error(problem: object) -> None:
    """Print what is wrong as one line, whatever it quotes."""
    typer.echo(f"error: {plain(problem)}", err=True)


def require_between(option: str, value: float, least: float, most: float) -> None:
    """Raise OptionError for a number outside the bounds, and for one that is none."""
    if not least <= value <= most:
        raise OptionError(f"{option} must lie between {least:,} and {most:,}")


def require_writable(path: Path) -> None:
    """Raise FileUnusableError now where the work of minutes could not be written in the end."""
    try:
        path.open("ab").close()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such name is possible"
        raise FileUnusableError(path=path, problem=f"it cannot be written: {reason}") from None


class _InOneLine:
    """Tells errors, and wrong options, in one line."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run, and exit where that is expected."""
        run: Callable[..., Any] = super().main  # type: ignore[misc]
        if not standalone_mode:
            return run(*args, standalone_mode=False, **extra)
        try:
            code = run(*args, standalone_mode=False, **extra)
        except HeartbeatError as error:
            if isinstance(error, PartFailedError):
                for line in error.log_tail:
                    typer.echo(f"  {error.part} | {plain(line)}", err=True)
            say_error(error)
            sys.exit(error.exit_code)
        except TyperException as error:
            _exit_for(error)
        except typer.Abort:
            say_error("stopped")
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else 0)


class OneLineCommand(_InOneLine, TyperCommand):
    """A command whose errors, and wrong options, are told in one line."""


class OneLineGroup(_InOneLine, TyperGroup):
    """A program whose commands' errors, and wrong options, are told in one line."""


def _exit_for(error: TyperException) -> NoReturn:
    context = getattr(error, "ctx", None)
    # A group without a command has shown its help already.
    if type(error).__name__ != "NoArgsIsHelpError":
        hint = f" ('{context.command_path} --help' shows what there is)" if context else ""
        say_error(f"{error.format_message().rstrip('.')}{hint}")
    sys.exit(error.exit_code)
