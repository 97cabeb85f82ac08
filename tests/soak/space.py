"""How much disk a soak takes: who finds out after an hour has lost an hour."""

import shutil
import tempfile

from include.errors import PermanentError

# Kafka's log and the tables with their indexes, measured, with something to spare; then the database's own log.
BYTES_PER_RECORD, FIXED_BYTES = 500, 4 * 1024**3
# The simulator's ground truth, and the copy in which it is amended.
TRUTH_BYTES_PER_RECORD = 500
_BYTES_PER_GIB = 1024**3


def require_space(records: int, *, has_truth: bool = False) -> None:
    """Raise PermanentError where the disk has no room for so many records."""
    folder = tempfile.gettempdir()
    each = BYTES_PER_RECORD + (TRUTH_BYTES_PER_RECORD if has_truth else 0)
    needed, free = FIXED_BYTES + each * records, shutil.disk_usage(folder).free
    if free < needed:
        raise PermanentError(
            f"{records:,} records take {needed / _BYTES_PER_GIB:.1f} GiB and {folder} has {free / _BYTES_PER_GIB:.1f}: "
            "free some, let TMPDIR name another disk, or ask for fewer records"
        )
