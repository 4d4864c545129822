"""Runs the TypeScript compiler as an editor would: site scripts against deploy/types, without output."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.site import ROOT

TYPES = ROOT / "deploy" / "types"
DEBIAN_TYPESCRIPT = Path("/usr/share/nodejs/typescript")  # package node-typescript, see deploy/install-deps.sh

# The settings that deploy/types/README.md recommends, and every script a module of its own.
OPTIONS = {"target": "es2022", "lib": ["es5"], "module": "commonjs", "moduleDetection": "force", "types": [],
           "allowJs": True, "checkJs": True, "noEmit": True, "strict": True, "noImplicitAny": False}


@dataclass
class Diagnostic:
    file: str  # relative to the project
    line: int
    code: str
    text: str

    def __str__(self):
        return f"{self.file}:{self.line}: {self.code}: {self.text}"


def node():
    return shutil.which("node") or shutil.which("nodejs") or "node"


def check_project(config):
    """The diagnostics of a jsconfig.json or tsconfig.json, in the compiler's order."""
    config = Path(config)
    run = subprocess.run([node(), DEBIAN_TYPESCRIPT / "bin/tsc", "--pretty", "false", "-p", config], cwd=config.parent,
                         capture_output=True, text=True, timeout=200)
    found = []
    for line in run.stdout.splitlines():
        if match := re.match(r"(.+?)\((\d+),\d+\): error (TS\d+): (.*)", line):
            found.append(Diagnostic(match[1], int(match[2]), match[3], match[4]))
        elif line.startswith("error "):
            found.append(Diagnostic("", 0, "", line))
        elif found:
            found[-1].text += "\n" + line
    assert run.returncode == 0 or found, f"the compiler failed:\n{run.stdout}{run.stderr}"
    return found


def check_files(folder, files, types="rampart.d.ts", **options):
    """Checks {name: text} against the types in `types`; the names may have folders."""
    folder = Path(folder)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    config = folder / "tsconfig.json"
    config.write_text(json.dumps({"compilerOptions": {**OPTIONS, **options},
                                  "include": ["**/*.js", "**/*.ts", str(TYPES / types)]}))
    return check_project(config)


def completions(script, types="rampart.d.ts"):
    """What an editor offers at each `/*|*/` of a script: a list of {name: documentation}."""
    run = subprocess.run([node(), ROOT / "tests/support/type_completions.js", DEBIAN_TYPESCRIPT / "lib/typescript.js",
                          TYPES / types], input=script, capture_output=True, text=True, timeout=200)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)
