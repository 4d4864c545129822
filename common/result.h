// Result<T>: a value, or an Error with a closed code and a message that says what was tried, on what, and why it
// failed. For what can happen (a file is missing, a peer sends garbage); what cannot happen is a CHECK
// (common/check.h).
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace ravelin {

enum class ErrorCode {
  kInvalid,   // the input breaks a documented rule
  kSystem,    // the system refused; the message carries its text
  kTooLarge,  // a limit of limits.h is exceeded
  kPeerGone,  // the other end closed
};

struct Error {
  ErrorCode code = ErrorCode::kInvalid;
  std::string message;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT: implicit on purpose, `return value;` reads best
  Result(Error error) : state_(std::move(error)) {}  // NOLINT: likewise

  explicit operator bool() const { return state_.index() == 0; }
  T& value() { return std::get<0>(state_); }
  const T& value() const { return std::get<0>(state_); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

struct Ok {};
using Status = Result<Ok>;

}  // namespace ravelin
