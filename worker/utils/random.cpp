#include "worker/utils/random.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "worker/js_error.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {
namespace {

constexpr double kMaxSafeInteger = 9007199254740991;

class RandomState {
 public:
  std::mt19937_64& engine() {
    if (owner_ != getpid()) seed_from_system();
    return engine_;
  }
  void seed(uint64_t seed) {
    owner_ = getpid();
    engine_.seed(seed);
  }
  void seed_from_system() {
    uint64_t seed_bytes = 0;
    if (getrandom(&seed_bytes, sizeof seed_bytes, 0) != sizeof seed_bytes) seed_bytes = std::random_device()();
    seed(seed_bytes);
  }

 private:
  std::mt19937_64 engine_;
  pid_t owner_ = -1;
};

RandomState& random_state() {
  static RandomState state;
  return state;
}

// Uniform in [0, 1), 53 bits.
double random_unit() { return static_cast<double>(random_state().engine()() >> 11) * 0x1.0p-53; }

double number_at(duk_context* ctx, duk_idx_t index, const char* function) {
  double value = duk_is_number(ctx, index) ? duk_get_number(ctx, index) : NAN;
  if (!std::isfinite(value)) throw_error(ctx, "%s(): arguments must be Numbers", function);
  return value;
}

// The arguments [min,] [max] in front of a callback. One that is undefined is taken off the stack.
std::pair<double, double> range_at(duk_context* ctx, const char* function, double default_max) {
  drop_undefined(ctx);
  double first = is_given(ctx, 0) && !duk_is_function(ctx, 0) ? number_at(ctx, 0, function) : default_max;
  if (!is_given(ctx, 1) || duk_is_function(ctx, 1)) return {0, first};
  return {first, number_at(ctx, 1, function)};
}

duk_ret_t utils_rand(duk_context* ctx) {
  auto [min, max] = range_at(ctx, "rand", 1);
  duk_push_number(ctx, min + random_unit() * (max - min));
  return 1;
}

// irand([min,] [max][, callback])
duk_ret_t utils_irand(duk_context* ctx) {
  auto [min, max] = range_at(ctx, "irand", 99);
  if (std::fabs(min) > kMaxSafeInteger || std::fabs(max) > kMaxSafeInteger) {
    throw_error(ctx, "irand(): limits must lie within +-9007199254740991");
  }
  if (min > max) std::swap(min, max);
  std::uniform_int_distribution<int64_t> distribution(static_cast<int64_t>(std::ceil(min)),
                                                      static_cast<int64_t>(std::floor(std::max(max, std::ceil(min)))));
  duk_idx_t callback = duk_get_top(ctx) - 1;
  if (callback < 0 || !duk_is_function(ctx, callback)) {
    duk_push_number(ctx, static_cast<double>(distribution(random_state().engine())));
    return 1;
  }
  for (double count = 0;; ++count) {
    duk_dup(ctx, callback);
    duk_push_number(ctx, static_cast<double>(distribution(random_state().engine())));
    duk_push_number(ctx, count);
    duk_call(ctx, 2);
    bool is_over = duk_is_boolean(ctx, -1) && !duk_get_boolean(ctx, -1);
    duk_pop(ctx);
    if (is_over) return 0;
  }
}

duk_ret_t utils_srand(duk_context* ctx) {
  if (is_given(ctx, 0)) {
    random_state().seed(static_cast<uint64_t>(
        static_cast<int64_t>(std::clamp(number_at(ctx, 0, "srand"), -kMaxSafeInteger, kMaxSafeInteger))));
  } else {
    random_state().seed_from_system();
  }
  return 0;
}

double gaussian(double sigma) { return std::normal_distribution<double>(0, 1)(random_state().engine()) * sigma; }

duk_ret_t utils_gaussrand(duk_context* ctx) {
  duk_push_number(ctx, gaussian(is_given(ctx, 0) ? number_at(ctx, 0, "gaussrand") : 1));
  return 1;
}

duk_ret_t utils_normrand(duk_context* ctx) {
  double scale = is_given(ctx, 0) ? number_at(ctx, 0, "normrand") : 1;
  duk_push_number(ctx, std::clamp(gaussian(1) / 5, -1.0, 1.0) * scale);
  return 1;
}

}  // namespace

void put_random_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"rand", guarded<utils_rand>},           {"irand", guarded<utils_irand>},       {"srand", guarded<utils_srand>},
      {"gaussrand", guarded<utils_gaussrand>}, {"normrand", guarded<utils_normrand>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
