#include "worker/js_sort.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "worker/js_error.h"
#include "worker/js_iterators.h"

namespace ravelin::worker {

namespace {

// Absolute indexes on the value stack of native_sort().
constexpr duk_idx_t kCompare = 0;
constexpr duk_idx_t kObject = 1;
constexpr duk_idx_t kValues = 2;  // the values to be sorted, a bare Array that no script sees
constexpr duk_idx_t kTexts = 3;   // without a compare function: their Strings

constexpr size_t kRun = 8;  // so many elements are sorted by insertion, which is faster for few

// Takes the elements that exist and are not undefined; returns how many are undefined.
uint32_t take_values(duk_context* js, uint32_t length) {
  uint32_t undefined_count = 0;
  duk_uarridx_t taken = 0;
  for (uint32_t i = 0; i < length; ++i) {
    if (!duk_get_prop_index(js, kObject, i) && !duk_has_prop_index(js, kObject, i)) {
      duk_pop(js);
    } else if (duk_is_undefined(js, -1)) {
      ++undefined_count;
      duk_pop(js);
    } else {
      duk_put_prop_index(js, kValues, taken++);
    }
  }
  return undefined_count;
}

void take_texts(duk_context* js, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    duk_get_prop_index(js, kValues, i);
    duk_to_string(js, -1);
    duk_put_prop_index(js, kTexts, i);
  }
}

// Whether value `a` comes behind value `b`. The engine's form of strings (CESU-8) sorts by bytes as UTF-16 does by
// units, but for lone surrogates of odd places nobody sorts.
bool comes_behind(duk_context* js, uint32_t a, uint32_t b) {
  bool result;
  if (duk_is_undefined(js, kCompare)) {
    duk_get_prop_index(js, kTexts, a);
    duk_get_prop_index(js, kTexts, b);
    size_t size_a = 0;
    size_t size_b = 0;
    const char* text_a = duk_get_lstring(js, -2, &size_a);
    const char* text_b = duk_get_lstring(js, -1, &size_b);
    const int order = memcmp(text_a, text_b, std::min(size_a, size_b));
    result = order != 0 ? order > 0 : size_a > size_b;
    duk_pop_2(js);
  } else {
    duk_dup(js, kCompare);
    duk_get_prop_index(js, kValues, a);
    duk_get_prop_index(js, kValues, b);
    duk_call(js, 2);
    result = duk_to_number(js, -1) > 0;
    duk_pop(js);
  }
  return result;
}

void insert_each(duk_context* js, uint32_t* begin, uint32_t* end) {
  for (uint32_t* next = begin + 1; next < end; ++next) {
    const uint32_t moved = *next;
    uint32_t* hole = next;
    while (hole > begin && comes_behind(js, hole[-1], moved)) {
      *hole = hole[-1];
      --hole;
    }
    *hole = moved;
  }
}

// [begin, middle) and [middle, end) of `from` become one in `to`. The left one first when they are equal.
void merge(duk_context* js, const std::vector<uint32_t>& from, std::vector<uint32_t>& to, size_t begin, size_t middle,
           size_t end) {
  size_t left = begin;
  size_t right = middle;
  for (size_t place = begin; place < end; ++place) {
    const bool takes_right = left == middle || (right < end && comes_behind(js, from[left], from[right]));
    to[place] = takes_right ? from[right++] : from[left++];
  }
}

// The numbers of the values, in order. Safe whatever the compare function says: nothing relies on its answers.
std::vector<uint32_t> sorted_order(duk_context* js, uint32_t count) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  for (size_t begin = 0; begin < count; begin += kRun)
    insert_each(js, order.data() + begin, order.data() + std::min<size_t>(begin + kRun, count));
  std::vector<uint32_t> merged(count);
  for (size_t width = kRun; width < count; width *= 2) {
    for (size_t begin = 0; begin < count; begin += 2 * width)
      merge(js, order, merged, begin, std::min<size_t>(begin + width, count),
            std::min<size_t>(begin + 2 * width, count));
    order.swap(merged);
  }
  return order;
}

duk_ret_t native_sort(duk_context* js) {
  if (!duk_is_undefined(js, kCompare) && !duk_is_function(js, kCompare))
    throw_type_error(js, "sort: the argument must be a Function");
  duk_push_this(js);
  if (duk_is_null_or_undefined(js, kObject)) throw_type_error(js, "sort: this is null or undefined");
  duk_to_object(js, kObject);
  duk_get_prop_literal(js, kObject, "length");
  const double wanted = duk_to_number(js, -1);
  duk_pop(js);
  if (!(wanted >= 1)) return 1;
  if (wanted > std::numeric_limits<uint32_t>::max()) throw_range_error(js, "sort: too many elements");
  const auto length = static_cast<uint32_t>(wanted);

  duk_push_bare_array(js);
  const uint32_t undefined_count = take_values(js, length);
  const auto count = static_cast<uint32_t>(duk_get_length(js, kValues));
  duk_push_bare_array(js);
  if (duk_is_undefined(js, kCompare)) take_texts(js, count);
  const std::vector<uint32_t> order = sorted_order(js, count);
  uint32_t place = 0;
  for (const uint32_t number : order) {
    duk_get_prop_index(js, kValues, number);
    duk_put_prop_index(js, kObject, place++);
  }
  for (uint32_t i = 0; i < undefined_count; ++i) {
    duk_push_undefined(js);
    duk_put_prop_index(js, kObject, place++);
  }
  for (; place < length; ++place) duk_del_prop_index(js, kObject, place);  // holes go to the end
  duk_set_top(js, kObject + 1);
  return 1;
}

}  // namespace

void install_sort(duk_context* js) {
  StackGuard guard(js);
  duk_get_global_literal(js, "Array");
  duk_get_prop_literal(js, -1, "prototype");
  define_method(js, "sort", guarded<native_sort>, 1);
}

}  // namespace ravelin::worker
