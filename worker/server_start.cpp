#include "worker/server_start.h"

#include <errno.h>
#include <unistd.h>

#include <memory>
#include <optional>

#include "common/limits.h"
#include "common/log.h"
#include "common/mime.h"
#include "common/sys.h"
#include "worker/compile_source.h"
#include "worker/daemon.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_modules.h"
#include "worker/launcher.h"
#include "worker/listen_sockets.h"
#include "worker/pages.h"
#include "worker/privileges.h"
#include "worker/process_title.h"
#include "worker/server_options.h"
#include "worker/supervisor.h"

namespace ravelin::worker {

namespace {

constexpr uint64_t kStartTimeoutMs = 10'000;   // exec, fork and one round of frames take milliseconds
constexpr size_t kMemoryToWork = 1024 * 1024;  // a heap limit below what the start script uses plus this cannot work

Launcher* this_launcher = nullptr;
MimeTable* mime_table = nullptr;  // of the server that was started last; workers inherit it

[[noreturn]] void fail(duk_context* js, const std::string& reason) {
  throw_error(js, "server.start: %s", reason.c_str());
}

// The same when the options have been read: the functions that they left in the stash must not stay there.
[[noreturn]] void abandon_start(duk_context* js, const std::string& reason) {
  clear_stashed_functions(js);
  fail(js, reason);
}

// The account to become; none when the process is not root, or shall stay it.
std::optional<UserAccount> account_for(duk_context* js, const std::string& user) {
  if (geteuid() != 0) return std::nullopt;
  if (user.empty()) abandon_start(js, "user must be given when the server is started as root");
  auto account = find_user(user);
  if (!account) abandon_start(js, "user: " + account.error().message);
  if (account.value().uid != 0) return std::move(account.value());
  log_line(
      "warning: server.start: user is \"root\": every script runs with all rights, and one hole in any of them is the "
      "end of this machine");
  return std::nullopt;
}

void check_memory_limit(duk_context* js, const StartOptions& options) {
  const uint64_t limit = options.config.max_memory_bytes;
  const size_t used = JsHeap::of(js).used_bytes();
  if (limit != 0 && used + kMemoryToWork > limit)
    abandon_start(js, "maxMemory is " + std::to_string(limit >> 20) + " MB, but the start script alone uses " +
                          std::to_string(used >> 20) + " MB");
}

std::string list_addresses(const std::vector<ListenSocket>& sockets) {
  std::string text;
  for (const ListenSocket& socket : sockets) {
    if (socket.loop != 0) continue;
    if (!text.empty()) text += ", ";
    text += socket.address;
  }
  return text;
}

std::string news_of(const Supervisor::Parts& parts, const std::optional<UserAccount>& account) {
  const ipc::ServerConfig& config = parts.config;
  return "notice: serving on " + list_addresses(parts.sockets) + " with " + std::to_string(config.workers) +
         (config.workers == 1 ? " worker and " : " workers and ") + std::to_string(config.loops) +
         (config.loops == 1 ? " frontend thread" : " frontend threads") + (account ? " as user " + account->name : "");
}

// From bound sockets to a frontend that is ready. What it changes (privileges, no_new_privs) stays changed after an
// error.
Status bring_up(Launcher& launcher, const std::optional<UserAccount>& account, Supervisor::Parts parts) {
  if (account) {
    prepare_compiler_for_user(account->uid, account->gid);
    if (Status status = drop_privileges(*account); !status) return status.error();
  }
  if (Status status = forbid_new_privileges(); !status) return status.error();
  mime_table = new MimeTable(parts.config.mime_table());  // one per server, as long as the process
  auto supervisor = std::make_unique<Supervisor>(launcher.heap(), std::move(parts));
  if (Status status = supervisor->start(kStartTimeoutMs); !status) return status;
  launcher.adopt(std::move(supervisor));
  return Ok{};
}

// The rest of a daemon's life.
[[noreturn]] void live_as_daemon(Launcher& launcher, UniqueFd report, const StartOptions& options,
                                 const std::optional<UserAccount>& account, Supervisor::Parts parts) {
  launcher.become_daemon();
  if (options.append_proc_title) {
    set_process_title(launcher.command_line() + " " + parts.sockets.front().address);
    set_process_name("ravelin");
  }
  if (Status status = bring_up(launcher, account, std::move(parts)); !status) {
    report_start(report, status.error().message);
    _exit(1);
  }
  report_start(report, "");
  launcher.run_loop();
}

pid_t start_daemon(duk_context* js, const StartOptions& options, const std::optional<UserAccount>& account,
                   Supervisor::Parts parts) {
  if (JsHeap::of(js).timers->has_pending())
    log_line(
        "warning: server.start: daemon: the timers that were set before stay with this process; set those of the "
        "daemon in "
        "a listener of rampart.event, or leave daemon to what starts the server");
  auto detached = detach();
  if (!detached) abandon_start(js, detached.error().message);
  if (detached.value().in_daemon)
    live_as_daemon(*this_launcher, std::move(detached.value().report), options, account, std::move(parts));
  clear_stashed_functions(js);  // they are the daemon's
  auto pid = wait_for_report(std::move(detached.value().report));
  if (!pid) fail(js, pid.error().message);
  return pid.value();
}

duk_ret_t native_start(duk_context* js) {
  Launcher& launcher = *this_launcher;
  if (!launcher.is_this_process()) fail(js, "a worker cannot start a server");
  if (launcher.has_server()) fail(js, "this process has a server already; further ones need daemon: true");
  if (duk_get_top(js) != 1) fail(js, "exactly one argument is needed, an Object with options");
  StartOptions options = read_start_options(js, 0);
  for (const std::string& warning : options.warnings) logf("warning: %s", warning.c_str());
  check_memory_limit(js, options);
  const std::optional<UserAccount> account = account_for(js, options.user);

  auto program = open_frontend_program();
  if (!program) abandon_start(js, program.error().message);
  auto bound = open_listen_sockets(options.bind, options.config.loops, options.bind_is_default);
  if (!bound) abandon_start(js, "bind: " + bound.error().message);
  for (const std::string& warning : bound.value().warnings) logf("warning: server.start: %s", warning.c_str());

  Supervisor::Parts parts{options.config, std::move(bound.value().sockets), std::move(program.value()), ""};
  parts.news = news_of(parts, account);
  pid_t pid = getpid();
  if (options.daemon) {
    pid = start_daemon(js, options, account, std::move(parts));
  } else {
    if (Status status = bring_up(launcher, account, std::move(parts)); !status)
      abandon_start(js, status.error().message);
  }
  duk_push_int(js, pid);
  return 1;
}

duk_ret_t native_get_mime(duk_context* js) {
  if (!duk_is_string(js, 0)) throw_type_error(js, "server.getMime: the extension must be a String");
  const MimeTable standard;
  const auto type = (mime_table ? *mime_table : standard).find(engine_text(js, 0));
  if (!type) return 0;
  push_text(js, *type);
  return 1;
}

// defaultDirList(req): the reply of directoryFunc: true, for scripts that want to call it themselves.
duk_ret_t native_default_dir_list(duk_context* js) {
  std::string directory, url_path;
  if (duk_is_object(js, 0)) {
    if (duk_get_prop_literal(js, 0, "fsPath") && duk_is_string(js, -1)) append_utf8(directory, engine_text(js, -1));
    if (duk_get_prop_literal(js, 0, "path") && duk_is_object(js, -1) && duk_get_prop_literal(js, -1, "path") &&
        duk_is_string(js, -1)) {
      append_utf8(url_path, engine_text(js, -1));
    }
  }
  if (directory.empty()) throw_error(js, "server.defaultDirList: argument must be the req of a directoryFunc");
  const DirectoryPage page = make_directory_page(directory, url_path);
  duk_push_object(js);
  if (page.error != 0) {
    duk_push_int(js, page.error == ENOENT || page.error == ENOTDIR ? 404 : 403);
    duk_put_prop_literal(js, -2, "status");
    return 1;
  }
  push_text(js, page.html);
  duk_put_prop_literal(js, -2, "html");
  return 1;
}

duk_ret_t open_server_module(duk_context* js) {
  duk_push_object(js);
  duk_push_c_function(js, guarded<native_start>, DUK_VARARGS);
  duk_put_prop_literal(js, -2, "start");
  duk_push_c_function(js, guarded<native_get_mime>, 1);
  duk_put_prop_literal(js, -2, "getMime");
  duk_push_c_function(js, guarded<native_default_dir_list>, 1);
  duk_put_prop_literal(js, -2, "defaultDirList");
  return 1;
}

}  // namespace

void install_server_module(JsHeap& heap, Launcher& launcher) {
  this_launcher = &launcher;
  heap.modules->register_builtin("rampart-server", open_server_module);
}

}  // namespace ravelin::worker
