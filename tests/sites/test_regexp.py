"""Regular expressions of ECMAScript 2018 to 2022: the same answers as Node's, in scripts of any kind, within bounds."""

import json
import shutil
import subprocess

from support.regexp_cases import CASES, HELPERS

# Shows a value as text that tells undefined from null, or what was thrown.
SHOW = """
function show(f) {
    try {
        var value = f();
        return JSON.stringify(value === undefined ? "undefined!" : value, function(k, v) { return v === undefined ? "undefined!" : v });
    } catch (e) { return "throws " + String(e).split(":")[0] }
}
"""


def rows(cases):
    # eval, so that a literal that is refused spoils its own row only.
    return "var rows = [" + ",\n".join(f"function() {{ return eval({json.dumps('(' + case + ')')}) }}" for case in cases) + "];\n"


def answers_of_node(cases):
    node = shutil.which("node") or shutil.which("nodejs")
    script = HELPERS + SHOW + rows(cases) + "console.log(JSON.stringify(rows.map(show)))"
    done = subprocess.run([node, "-"], input=script, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_answers_are_those_of_node(site):
    assert len(CASES) > 250
    s = site(before=HELPERS + SHOW + rows(CASES), map="""{ "/all": function() { return {json: rows.map(show)} } }""",
             options="threads: 1, scriptTimeout: 60")
    got = s.get("/all").json()
    failures = [f"{case}\n  Node: {theirs}\n  here: {ours}" for case, theirs, ours in zip(CASES, answers_of_node(CASES), got)
                if ours != theirs]
    assert not failures, "\n".join(failures)


def test_literals_in_plain_files_modules_and_includes(site):
    s = site(map="""{ "/m": { module: "plain.js" } }""", files={
        "plain.js": "var re = /(?<word>[a-z]+)(?<!x)/g;\nmodule.exports = function() { return {text: 'ab cx'.replace(re, '<$<word>>')} };"})
    assert s.get("/m").text == "<ab> <c>x"


def test_a_broken_literal_is_reported_when_its_file_is_loaded(site):
    s = site(map="""{ "/m": { module: "plain.js" } }""", options="developerMode: true", files={
        "plain.js": "module.exports = function() {\n  var text = 'x';\n  return /(?<1>x)/.test(text);\n};"})
    reply = s.get("/m")
    assert reply.status == 500
    assert "SyntaxError: invalid regular expression: invalid group name (line 3)" in reply.text
    s.wait_log("invalid group name")


def test_a_match_that_takes_too_long_is_a_script_that_takes_too_long(site):
    s = site(before="var many = 'a'.repeat(60);", options="threads: 1, scriptTimeout: 0.5", map="""{
        "/slow": function() { return {text: String(/^(?<x>(a|aa)+)+$/.test(many + 'b'))} },
        "/caught": function() { for (;;) { try { /^(?<x>(a|aa)+)+$/.test(many + 'b') } catch (e) {} } },
        "/ok": function() { return {text: String(/^(?<x>(a|aa)+)+$/.test(many))} } }""")
    for path in ("/slow", "/caught"):
        assert s.get(path).status == 500
        assert s.get("/ok").text == "true"
    s.wait_log("script timed out after 500 ms")
    s.wait_log("RangeError: execution timeout")


def test_memory_is_bounded(site):
    s = site(options="threads: 1, scriptTimeout: 20", map="""{
        "/deep": function() { try { /^(?<x>(?:(a)|b|(?=x)\\\\2)*?)(?<e>c)$/.test('a'.repeat(3000000)) } catch (e) { return {text: String(e)} } },
        "/codes": function() { for (var i = 0; i < 3000; ++i) if (!new RegExp('^(?<n>a{' + i % 100 + '})' + i).test('a'.repeat(i % 100) + i))
            return {text: 'no'}; return {text: 'yes'} },
        "/series": function() { var text = 'ab\\u20ac '.repeat(100000), re = /\\u20ac(?<s> )/g, n = 0; while (re.test(text)) ++n; return {text: String(n)} } }""")
    assert "RangeError: regular expression: the match takes too much memory" in s.get("/deep").text
    assert s.get("/codes").text == "yes"
    assert s.get("/series").text == "100000"
