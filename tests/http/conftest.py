"""A site that all tests of one module share, for tests that do not disturb each other."""

import pytest

from support.site import Site, app


@pytest.fixture(scope="module")
def shared_site(request):
    """shared_site(map=..., options=..., files=...) is like `site`; the server lives until the module's last test."""
    sites = []
    request.node.shared_sites = sites

    def make(script=None, *, map=None, options="", before="", after="", files=None, start=True, **site_options):
        all_files = {"app.js": script or app(map, options, before, after), **(files or {})}
        made = Site(all_files, **site_options)
        sites.append(made)
        return made.start() if start else made

    yield make
    problems = []
    for made in reversed(sites):
        problems += made.problems()
        made.remove()
    if problems:
        pytest.fail("after the tests of this module:\n" + "\n".join(problems), pytrace=False)


@pytest.fixture(autouse=True)
def show_log_of_shared_site(request):
    """A failed test shows what the shared server wrote, as it does for a server of its own."""
    request.node.ravelin_sites = getattr(request.node.getparent(pytest.Module), "shared_sites", [])
