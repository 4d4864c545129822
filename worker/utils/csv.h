// rampart.import: csv and csvFile (runtime-api 5.1). Not for: the text itself (csv_text.h).
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Defines rampart.import; global rampart must exist. Leaves the value stack as it was.
void install_import(duk_context* ctx);

}  // namespace ravelin::worker
