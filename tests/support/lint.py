"""The rules of the house that a program can check: `make lint` runs this from the root of the tree.

Formatting (clang-format), static analysis (cppcheck), who may include whom, what may lie at the top level, how long a
file may be, and how a header begins. Every finding is one line "path:line: message"; any finding ends with exit code 1.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE_FOLDERS = ("common", "ipc", "frontend", "worker")
TOP_LEVEL = {"Makefile", "frontend", "worker", "ipc", "common", "tests", "deploy", "README.md", "LICENSE", "build"}
MAX_LINES = 600

# Includes point down only. A folder that is not listed (tests) may include everything.
MAY_INCLUDE = {
    "common": {"common"},
    "ipc": {"ipc", "common"},
    "frontend": {"frontend", "ipc", "common"},
    "worker": {"worker", "ipc", "common"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')

CPPCHECK = [
    "cppcheck",
    "--enable=warning,performance,portability",
    "--std=c++20",
    "--language=c++",
    "--inline-suppr",
    "--quiet",
    "--error-exitcode=1",
    "--template={file}:{line}: {severity}: {message} [{id}]",
    # cppcheck does not see system headers, libevent's and Duktape's included.
    "--suppress=missingIncludeSystem",
    "--suppress=unmatchedSuppression",
    # It does not know that CHECK() and duk_error() do not return, and guesses; duk_error_va() unwinds past va_end().
    "--suppress=nullPointerRedundantCheck",
    "--suppress=va_end_missing",
    "--suppress=useStlAlgorithm",
    "-I.",
]


def sources():
    files = []
    for folder in SOURCE_FOLDERS + ("tests",):
        files += [p for p in (ROOT / folder).rglob("*") if p.suffix in (".cpp", ".h") and p.is_file()]
    return sorted(p.relative_to(ROOT) for p in files)


def check_format(files):
    if not files:
        return []
    run = subprocess.run(["clang-format", "--dry-run", "-Werror", *map(str, files)], cwd=ROOT, capture_output=True,
                         text=True)
    if run.returncode == 0:
        return []
    first_lines = {}
    for line in run.stderr.splitlines():
        match = re.match(r"(.+?):(\d+):\d+: error: code should be clang-formatted", line)
        if match:
            first_lines.setdefault(match.group(1), match.group(2))
    found = [f"{path}:{line}: not formatted, `make format` does it" for path, line in first_lines.items()]
    return found or [run.stderr.strip()]


def check_cppcheck(files):
    targets = [str(p) for p in files if p.suffix == ".cpp" and p.parts[0] in SOURCE_FOLDERS]
    if not targets:
        return []
    cache = ROOT / "build" / "cppcheck"
    cache.mkdir(parents=True, exist_ok=True)
    run = subprocess.run([*CPPCHECK, f"--cppcheck-build-dir={cache}", f"-j{os.cpu_count() or 1}", *targets], cwd=ROOT,
                         capture_output=True, text=True)
    if run.returncode == 0:
        return []
    return sorted(set((run.stderr + run.stdout).strip().splitlines())) or [f"cppcheck: exit code {run.returncode}"]


def check_includes(path, lines):
    allowed = MAY_INCLUDE.get(path.parts[0])
    if allowed is None:
        return
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(2)
        folder = target.split("/")[0]
        if ".." in target.split("/"):
            yield f"{path}:{number}: include paths start at the root of the tree: {target}"
        elif folder in MAY_INCLUDE or folder == "tests":
            if folder not in allowed:
                yield f"{path}:{number}: {path.parts[0]}/ must not include {folder}/ ({target})"
        elif match.group(1) == '"' and (ROOT / path.parent / target).exists():
            yield f"{path}:{number}: include paths start at the root of the tree: {target}"


def check_shape(path, lines):
    if len(lines) > MAX_LINES:
        yield f"{path}:1: {len(lines)} lines; {MAX_LINES} are the most that stay readable, split it by idea"
    if path.suffix == ".h" and path.parts[0] in SOURCE_FOLDERS:
        if not any(line.strip() == "#pragma once" for line in lines[:60]):
            yield f"{path}:1: a header has #pragma once"
        if not any(line.lstrip().startswith(("//", "/*")) for line in lines[:4]):
            yield f"{path}:1: a header begins by saying what it is responsible for"


def tracked_top_level():
    """What git would commit; without git, what is there."""
    run = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                         capture_output=True, text=True)
    if run.returncode != 0:
        return {p.name for p in ROOT.iterdir()}
    return {line.split("/")[0] for line in run.stdout.splitlines()}


def check_top_level():
    for name in sorted(tracked_top_level()):
        if not name.startswith(".") and name not in TOP_LEVEL:
            yield f"{name}:1: the top level is fixed ({', '.join(sorted(TOP_LEVEL - {'build'}))}); this belongs below it"


def main():
    files = sources()
    findings = list(check_top_level())
    for path in files:
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        findings += check_includes(path, lines)
        findings += check_shape(path, lines)
    findings += check_format(files)
    findings += check_cppcheck(files)
    for finding in findings:
        print(finding)
    print(f"lint: {len(files)} source files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
