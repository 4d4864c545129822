// writeFile, appendFile, copyFile, touch (runtime-api 7.3): what creates or fills files by name.
#pragma once

#include <duktape.h>

#include <string>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_file_write_functions(duk_context* ctx);

// Copies contents and permission bits. Returns 0 or the errno; `failed_on` is then the path that it is about. With
// `overwrite` unset an existing `to` is EEXIST; the same file under two names is EINVAL.
int copy_file(const std::string& from, const std::string& to, bool overwrite, std::string& failed_on);

}  // namespace ravelin::worker
