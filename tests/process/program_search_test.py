"""Why exec() could not start a program, when folders of PATH may not be looked into (runtime-api 7.4)."""

import os
import subprocess

import pytest

from support.site import BUILD, IS_ROOT

SCRIPT = """
["no-such-program-here", "not-executable", "/no/such/file", process.argv[2] + "/locked/inside"].forEach(function (name) {
    console.log(rampart.utils.exec(name).stderr.split(": ").pop().trim());
});
console.log(rampart.utils.exec("true").exitStatus);
"""


@pytest.fixture
def folders(tmp_path_factory):
    """A folder of PATH that nobody may look into, and one with a file that nobody may execute."""
    root = tmp_path_factory.mktemp("search")
    for folder in (root, *root.parents):
        if folder.stat().st_uid == os.getuid() and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | 0o055)
        if folder.name.startswith("pytest-of-"):
            break
    (root / "locked").mkdir()
    (root / "locked" / "inside").write_text("")
    (root / "open").mkdir()
    (root / "open" / "not-executable").write_text("#!/bin/sh\n")
    (root / "open" / "not-executable").chmod(0o644)
    (root / "script.js").write_text(SCRIPT)
    (root / "locked").chmod(0)
    yield root
    (root / "locked").chmod(0o700)


def test_a_program_that_is_nowhere_is_not_denied(folders):
    result = subprocess.run(
        [BUILD / "ravelin", folders / "script.js", folders],
        user="nobody" if IS_ROOT else None,
        env={"PATH": f"{folders}/locked:{folders}/open:/usr/bin:/bin"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
    )
    denied, missing = "Permission denied", "No such file or directory"
    assert result.stdout.splitlines() == [missing, denied, missing, denied, "0"], result.stderr
