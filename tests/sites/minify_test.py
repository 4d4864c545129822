"""rampart.utils.minify (runtime-api 7.8)."""

import pytest

from support.site import ROOT
from support.timing import scaled

LIBRARY = "/usr/share/nodejs/uglify-js/lib/parse.js"
HERE = ROOT / "worker/bootstrap"

pytestmark = pytest.mark.skipif(not (ROOT / "build/gen/minifier.js").stat().st_size > 1000,
                                reason="built without UglifyJS")


def test_a_script_is_smaller_and_does_the_same(site):
    files = {"scripts.js": (HERE / "promise.js").read_text(), "work.js": """
        // Counts words.
        exports.count = function (some_text, minimal_length) {
            var words_by_name = {};
            some_text.split(/\\s+/).forEach(function (single_word) {
                if (single_word.length >= minimal_length) words_by_name[single_word] = (words_by_name[single_word] || 0) + 1;
            });
            return words_by_name;
        };
    """}
    s = site.run("""
        rampart.globalize(rampart.utils);
        var source = readFile("@DIR@/work.js", 0, 0, true), small = minify(source);
        fwrite("@DATA@/small.js", small);
        console.log(JSON.stringify(require("@DATA@/small.js").count("one two two a", 3)));
        console.log(small.length < source.length / 2, /Counts|some_text|\\n/.test(small), /exports.count/.test(small));
        var large = readFile("@DIR@/scripts.js", 0, 0, true), first = minify(large);
        console.log(first.length < large.length * 0.6, minify(first).length <= first.length);
        console.log(minify("const modern = (...rest) => `${rest?.length ?? 0}`; // x").replace(/\\b[a-z]([)?])/g, "x$1"));
        try { minify("var a;\\nvar = 5"); } catch (e) { console.log(e.message); }
    """, files=files)
    assert (s.returncode, s.log()) == (0, "")
    assert s.stdout().splitlines() == [
        '{"one":1,"two":2}', "true false true", "true true", "const modern=(...x)=>`${x?.length??0}`;",
        "minify(): SyntaxError: Name expected (line 2)"]


def test_it_ends_with_the_time_of_the_script(site):
    """Softly or, while its heap is collected, by the frontend's hand."""
    s = site(map="""{
        "/small": function () { return {txt: rampart.utils.minify("var a = 1 ;")}; },
        "/large": function () {
            var text = "";
            for (var i = 0; i < 20000; i++) text += "function f" + i + "(a, b) { return a + b * " + i + "; }\\n";
            return {txt: rampart.utils.minify(text)};
        }
    }""", options="threads: 1, scriptTimeout: 0.5")
    assert s.get("/small").text == "var a=1;"
    assert s.get("/large", timeout=scaled(20)).status == 500
    s.wait_log("ran longer than scriptTimeout")
    assert s.get("/small").text == "var a=1;"
