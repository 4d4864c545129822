// ravelin [options] app.js [arguments]: the command line of the launcher, which runs the script and whatever server it
// starts. Zygote and workers are forks of it; the frontend is a program of its own.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/sys.h"
#include "worker/compile_client.h"
#include "worker/compile_process.h"
#include "worker/compile_source.h"
#include "worker/launcher.h"
#include "worker/process_title.h"

namespace {

constexpr char kVersion[] = "ravelin 0.1";
constexpr char kUsage[] =
    "usage: ravelin [options] SCRIPT [ARGUMENT...]\n"
    "\n"
    "Runs the JavaScript file SCRIPT. When it calls require(\"rampart-server\").start({...}), serves HTTP.\n"
    "\n"
    "Scripts may use modern JavaScript, and TypeScript in files named .ts; these are compiled once and cached.\n"
    "\n"
    "  --cache-dir DIR  keep compiled scripts below DIR (default: $RAVELIN_CACHE_DIR, else ~/.cache/ravelin,\n"
    "                   else /var/cache/ravelin, else /tmp)\n"
    "  --no-cache       compile modern scripts anew in each process that loads them\n"
    "  -h, --help       this text\n"
    "  -v, --version    the version\n"
    "  --               the next word is the script, even if it begins with a dash\n";

constexpr int kExitUsage = 2;

bool is_option(const std::string& word, const char* short_name, const char* long_name) {
  return word == short_name || word == long_name;
}

// Started with descriptors 0, 1 or 2 closed, internal descriptors would take their places, and log lines go into them.
void fill_standard_descriptors() {
  int fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);
  if (fd > STDERR_FILENO) close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_descriptors();
  const std::vector<std::string> words(argv, argv + argc);
  if (words.size() == 2 && words[1] == ravelin::worker::kCompileProcessOption)
    return ravelin::worker::run_compile_process();
  ravelin::worker::keep_argv_for_title(argc, argv);
  ravelin::set_process_name("ravelin");
  ravelin::set_log_tag("launcher");
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_DFL);  // ignored, as some parents leave it, the kernel would reap our children before us

  ravelin::worker::CompilerSettings compiler;
  if (const char* folder = getenv("RAVELIN_CACHE_DIR")) compiler.cache.base = folder;
  size_t next = 1;
  for (; next < words.size() && words[next].size() > 1 && words[next][0] == '-'; ++next) {
    if (words[next] == "--") {
      ++next;
      break;
    }
    if (is_option(words[next], "-h", "--help")) return fputs(kUsage, stdout) < 0 ? 1 : 0;
    if (is_option(words[next], "-v", "--version")) return puts(kVersion) < 0 ? 1 : 0;
    if (words[next] == "--no-cache") {
      compiler.cache.is_enabled = false;
      continue;
    }
    if (words[next] == "--cache-dir" && next + 1 < words.size()) {
      compiler.cache.base = words[++next];
      continue;
    }
    fprintf(stderr, "ravelin: unknown option \"%s\"\n\n%s", words[next].c_str(), kUsage);
    return kExitUsage;
  }
  if (next >= words.size()) {
    fputs(kUsage, stderr);
    return kExitUsage;
  }
  try {
    ravelin::worker::set_up_compiler(std::move(compiler));
    ravelin::worker::Launcher launcher({words, words[next]});
    launcher.run();
  } catch (const std::exception& error) {
    fprintf(stderr, "ravelin: %s\n", error.what());
    return 1;
  }
}
