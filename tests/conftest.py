"""The fixtures of the tests that run a real server. tests/README.md says how to use them."""

import os
import sys

sys.dont_write_bytecode = True

import pytest

from support import processes
from support.site import BUILD, Site, app

processes.become_subreaper()


def pytest_report_header():
    return f"ravelin build: {BUILD}, time limits x {os.environ.get('RAVELIN_TEST_SLOW') or 1}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what its servers wrote."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for number, running in enumerate(getattr(item, "ravelin_sites", []), 1):
            for name, text in (("stderr", running.log()), ("stdout", running.stdout())):
                if text:
                    report.sections.append((f"server {number} {name}", text[-8000:]))


class SiteFactory:
    """site(script, **options) starts a server and returns a support.site.Site. See tests/README.md."""

    def __init__(self):
        self.sites = []

    def __call__(self, script=None, *, map=None, options="", before="", after="", files=None, start=True, wait=True,
                 host="127.0.0.1", **site_options):
        """script: the text of app.js, or a dict of files that has "app.js". map (with options, before, after): the
        arguments of support.site.app(), instead of a script. files: more files beside app.js. The rest: Site()."""
        assert (script is None) != (map is None), "give either a script or a map"
        all_files = dict(script) if isinstance(script, dict) else {"app.js": script or app(map, options, before, after)}
        all_files.update(files or {})
        made = Site(all_files, **site_options)
        self.sites.append(made)
        if start:
            made.start(wait=wait, host=host)
        return made

    def run(self, script=None, seconds=10.0, **options):
        """Runs a script that is expected to end by itself; returns the Site, with the exit code in .returncode."""
        made = self(script, wait=False, **options)
        made.returncode = made.wait_exit(seconds)
        return made


@pytest.fixture
def site(request):
    factory = SiteFactory()
    request.node.ravelin_sites = factory.sites
    before = processes.children()
    yield factory
    if request.node.get_closest_marker("leak_ok"):
        for made in factory.sites:
            made.check_fds = False
    problems = []
    for made in reversed(factory.sites):
        problems += made.problems()
        made.remove()
    # Whatever has lost its parent is ours now, however well it hid.
    strays = processes.children() - before
    if strays:
        problems.append(f"processes adopted and still running: {[(pid, processes.command(pid)) for pid in strays]}")
    for pid in strays:
        processes.kill(pid)
    if problems:
        pytest.fail("after the test:\n" + "\n".join(problems), pytrace=False)
