// console.table(): rows and columns drawn as a box of text. Not for: writing it out (js_console.cpp does).
// Main thread of any process that runs script.
#pragma once

#include <duktape.h>

#include <string>

namespace ravelin::worker {

// The table for the data at stack index 0, with the columns named by the Array at index 1 (undefined: all). UTF-8, no
// newline at the end. Empty when the data is not an object. Runs getters and toJSON of the data, and may throw.
std::string console_table(duk_context* js);

}  // namespace ravelin::worker
