// dateFmt, scanDate, autoScanDate (runtime-api 7.5).
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_date_functions(duk_context* ctx);

}  // namespace ravelin::worker
