// Numbers and characters of the printf formatter: d i u x X o b, f F e E g G, c C (runtime-api 7.1.1 to 7.1.4).
// Pure functions; called by format_printf.cpp, which has checked the argument's type.
#pragma once

#include <string>

#include "worker/format_spec.h"

namespace ravelin::worker {

// d i u x X o b. Truncates toward zero; without a length modifier a value outside 32 bits is shown with 64.
void append_integer(std::string& out, const FormatSpec& spec, double value);

// f F e E g G, correctly rounded.
void append_float(std::string& out, const FormatSpec& spec, double value);

// c C: the value at `index`; throws when it is no character.
void append_character(std::string& out, const FormatSpec& spec, duk_context* ctx, duk_idx_t index);

}  // namespace ravelin::worker
