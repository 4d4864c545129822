// The end of minifier.js, behind the parts of UglifyJS that it uses (Makefile), in one function with them. Its value is
//   minify(text) -> text
// which throws a SyntaxError for a text that is no JavaScript. Names that other scripts may see stay as they are.
function minify(text) {
  var mangling = {
    cache: null, eval: false, ie: false, keep_fargs: false, keep_fnames: false, properties: false, reserved: [],
    toplevel: false, v8: false, webkit: false
  };
  try {
    var program = parse(text, {});
  } catch (error) {
    if (!(error instanceof JS_Parse_Error)) throw error;
    throw new SyntaxError(error.message + " (line " + error.line + ")");
  }
  program.figure_out_scope(mangling);
  program.compute_char_frequency(mangling);
  program.mangle_names(mangling);
  var output = OutputStream({});
  program.print(output);
  return output.get();
}
