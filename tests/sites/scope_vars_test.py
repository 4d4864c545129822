"""rampart.utils.getScopeVars and eventCallback (runtime-api 7.8)."""

BEGIN = "rampart.globalize(rampart.utils);\nfunction show(v) { console.log(JSON.stringify(v)); }\n"


def test_scopes(site):
    s = site.run(BEGIN + """
        var theGlobal = 1;
        function outer(parameter) {
            var x = 10, hidden = "outer";
            function inner(a, hidden) {
                var y = 20;
                try { throw 5; } catch (caught) {
                    with ({w: 7}) {
                        var scopes = getScopeVars();
                    }
                }
                var local = scopes.local;
                show([local.y, local.a, local.hidden, local.caught, "x" in local]);
                show([scopes.closure.x, scopes.closure.hidden, scopes.closure.parameter, typeof scopes.closure.inner]);
                show([scopes["with"], scopes.global.theGlobal, scopes.global === global]);
                var all = scopes.collapse();
                show([all.y, all.x, all.hidden, all.w, all.theGlobal, typeof all.getScopeVars]);
                show(["y", "x", "hidden", "theGlobal", "nosuch", "toString", "caught"].map(function () { return 0; }).length);
                show([getScopeVars("y"), getScopeVars("x"), getScopeVars("hidden"), getScopeVars("theGlobal").scope]);
                show([String(getScopeVars("nosuch")), String(getScopeVars("hasOwnProperty") && "there"),
                      String(getScopeVars("caught"))]);
                with ({w: 7}) { show(getScopeVars("w")); }
            }
            inner("A", "inner");
            return function () { var z = 1; return rampart.utils.getScopeVars(); };
        }
        var later = outer(3)();
        show([later.local, later.closure.x, later.closure.parameter]);
        show([getScopeVars().local, getScopeVars().closure, getScopeVars("theGlobal")]);
        (function () { var undefinedOne; show([getScopeVars().local.hasOwnProperty("undefinedOne"), getScopeVars("undefinedOne").scope]); })();
        try { getScopeVars(5); } catch (e) { show(e.message); }
    """)
    assert (s.returncode, s.log()) == (0, "")
    assert s.stdout().splitlines() == [
        '[20,"A","inner",5,false]',
        '[10,"outer",3,"function"]',
        '[{"w":7},1,true]',
        '[20,10,"inner",7,1,"function"]',
        "7",
        '[{"value":20,"scope":"local"},{"value":10,"scope":"closure"},{"value":"inner","scope":"local"},"global"]',
        '["undefined","there","undefined"]',
        '{"value":7,"scope":"with"}',
        '[{"z":1},10,3]',
        '[{},{},{"value":1,"scope":"global"}]',
        '[true,"local"]',
        '"getScopeVars(): argument must be a String (name of a variable)"',
    ]


def test_scopes_in_modules_and_workers(site):
    s = site(map='{ "/x": {module: "mod.js"} }', files={"mod.js": """
        const secret = 5;
        module.exports = (req) => { let own = 6; return {json: [rampart.utils.getScopeVars("own"),
            rampart.utils.getScopeVars("secret")]}; };
    """})
    assert s.get("/x").json() == [{"value": 6, "scope": "local"}, {"value": 5, "scope": "closure"}]


def test_event_messages(site):
    """What libevent says of a descriptor that was closed behind its back."""
    provoke = """
        function sockets() { return readDir("/proc/self/fd").map(Number).filter(function (fd) {
            try { return /^socket/.test(readLink("/proc/self/fd/" + fd)); } catch (e) { return false; } }); }
        function provoke() {
            var before = sockets(), pipe = newPipe();
            sockets().forEach(function (fd) { if (before.indexOf(fd) < 0) close(fd); });
            try { pipe.onRead(function () {}); } catch (e) { console.log(e.message); }
        }
    """
    s = site.run(BEGIN + provoke + """
        var got = [];
        eventCallback(function (level, text) { got.push(level); console.log(typeof level, text.replace(/[0-9]+/g, "N").substr(0, 30)); });
        provoke();
        console.log("not yet", got.length);
        setTimeout(function () {
            console.log(got.length);
            try { eventCallback(5); } catch (e) { console.log(e.message); }
            eventCallback(null);
            provoke();
        }, 1);
    """)
    assert s.returncode == 0
    assert s.stdout().splitlines() == [
        "pipe.onRead(): out of memory", "not yet 0", "number Epoll ADD(N) on fd N failed. O", "1",
        "eventCallback(): a callback Function is required", "pipe.onRead(): out of memory"]
    assert s.log().count("[warn] Epoll ADD") == 1
