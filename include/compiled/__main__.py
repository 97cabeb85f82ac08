"""`python -m include.compiled`: make the machine code, unless it is there for these very sources."""

import sys

from include.compiled.program import is_made, object_file


def main() -> int:
    """Compile what set-up and the image want compiled."""
    if not is_made():
        from include.compiled.build import build  # numba takes long to import

        build(object_file())
    return 0


if __name__ == "__main__":
    sys.exit(main())
