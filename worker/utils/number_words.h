// stringToNumber (runtime-api 7.8): numbers written in English words, digits or both, with the comparison before them.
// Not for: numbers of programs (parseInt, Number), other languages.
#pragma once

#include <duktape.h>

#include <cmath>
#include <optional>
#include <string_view>

namespace ravelin::worker {

struct WordNumber {
  double value = NAN;         // NaN: the text does not begin with a number
  const char* op = "=";       // the comparison that its words stand for: = != < <= > >=
  std::optional<double> min;  // both are set for a range: "between two and three", "over two under three"
  std::optional<double> max;
  std::string_view rest;  // of the text, without leading space
};

// Reads the number at the beginning of the text. Pure.
WordNumber read_word_number(std::string_view text);

// Adds the function stringToNumber to the object on top of the stack.
void put_number_words_function(duk_context* ctx);

}  // namespace ravelin::worker
