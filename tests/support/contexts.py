"""A site whose script contexts (workers, main script) run what a test tells them, for tests of events and timers."""

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from support import processes
from support.timing import scaled, wait_until

# Runs code in any context: a request in one worker, the event "main" in the launcher. `seen` is what listeners saw.
BEFORE = """
var seen = [];
function listen(event, name) {
  rampart.event.on(event, name || "f", function (variable, data) { seen.push(data); });
}
"""
MAP = """{
  "/run": function (req) {
    rampart.utils.sleep(Number(req.query.wait || 0));
    var pid = process.getpid();
    if (req.query.pid && req.query.pid != String(pid)) return {json: {pid: pid, other: true}};
    return {json: {pid: pid, value: (0, eval)(req.query.code)}};
  },
  MORE
}"""
AFTER = """
rampart.event.on("main", "eval", function (variable, code) { console.log("main " + JSON.stringify((0, eval)(code))); });
"""


class Contexts:
    """The contexts of a site. run(code) runs in some worker, run(code, pid) in that one, everywhere(code) in all."""

    def __init__(self, site, workers=2, options="", before="", after="", more_map="", **more):
        self.count = workers
        self.asked = 0
        timeout = "" if "scriptTimeout" in options else "scriptTimeout: 20, "
        self.site = site(map=MAP.replace("MORE", more_map), options=f"threads: {workers}, {timeout}{options}",
                         before=BEFORE + before, after=AFTER + after, **more)

    def get(self, code, pid="", wait=0):
        reply = self.site.get(f"/run?wait={wait}&pid={pid}&code={quote(code)}", timeout=scaled(60))
        assert reply.status == 200, reply.text
        return reply.json()

    def at_once(self, code, pid=""):
        """As many requests at the same moment as there are workers: each gets one."""
        with ThreadPoolExecutor(self.count) as pool:
            answers = list(pool.map(lambda _: self.get(code, pid, wait=scaled(0.1)), range(self.count)))
        return [answer for answer in answers if "other" not in answer]

    def run(self, code, pid=None):
        if pid is None:
            return self.get(code).get("value")
        for _ in range(20):
            answers = self.at_once(code, pid)
            if answers:
                return answers[0].get("value")
        raise AssertionError(f"no request came to worker {pid}")

    def everywhere(self, code):
        """For code that may run more than once in a worker. Returns the pids."""
        pids = set()
        for _ in range(20):
            pids.update(answer["pid"] for answer in self.at_once(code))
            if len(pids) == self.count:
                return sorted(pids)
        raise AssertionError(f"only {pids} of {self.count} workers took requests")

    def main(self, code):
        """Runs code in the main script, without waiting."""
        self.run(f"rampart.event.trigger('main', {json.dumps(code)})")

    def ask_main(self, code):
        """The value of an expression in the main script. What other contexts have sent may come later."""
        self.asked += 1
        text = f"answer {self.asked}:"
        self.main(f"{json.dumps(text)} + JSON.stringify({code})")
        found = wait_until(lambda: re.search(f'main ("{text}.*")', self.site.stdout()), 10, "an answer of the main script")
        return json.loads(json.loads(found.group(1))[len(text):])

    def wait_main(self, code, expected, seconds=10):
        wait_until(lambda: self.ask_main(code) == expected, seconds, f"{code} to be {expected} in the main script")

    def wait_seen(self, pid, expected, seconds=10):
        wait_until(lambda: self.run("seen", pid) == expected, seconds, f"worker {pid} to have seen {expected}")


def resident_kb(pid):
    return int(re.search(rb"VmRSS:\s+(\d+) kB", processes.read(pid, "status")).group(1))


class PeakMemory:
    """The largest resident size of a process while the block runs."""

    def __init__(self, pid):
        self.pid, self.peak, self.done = pid, 0, False
        self.before = resident_kb(pid)
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.done:
            self.peak = max(self.peak, resident_kb(self.pid))
            time.sleep(0.005)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done = True
        self.thread.join()
