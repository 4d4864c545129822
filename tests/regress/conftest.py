"""The process tests' fixtures are for the bugs found by them, too."""

from process.conftest import as_root, hostile, memory_limits  # noqa: F401
