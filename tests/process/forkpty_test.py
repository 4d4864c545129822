"""rampart.utils.forkpty (runtime-api 7.8): programs on pseudo-terminals."""

from support.timing import wait_until

BEGIN = "rampart.globalize(rampart.utils);\n"


def test_reading_and_writing(site):
    s = site.run(BEGIN + """
        var cat = forkpty("/bin/cat");
        console.log(cat.write("hello\\n"));
        var got = "";
        while (got !== "hello\\r\\nhello\\r\\n") got += cat.read(true);  // the terminal's echo, then the program
        console.log(JSON.stringify(got), cat.write(stringToBuffer("\\u0004")));
        console.log(cat.read(true).length, typeof cat.read, typeof cat.on, typeof cat.pid);
    """)
    assert (s.returncode, s.log()) == (0, "")
    assert s.stdout().splitlines() == ["6", '"hello\\r\\nhello\\r\\n" 1', "0 undefined undefined number"]


def test_callbacks_and_the_end(site):
    """Data come as argument or by read(), `this` is the object; the loop lives until the program has ended."""
    s = site.run(BEGIN + """
        var got = "", also = "", sh = forkpty("sh", {env: {A: "1", B: {c: 2}}}, "-c", "echo $A $B; tty >/dev/null && stty size; exit 5");
        sh.on("data", function (data) { got += bufferToString(data); also += this.read(true); })
          .on("close", function (status) {
              console.log(JSON.stringify(got), got === also, status, this === sh, Object.keys(sh).join());
          });
        console.log("started");
    """)
    assert (s.returncode, s.log()) == (0, "")
    assert s.stdout().splitlines() == ["started", '"1 {\\"c\\":2}\\r\\n24 80\\r\\n" true 5 true pid']


def test_sizes_and_large_output(site):
    s = site.run(BEGIN + """
        var sh = forkpty("sh", "-c", "read x; stty size; head -c 300000 /dev/zero | tr '\\\\0' y; kill -9 $$");
        sh.resize(100, 30);
        sh.write("go\\n");
        var bytes = "", parts = 0;
        sh.on("data", function (data) { bytes += bufferToString(data); parts++; });
        sh.on("close", function (status) {
            console.log(bytes.indexOf("30 100") > 0, bytes.match(/y/g).length, parts > 1, status);
        });
    """)
    assert (s.returncode, s.log()) == (0, "")
    assert s.stdout() == "true 300000 true 137\n"


def test_reads_of_a_size(site):
    s = site.run(BEGIN + """
        var p = forkpty("printf", "abcdefgh"), list = [p.read(3, true), bufferToString(p.read(100, 2)), p.read(true)];
        console.log(list.join(), p.read().length);
    """)
    assert s.stdout() == "abc,de,fgh 0\n"


def test_a_program_has_its_terminal_only(site):
    s = site.run(BEGIN + """
        var pipe = newPipe(), f = fopen("@DIR@/app.js", "r"), p = forkpty("sh", "-c", "ls /proc/self/fd | wc -l"), text = "";
        while (p.read) text += p.read(true);
        console.log(text.trim());  // 0, 1, 2 and the folder
    """)
    assert s.stdout() == "4\n"


def test_in_workers(site):
    """A blocking read ends with the script's time; programs go on between requests, and end with their worker."""
    s = site(before=BEGIN, options="threads: 1, scriptTimeout: 0.3", map="""{
        "/run": function (req) {
            var text = "", p = forkpty("sh", "-c", "echo $PPID; echo two");
            p.on("data", function (data) { text += bufferToString(data); });
            p.on("close", function () { req.reply({txt: text + process.pid}); });
            return {defer: true};
        },
        "/start": function () { global.cat = forkpty("cat"); return {json: {pid: cat.pid, worker: process.pid}}; },
        "/more": function () { cat.write("x\\n"); return {txt: cat.read(true).substr(0, 1)}; },
        "/hang": function () { forkpty("sleep", "60").read(); },
        "/exit": function () { process.exit(1); }
    }""")
    lines = s.get("/run").text.split()
    assert lines == [lines[2], "two", lines[2]]
    started = s.get("/start").json()
    assert s.get("/more").text == "x"
    assert s.get("/hang").status == 500
    s.wait_log("script timed out after 300 ms")
    s.wait_log("execution timeout")
    wait_until(lambda: not alive(started["pid"]), 5)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return not stat.read().rpartition(") ")[2].startswith("Z")
    except OSError:
        return False


ERRORS = {
    "forkpty(5)": "forkpty(): first argument must be a String (command to execute)",
    "forkpty('/no/such/program')": "forkpty(): could not execute /no/such/program: No such file or directory",
    "forkpty('true', {env: 5})": "forkpty(): env value must be an Object",
    "forkpty('true', {env: {}, appendEnv: 5})": "forkpty(): appendEnv value must be a Boolean",
    "p.resize(0, 5)": "forkpty.resize(): width and height must be Numbers from 1 to 65535",
    "p.resize(5)": "forkpty.resize(): width and height must be Numbers from 1 to 65535",
    "p.on('end', say)": 'forkpty.on(): first argument must be "data" or "close"',
    "p.on('data')": "forkpty.on(): second argument must be a Function",
    "p.write(5)": "forkpty.write(): a String or Buffer is required",
    "p.read('x')": "forkpty.read(): Numbers and a Boolean are expected",
    "p.read.call({})": "forkpty.read(): the program has ended, or is not of this process",
    "(function () { var read = p.read; while (p.read) p.read(); read.call(p) })()":
        "forkpty.read(): the program has ended, or is not of this process",
}


def test_errors(site):
    rows = ", ".join(f"function () {{ {text} }}" for text in ERRORS)
    s = site.run(BEGIN + f"function say() {{}} var p = forkpty('true'); [{rows}].forEach(function (f) {{"
                 " try { f(); console.log('none'); } catch (e) { console.log(e.message); } });")
    assert s.stdout().splitlines() == list(ERRORS.values())
