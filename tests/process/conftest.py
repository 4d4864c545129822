"""Fixtures of the tests with real processes: the hostile script module, and the sanitizer builds' exceptions."""

import os
import subprocess
from pathlib import Path

import pytest

from support.site import BUILD

HERE = Path(__file__).resolve().parent
IS_SAN = "san" in BUILD.name


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    """{"hostile.so": bytes}, to be given to site() as `files`: hostile.c, compiled as a site's author would."""
    target = tmp_path_factory.mktemp("hostile") / "hostile.so"
    # No optimisation: the compiler must not see through crashes and useless loops.
    build = subprocess.run(["cc", "-O0", "-w", "-shared", "-fPIC", str(HERE / "hostile.c"), "-o", str(target)],
                           capture_output=True, text=True)
    assert build.returncode == 0, build.stderr
    return {"hostile.so": target.read_bytes()}


@pytest.fixture
def memory_limits():
    """For tests of maxMemory against native code: a sanitizer's shadow memory rules RLIMIT_AS out."""
    if IS_SAN:
        pytest.skip("address space limits cannot work under sanitizers: their shadow memory is larger than any limit")


@pytest.fixture
def as_root():
    if os.geteuid() != 0:
        pytest.skip("needs to be root, to start servers that drop it")
