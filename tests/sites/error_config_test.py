"""rampart.utils.errorConfig (runtime-api 7.8): how stacks look wherever they are printed."""

import re

FAILING = """function inner() {
  var nothing = null;
  return nothing.x;
}
module.exports = function () { return inner(); };
"""
MODERN = """const unused = `a
template`;
module.exports = () => {
  throw new Error("modern");
};
"""


def shown(number, text, fails=False):
    return f"{'->' if fails else '  '} {number:5}  {text}\n"


def test_stacks_of_the_log_and_of_the_page_show_the_source(site):
    s = site(before="rampart.utils.errorConfig({simple: true, lines: 3});", files={"failing.js": FAILING, "modern.js": MODERN},
             options="developerMode: true, threads: 1",
             map='{ "/failing": {module: "failing.js"}, "/modern": {module: "modern.js"} }')
    page = s.get("/failing")
    source = shown(2, "  var nothing = null;") + shown(3, "  return nothing.x;", True) + shown(4, "}")
    assert page.status == 500
    assert source.replace(">", "&gt;").strip() in page.text
    assert "duk_" not in page.text
    s.wait_log(re.escape(source.splitlines()[1]))
    assert source in s.log() + "\n"
    # The lines are those of the file, not of what was made of it.
    s.get("/modern")
    s.wait_log(re.escape(shown(4, '  throw new Error("modern");', True).strip()))


def test_simple_stacks_have_the_frames_of_the_script_only(site):
    """They are the default; {simple: false} adds the engine's."""
    s = site.run("""
        function f() { Object(null)[0].x; }
        function stack() { try { [1].map(f); } catch (e) { return e.stack; } return ""; }
        var before = stack();
        rampart.utils.errorConfig(true, 0);
        var simple = stack();
        rampart.utils.errorConfig(false);
        var full = stack();
        console.log(before.replace(/:\\d+/g, "") === simple.replace(/:\\d+/g, ""), /internal/.test(full), /native/.test(full));
        console.log(simple.replace(/\\(.*\\//g, "("));
    """)
    assert s.returncode == 0
    assert s.stdout().splitlines()[:3] == ["true true true", "TypeError: cannot read property 'x' of undefined",
                                           "    at f (app.js:2)"]
    assert "native" not in s.stdout() and "internal" not in s.stdout() and "preventsyield" not in s.stdout()


def test_callbacks_of_the_launcher_show_the_source(site):
    s = site.run('rampart.utils.errorConfig({lines: 2});\n'  # made odd
                 'var after = 1;\n'
                 'setTimeout(function () { throw new Error("late"); }, 1);\n'
                 'rampart.event.on("e", "f", function () { throw new Error("event"); });\n'
                 'rampart.event.trigger("e");')
    log = s.log()
    assert shown(2, "var after = 1;") + shown(3, 'setTimeout(function () { throw new Error("late"); }, 1);', True) in log
    assert shown(4, 'rampart.event.on("e", "f", function () { throw new Error("event"); });', True) in log


def test_a_message_that_looks_like_a_stack_shows_no_file(site):
    s = site(before="rampart.utils.errorConfig(true, 99);", options="developerMode: true", files={"secret.js": "the secret\n"},
             map='{ "/forge": function (req) { throw new Error(req.query.text); } }')
    page = s.get(f"/forge?text=x%0A%20%20%20%20at%20f%20({s.dir}/secret.js:1)")
    assert page.status == 500 and "secret.js:1" in page.text
    assert "the secret" not in page.text


def test_bad_arguments_throw(site):
    s = site.run("""
        [[], [5], [{simple: 1}], [{lines: -1}], [{lines: "3"}], [true, NaN], [true, 100]].forEach(function (list) {
            try { rampart.utils.errorConfig.apply(null, list); } catch (e) { console.log(e.message); }
        });
    """)
    required = "errorConfig(): an Object or a Boolean is required"
    lines = "errorConfig(): lines must be a Number from 0 to 99"
    assert s.stdout().splitlines() == [required, required, "errorConfig(): simple must be a Boolean", lines, lines, lines, lines]
