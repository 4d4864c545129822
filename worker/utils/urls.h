// urlComponents, absUrl, toASCII, toUnicode (runtime-api 7.8). Not for: parsing (url_parser.h).
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_url_functions(duk_context* ctx);

}  // namespace ravelin::worker
