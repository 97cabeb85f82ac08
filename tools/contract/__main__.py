"""Write docs/contract/ from the sources: `python -m tools.contract`, or `--check` to only compare.

Exit code 1 when a file is not what the sources say.
"""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import yaml

from include.settings import FIELDS, PROJECT_ROOT, Settings
from tools.contract.asyncapi import asyncapi_document
from tools.contract.event import BEYOND_THE_SCHEMA, event_schema

FOLDER = PROJECT_ROOT / "docs" / "contract"
SCHEMA, ASYNCAPI, PAGE = "heartbeat.schema.json", "asyncapi.yaml", "README.md"
WRITTEN_BY = "Written by `make docs`; a change here is lost, a difference fails the tests."
_PAGE = f"""\
# The contract

{WRITTEN_BY}

- [{SCHEMA}]({SCHEMA}): an event as JSON Schema, for whoever sends one and wants to know beforehand whether it is taken.
- [{ASYNCAPI}]({ASYNCAPI}): the topic, its key and headers as AsyncAPI 3.

What the schema refuses, the stream rejects, and for the same reason. What the schema accepts, the stream takes, but for
these rules, which JSON Schema cannot say:

| rule | rejected as | when |
| --- | --- | --- |
{{rules}}

There are no others; a test holds the two together over arbitrary records. Numbers count as they are written: a
validator that reads them into 64-bit floats takes 72.00000000000000001 for 72, and the stream does not. NaN and
Infinity, which JSON does not have and some libraries write, are read as numbers that are no heart rate.

[What a record may be](../records.md) says all of it in words.
"""


def main(arguments: list[str]) -> None:
    """Write or check the files."""
    for name, text in documents().items():
        file = FOLDER / name
        if arguments == ["--check"]:
            if not file.exists() or file.read_text() != text:
                sys.exit(f"{file.relative_to(PROJECT_ROOT)} is not what the sources say: run 'make docs'")
        else:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)


def documents() -> dict[str, str]:
    """Return each file's name and text."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **event_schema()}
    rules = "\n".join(f"| {rule.name} | `{rule.reason}` | {rule.meaning} |" for rule in BEYOND_THE_SCHEMA)
    return {
        SCHEMA: f"{json.dumps(schema, indent=2)}\n",
        ASYNCAPI: f"# {WRITTEN_BY}\n{_as_yaml(asyncapi_document(_defaults()))}",
        PAGE: _PAGE.format(rules=rules),
    }


def _defaults() -> Settings:
    """Return the settings as they are where nobody has set anything."""
    kept = {key: os.environ.pop(key) for key in list(os.environ) if key.lower() in FIELDS}
    try:
        return Settings(_env_file=None)
    finally:
        os.environ.update(kept)


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - a reader shall not have to look things up
        return True


def _as_yaml(document: Mapping[str, Any]) -> str:
    # Nothing is folded: a line break inside a pattern would be hard to read.
    return str(yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=10_000))


if __name__ == "__main__":
    main(sys.argv[1:])
