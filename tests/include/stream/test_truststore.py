"""The trust store: Java itself reads back the certificates."""

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from include.stream.java import find_java
from include.stream.truststore import store_bytes, trusted_certificates

# A JDK has keytool as a program, a mere runtime only as a class.
KEYTOOL = ("-m", "java.base/sun.security.tools.keytool.Main", "-list", "-storetype", "JKS", "-keystore")


def test_java_reads_the_certificates_that_python_trusts(tmp_path: Path) -> None:
    certificates = trusted_certificates()
    if not certificates:
        pytest.skip("this machine's Python loads its authorities one by one")
    store = tmp_path / "cacerts"
    store.write_bytes(store_bytes(certificates))

    command = [str(find_java().program), *KEYTOOL, str(store)]
    said = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    found = re.findall(r"\(SHA-256\): ([0-9A-F:]+)", said.stdout)
    assert {each.replace(":", "").lower() for each in found} == {
        hashlib.sha256(each).hexdigest() for each in certificates
    }
