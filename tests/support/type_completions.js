// What an editor offers. usage: node type_completions.js TYPESCRIPT_JS RAMPART_D_TS, the script on stdin, with `/*|*/` at
// each cursor. Prints JSON: for each cursor {name: its documentation}.
"use strict";
const fs = require("fs");
const ts = require(process.argv[2]);
const options = { target: ts.ScriptTarget.ES2022, lib: ["lib.es5.d.ts"], types: [], allowJs: true, checkJs: true,
                  strict: true, noImplicitAny: false };
const script = "/editor/app.js";
const text = fs.readFileSync(0, "utf8");
const service = ts.createLanguageService({
  getCompilationSettings: () => options,
  getScriptFileNames: () => [script, process.argv[3]],
  getScriptVersion: () => "1",
  getScriptSnapshot: (name) => {
    if (name === script) return ts.ScriptSnapshot.fromString(text);
    return fs.existsSync(name) ? ts.ScriptSnapshot.fromString(fs.readFileSync(name, "utf8")) : undefined;
  },
  getCurrentDirectory: () => "/editor",
  getDefaultLibFileName: ts.getDefaultLibFilePath,
  fileExists: (name) => name === script || ts.sys.fileExists(name),
  readFile: (name) => (name === script ? text : ts.sys.readFile(name)),
});
const found = [];
for (let at = text.indexOf("/*|*/"); at >= 0; at = text.indexOf("/*|*/", at + 1)) {
  const offered = {};
  for (const { name, kind } of (service.getCompletionsAtPosition(script, at, {}) || { entries: [] }).entries) {
    if (kind === ts.ScriptElementKind.warning) continue;  // a word of the file, offered where nothing is known
    const details = service.getCompletionEntryDetails(script, at, name, {}, undefined, {}, undefined);
    offered[name] = details ? ts.displayPartsToString(details.documentation) : "";
  }
  found.push(offered);
}
console.log(JSON.stringify(found));
