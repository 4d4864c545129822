"""At the SIGKILL of the launcher, the frontend killed the workers alone, before they could end their process groups: what
a script had started stayed behind."""

from process.traffic import BEFORE
from support import processes


def test_a_child_of_a_worker(site, hostile):
    for _ in range(6):
        s = site(map='{"/child.txt": function () { return {txt: "" + hostile.leaveChild()}; }}', options="threads: 1",
                 before=BEFORE, files=hostile)
        child = int(s.get("/child.txt").text)
        assert processes.is_running(child)
        processes.kill(s.proc.pid)
        s.wait_exit()
        assert not processes.wait_gone([child, *s.left_processes()], 1)
