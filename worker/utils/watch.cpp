#include "worker/utils/watch.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/sys.h"
#include "common/unique_fd.h"
#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/js_source.h"
#include "worker/js_timers.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {
namespace {

constexpr double kDefaultIntervalMs = 1000;
constexpr double kMinIntervalMs = 10;
constexpr double kMaxIntervalMs = 86'400'000;
constexpr char kWatcherKey[] = DUK_HIDDEN_SYMBOL("watcher");
constexpr const char* kStore = "ravelinWatchers";  // in the heap stash: their callbacks, by number
constexpr uint32_t kEvents = IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVED_FROM |
                             IN_MOVED_TO | IN_MOVE_SELF | IN_CLOSE_WRITE;

void push_store(duk_context* js) {
  duk_push_heap_stash(js);
  if (!duk_get_prop_string(js, -1, kStore)) {
    duk_pop(js);
    duk_push_bare_object(js);
    duk_dup_top(js);
    duk_put_prop_string(js, -3, kStore);
  }
  duk_remove(js, -2);
}

// Lives from watch() to close(); the script's object and the store hold its number only.
class Watcher {
 public:
  Watcher(duk_context* js, std::string path, uint32_t number)
      : heap_(JsHeap::of(js)), path_(std::move(path)), number_(number), pid_(getpid()) {}
  ~Watcher() {
    // In a child the event lies in the base of the parent, and the descriptor's number may be another's by now.
    if (pid_ != getpid()) {
      inotify_.release();
    } else if (event_) {
      event_free(event_);
    }
  }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // 0 or the errno.
  int start_inotify() {
    about_to_block();
    inotify_ = UniqueFd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!inotify_ || inotify_add_watch(inotify_.get(), path_.c_str(), kEvents) < 0) return errno;
    return listen(inotify_.get(), EV_READ | EV_PERSIST, nullptr);
  }

  int start_polling(double interval_ms) {
    inotify_.reset();  // start_inotify() may have got no further
    seen_ = look();
    if (seen_.empty()) return ENOENT;
    const timeval interval = {static_cast<time_t>(interval_ms / 1000),
                              static_cast<suseconds_t>(static_cast<int64_t>(interval_ms * 1000) % 1000000)};
    return listen(-1, EV_PERSIST, &interval);
  }

 private:
  using Versions = std::map<std::string, FileSignature>;  // the file itself is ""

  int listen(int fd, short what, const timeval* interval) {
    event_base* base = heap_.timers ? heap_.timers->base() : nullptr;
    if (!base) return ENOTSUP;
    event_ = event_new(base, fd, what, on_event, this);
    return event_ && event_add(event_, interval) == 0 ? 0 : ENOMEM;
  }

  static void on_event(evutil_socket_t, short, void* self) {
    auto* watcher = static_cast<Watcher*>(self);
    // A callback may close the watcher: nothing of it may be used after the last call.
    if (watcher->inotify_) {
      watcher->read_inotify();
    } else {
      watcher->compare();
    }
  }

  void read_inotify() {
    alignas(inotify_event) char buffer[16 * 1024];
    const ssize_t size = read(inotify_.get(), buffer, sizeof buffer);
    for (ssize_t at = 0; at < size;) {
      const auto* news = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + news->len);
      const char* type = type_of(news->mask);
      const std::string name = news->len > 0 ? news->name : "";
      if (type && !report(type, name, news->mask & IN_ISDIR)) return;
    }
  }

  static const char* type_of(uint32_t mask) {
    if (mask & IN_CREATE) return "create";
    if (mask & (IN_DELETE | IN_DELETE_SELF)) return "delete";
    if (mask & (IN_MOVED_FROM | IN_MOVED_TO | IN_MOVE_SELF)) return "rename";
    if (mask & (IN_MODIFY | IN_ATTRIB)) return "change";
    return nullptr;
  }

  Versions look() const {
    about_to_block();
    Versions versions;
    struct stat status;
    if (stat(path_.c_str(), &status) != 0) return versions;
    versions[""] = FileSignature::of(status);
    DIR* directory = S_ISDIR(status.st_mode) ? opendir(path_.c_str()) : nullptr;
    while (const dirent* entry = directory ? readdir(directory) : nullptr) {
      const std::string name = entry->d_name;
      if (name == "." || name == ".." || stat((path_ + "/" + name).c_str(), &status) != 0) continue;
      versions[name] = FileSignature::of(status);
    }
    if (directory) closedir(directory);
    return versions;
  }

  void compare() {
    const Versions before = std::exchange(seen_, look());
    const Versions now = seen_;
    const bool is_directory = now.size() > 1 || before.size() > 1;
    for (const auto& [name, version] : now) {
      auto old = before.find(name);
      const char* type = old == before.end() ? "create" : old->second == version ? nullptr : "change";
      if (name.empty() && is_directory) type = nullptr;  // its entries tell
      if (type && !report(type, name, false)) return;
    }
    for (const auto& [name, version] : before) {
      if (!now.contains(name) && !report("delete", name, false)) return;
    }
  }

  // Calls the callback. False when the watcher is closed, that is gone.
  bool report(const char* type, const std::string& name, bool is_directory) {
    duk_context* js = heap_.js();
    const uint32_t number = number_;
    const std::string path = name.empty() ? path_ : path_ + "/" + name;
    heap_.timers->run_callback([&] {
      const bool ok = run_protected(js, [&](duk_context* inner) {
        push_store(inner);
        if (!duk_get_prop_index(inner, -1, number) || !duk_get_prop_literal(inner, -1, "callback")) return;
        duk_push_object(inner);
        duk_push_string(inner, type);
        duk_put_prop_literal(inner, -2, "type");
        push_text(inner, path);
        duk_put_prop_literal(inner, -2, "path");
        duk_push_boolean(inner, is_directory);
        duk_put_prop_literal(inner, -2, "isDir");
        duk_call(inner, 1);
        if (duk_is_boolean(inner, -1) && !duk_get_boolean(inner, -1)) close(inner, number);
      });
      if (ok) return;
      const std::string text = "Error in watch callback:\n  " + error_text(js, -1) + "\n";
      duk_pop(js);
      about_to_block();
      [[maybe_unused]] ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    });
    return open_watchers().contains(number);
  }

  JsHeap& heap_;
  std::string path_;
  uint32_t number_;
  pid_t pid_;
  UniqueFd inotify_;
  event* event_ = nullptr;
  Versions seen_;

 public:
  static std::map<uint32_t, std::unique_ptr<Watcher>>& open_watchers() {
    // Never destroyed: at exit the event base may be gone before them.
    static auto& watchers = *new std::map<uint32_t, std::unique_ptr<Watcher>>;
    return watchers;
  }

  // Ends the watcher of that number, if it is still there.
  static void close(duk_context* js, uint32_t number) {
    open_watchers().erase(number);
    push_store(js);
    duk_del_prop_index(js, -1, number);
    duk_pop(js);
  }
};

duk_ret_t watcher_close(duk_context* ctx) {
  duk_push_current_function(ctx);
  duk_get_prop_string(ctx, -1, kWatcherKey);
  Watcher::close(ctx, duk_require_uint(ctx, -1));
  return 0;
}

struct WatchRequest {
  std::string path;
  bool polls = false;
  double interval_ms = kDefaultIntervalMs;
  duk_idx_t callback = -1;
};

// watch(path[, {poll, interval}], callback) or watch({path, ...}, callback)
WatchRequest read_request(duk_context* ctx) {
  WatchRequest request;
  for (duk_idx_t i = 0, top = duk_get_top(ctx); i < top; ++i) {
    if (is_text(ctx, i)) {
      request.path = path_at(ctx, i, "watch()");
    } else if (duk_is_function(ctx, i)) {
      request.callback = i;
    } else if (is_options(ctx, i)) {
      if (push_option(ctx, i, "path")) request.path = path_at(ctx, -1, "watch()");
      if (push_option(ctx, i, "poll")) request.polls = duk_to_boolean(ctx, -1);
      if (push_option(ctx, i, "interval") && duk_is_number(ctx, -1)) {
        // NaN becomes the least: it fails the comparison.
        const double wanted_ms = duk_get_number(ctx, -1);
        request.interval_ms = wanted_ms > kMinIntervalMs ? std::min(wanted_ms, kMaxIntervalMs) : kMinIntervalMs;
      }
    }
  }
  if (request.path.empty()) throw_error(ctx, "watch(): a path is required");
  if (request.callback < 0) throw_error(ctx, "watch(): a callback Function is required");
  return request;
}

duk_ret_t utils_watch(duk_context* ctx) {
  const WatchRequest request = read_request(ctx);
  static uint32_t last_number = 0;
  const uint32_t number = ++last_number;
  auto watcher = std::make_unique<Watcher>(ctx, request.path, number);
  bool polls = request.polls;
  int error = polls ? 0 : watcher->start_inotify();
  // No inotify left for this user: looking now and then does it, too.
  if (error == EMFILE || error == ENOSPC || error == ENFILE) polls = true;
  if (polls) error = watcher->start_polling(request.interval_ms);
  if (error != 0) throw_error(ctx, "watch(): %s: %s", request.path.c_str(), errno_text(error).c_str());
  push_store(ctx);
  duk_push_object(ctx);
  duk_dup(ctx, request.callback);
  duk_put_prop_literal(ctx, -2, "callback");
  duk_put_prop_index(ctx, -2, number);
  duk_push_object(ctx);
  push_text(ctx, request.path);
  duk_put_prop_literal(ctx, -2, "path");
  duk_push_string(ctx, polls ? "polling" : "inotify");
  duk_put_prop_literal(ctx, -2, "backend");
  duk_push_c_function(ctx, guarded<watcher_close>, 0);
  duk_push_uint(ctx, number);
  duk_put_prop_string(ctx, -2, kWatcherKey);
  duk_put_prop_literal(ctx, -2, "close");
  Watcher::open_watchers().emplace(number, std::move(watcher));
  return 1;
}

}  // namespace

void put_watch_function(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {{"watch", guarded<utils_watch>}};
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
