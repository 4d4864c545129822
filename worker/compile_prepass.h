// The prepass of the compiler: rewrites what site scripts may write and TypeScript does not know (runtime-api 6.1, 6.2)
// into standard syntax:
//   `${%H:x}` and `${"[%s]":x}` in template literals  ->  `${rampart.utils.sprintf("%H",x)}`
//   ```text```                                       ->  `text` with backslashes, backticks and ${ escaped
// Line numbers stay; columns behind such a place on its line do not. A text without any of that comes back as it is.
// Not for: checking syntax. What it does not understand it leaves for the compiler to complain about. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ravelin::worker {

// False costs one search: nothing in the text looks like an extension.
bool may_use_template_extensions(std::string_view source);

// From here on the rewritten text is that of the source again: byte `out` of it is byte `in` of the source.
struct TextShift {
  size_t out;
  size_t in;
};

// Appends to `shifts` each place where the two get out of step.
std::string rewrite_template_extensions(std::string_view source, std::vector<TextShift>* shifts = nullptr);

// True for a text that the engine understands otherwise than it is meant: "let" is a name like any other to it, so it
// takes "let [a, b] = f()" for an element of it, and a "let" alone on its line for a statement.
bool has_disguised_let(std::string_view text);

// What the directive at the head of a file asks for (runtime-api 6.3).
enum class Directive {
  kNone,                // every file may use modern syntax
  kTranspiler,          // "use transpiler": functions keep their text, of plain ones too
  kTranspilerGlobally,  // the same for all files after this one
  kBabel,               // "use babel", "use babelGlobally": no template extensions
  kBabelTypescript,     // the same with the preset for TypeScript among its options
  kNoTranspile,         // "noTranspile": never compiled
};
Directive read_directive(std::string_view source);

// False when the directive's options say functionSources:false.
bool wants_function_sources(std::string_view source);

}  // namespace ravelin::worker
