// JavaScript errors as seen from C++: their text for logs and error pages (server-details 13.2), throwing them, calling
// script without letting them through, and keeping the value stack in order.
// Not for: deciding what to do about an error. Main thread of any process that runs script.
//
// In this program a JavaScript error is a C++ exception that Duktape throws and catches (DUK_USE_CPP_EXCEPTIONS), so
// destructors run. Two rules follow. A destructor must not call duk_* functions while an error is on its way
// (StackGuard obeys it). And `catch (...)` must not swallow what it catches around duk_* calls: the error would be lost
// half-way.
#pragma once

#include <duktape.h>

#include <exception>
#include <string>
#include <utility>

namespace ravelin::worker {

// "Name: message\n    at fn (file:line)\n ..." for an Error, with the script's own frames only, then for its cause
// "\n  [cause]: " and the same; the text of the value for anything else that was thrown. UTF-8. Never throws a
// JavaScript error, leaves the stack as it was.
std::string error_text(duk_context* js, duk_idx_t index);

// Hidden property of the errors that req.reply() threw: the number of the reply. error_text() says that they are known:
// JsHeap::on_reply_error_reported.
inline constexpr char kErrorOfReply[] = DUK_HIDDEN_SYMBOL("errorOfReply");

// "Name: message" alone.
std::string error_message(duk_context* js, duk_idx_t index);

// Makes the `stack` and `lineNumber` of errors name the lines of original files (JsHeap::line_maps), and the errors'
// constructors take options. For the heap's start.
void install_error_lines(duk_context* js);

// Throw an Error, TypeError or RangeError; the message is printf-formatted UTF-8. They leave the C++ function by an
// exception, so locals are destroyed.
[[noreturn]] void throw_error(duk_context* js, const char* format, ...) __attribute__((format(printf, 2, 3)));
[[noreturn]] void throw_type_error(duk_context* js, const char* format, ...) __attribute__((format(printf, 2, 3)));
[[noreturn]] void throw_range_error(duk_context* js, const char* format, ...) __attribute__((format(printf, 2, 3)));

// A Duktape/C function whose C++ exceptions (std::bad_alloc, std::filesystem errors, ...) become JavaScript errors with
// their what() as message: register guarded<my_function> in place of my_function. (Duktape by itself turns them into a
// TypeError "caught invalid c++ std::exception ...", which is safe but reads badly.)
template <duk_ret_t (*kFunction)(duk_context*)>
duk_ret_t guarded(duk_context* js) {
  try {
    return kFunction(js);
  } catch (const std::bad_alloc&) {
    throw_range_error(js, "out of memory");
  } catch (const std::exception& error) {
    throw_error(js, "%s", error.what());
  }
}

// Calls the function that lies below its `argument_count` arguments, as duk_pcall: function and arguments are replaced
// by the result (true) or by what was thrown (false).
bool call_protected(duk_context* js, duk_idx_t argument_count);

// Runs `body(js)`, which may throw JavaScript errors and std::exceptions. True: the stack is as before. False: what was
// thrown lies on top. For native code that is entered from C++ (event loop, main), not from script.
template <typename Body>
bool run_protected(duk_context* js, Body&& body) {
  auto trampoline = [](duk_context* inner, void* argument) -> duk_ret_t {
    duk_require_stack(inner, 32);
    try {
      (*static_cast<std::remove_reference_t<Body>*>(argument))(inner);
    } catch (const std::bad_alloc&) {
      throw_range_error(inner, "out of memory");
    } catch (const std::exception& error) {
      throw_error(inner, "%s", error.what());
    }
    return 0;
  };
  if (duk_safe_call(js, trampoline, const_cast<void*>(static_cast<const void*>(&body)), 0, 1) == DUK_EXEC_SUCCESS) {
    duk_pop(js);
    return true;
  }
  return false;
}

// Puts the stack top back when a scope is left normally. While an error is on its way it does nothing: the catcher
// restores the stack, and a finalizer run now could overwrite the pending error.
class StackGuard {
 public:
  explicit StackGuard(duk_context* js)
      : js_(js), top_(duk_get_top(js)), exceptions_on_entry_(std::uncaught_exceptions()) {}
  ~StackGuard() noexcept(false) {
    if (std::uncaught_exceptions() == exceptions_on_entry_) duk_set_top(js_, top_);
  }
  // The top that will be restored.
  duk_idx_t top() const { return top_; }
  StackGuard(const StackGuard&) = delete;
  StackGuard& operator=(const StackGuard&) = delete;

 private:
  duk_context* js_;
  duk_idx_t top_;
  int exceptions_on_entry_;
};

}  // namespace ravelin::worker
