"""The printed result: one row per server, target and connection count, then the promises with their marks."""

import statistics

import targets

# More CPU than this used by strangers during a run (in cores) can shift a row; the row is marked.
NOISE_CORES = 0.15

HEADING = f"{'target':<11}{'conns':>6}  {'server':<9}{'req/s':>9}{'CPU us/req':>12}{'p50 ms':>9}{'p99 ms':>9}  notes"


class Row:
    """The runs of one server on one target with one number of connections; its numbers are medians over the runs."""

    def __init__(self, target, connections, server):
        self.target, self.connections, self.server = target, connections, server
        self.runs = []

    def median(self, field):
        return statistics.median(getattr(run, field) for run in self.runs)

    @property
    def cpu_us(self):
        return self.median("cpu_us_per_request")

    def errors(self):
        total = {}
        for run in self.runs:
            for kind, count in run.errors.items():
                total[kind] = total.get(kind, 0) + count
        return total

    def notes(self):
        notes = []
        if self.errors():
            notes.append("ERRORS " + ", ".join(f"{kind} {count}" for kind, count in self.errors().items()))
        if sum(run.died for run in self.runs):
            notes.append(f"{sum(run.died for run in self.runs)} processes died")
        if len(self.runs) > 1:
            spread = [run.cpu_us_per_request for run in self.runs]
            notes.append(f"{len(self.runs)} runs, {min(spread):.1f} to {max(spread):.1f} us")
        other = self.median("other_cores")
        if other > NOISE_CORES:
            notes.append(f"noise {other:.2f} cores")
        return "; ".join(notes)

    def line(self):
        return (f"{self.target:<11}{self.connections:>6}  {self.server:<9}{self.median('requests_per_s'):>9.0f}"
                f"{self.cpu_us:>12.2f}{self.median('p50_us') / 1000:>9.3f}{self.median('p99_us') / 1000:>9.3f}"
                f"  {self.notes()}").rstrip()

    def as_dict(self):
        return {"target": self.target, "connections": self.connections, "server": self.server, "runs": len(self.runs),
                "requests_per_s": self.median("requests_per_s"), "cpu_us_per_request": self.cpu_us,
                "p50_us": self.median("p50_us"), "p99_us": self.median("p99_us"), "errors": self.errors(),
                "other_cores": self.median("other_cores")}


def print_rows(rows):
    previous = None
    for row in rows:
        if previous is None or row.target != previous[0]:
            print(f"\n{row.target}: {targets.TARGETS[row.target].title}\n{HEADING}")
        elif row.connections != previous[1]:
            print()
        print(row.line())
        previous = row.target, row.connections


def mark(passed):
    return "pass" if passed else "MISS"


def promise_line(promise, ravelin, rival):
    """(line, passed) for one promise; passed is None when nothing was promised or nothing measured."""
    limit = "" if promise.limit is None else f"<= {promise.limit:.1f}"
    rival_name = "nginx return 200" if promise.rival == "nginx" and not promise.target.startswith("static") \
        else promise.rival
    start = f"{promise.target:<11}/ {rival_name:<18}"
    if ravelin is None or rival is None:
        return f"{start}{'not measured':>26}   {limit:<8}", None
    ratio = ravelin.cpu_us / rival.cpu_us
    line = f"{start}{ravelin.cpu_us:>8.2f} /{rival.cpu_us:>8.2f} ={ratio:>6.2f}   {limit:<8}"
    if ravelin.errors() or rival.errors():
        return line + "MISS (a row has errors)", False
    if promise.limit is None:
        return line, None
    return line + mark(ratio <= promise.limit), ratio <= promise.limit


def print_promises(rows, measured_targets):
    """Prints Ravelin against each rival; returns False when a measured promise is missed."""
    at = {(row.target, row.server): row for row in rows if row.connections == targets.PROMISED_AT}
    if not at:
        return True
    print(f"\nCPU per request at {targets.PROMISED_AT} connections, Ravelin / rival (lower is better)")
    kept = True
    for promise in targets.PROMISES:
        if promise.target not in measured_targets:
            continue
        ravelin, rival = (at.get((promise.target, name)) for name in ("ravelin", promise.rival))
        line, passed = promise_line(promise, ravelin, rival)
        print("  " + line.rstrip())
        kept = kept and passed is not False
    print_rivals(at)
    return kept


def print_rivals(at):
    """The rivals among themselves: what to compare with the figures of another machine."""
    for target in targets.TARGETS:
        nginx = at.get((target, "nginx"))
        others = [at[(target, name)] for name in ("node", "php") if (target, name) in at]
        if nginx and others:
            ratios = ", ".join(f"{row.server} {row.cpu_us / nginx.cpu_us:.2f}" for row in others)
            print(f"  {target:<11}rivals / nginx: {ratios}")
