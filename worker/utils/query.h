// Query strings (runtime-api 7.2): objectToQuery, queryToObject.
// Not for: the algorithm of parsing, which requests share (parse_query.h).
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_query_functions(duk_context* ctx);

}  // namespace ravelin::worker
