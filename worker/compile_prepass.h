// The prepass of the compiler: rewrites what site scripts may write and TypeScript does not know (runtime-api 6.1, 6.2)
// into standard syntax:
//   `${%H:x}` and `${"[%s]":x}` in template literals  ->  `${rampart.utils.sprintf("%H",x)}`
//   ```text```                                       ->  `text` with backslashes, backticks and ${ escaped
// Line numbers stay; columns behind such a place on its line do not. A text without any of that comes back as it is.
// Not for: checking syntax. What it does not understand it leaves for the compiler to complain about. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace ravelin::worker {

// False costs one search: nothing in the text looks like an extension.
bool may_use_template_extensions(std::string_view source);

std::string rewrite_template_extensions(std::string_view source);

// What the directive at the head of a file asks for (runtime-api 6.3).
enum class Directive {
  kNone,             // also "use transpiler" and its kin: every file may use modern syntax
  kBabel,            // "use babel", "use babelGlobally": no template extensions
  kBabelTypescript,  // the same with the preset for TypeScript among its options
  kNoTranspile,      // "noTranspile": never compiled
};
Directive read_directive(std::string_view source);

}  // namespace ravelin::worker
