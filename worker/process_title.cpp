#include "worker/process_title.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "common/sys.h"

namespace ravelin::worker {

namespace {

char* title_area = nullptr;
size_t title_area_bytes = 0;

// Extends [begin, end) by the string that starts at `end`. The kernel lays argv and the environment out back to back; a
// string from elsewhere (setenv before us) ends the area.
bool extend(char*& end, char* text) {
  if (text != end) return false;
  end = text + strlen(text) + 1;
  return true;
}

}  // namespace

void keep_argv_for_title(int argc, char** argv) {
  if (argc < 1 || !argv[0] || title_area) return;
  char* end = argv[0];
  bool contiguous = true;
  for (int i = 0; i < argc && contiguous; ++i) contiguous = extend(end, argv[i]);
  size_t count = 0;
  for (; environ[count]; ++count) {
    if (contiguous) contiguous = extend(end, environ[count]);
  }
  // Never freed: getenv() hands out pointers into it for the life of the process.
  char** moved = new char*[count + 1]();
  for (size_t i = 0; i < count; ++i) moved[i] = strdup(environ[i]);
  environ = moved;
  program_invocation_name = strdup(program_invocation_name);
  program_invocation_short_name = strdup(program_invocation_short_name);
  title_area = argv[0];
  title_area_bytes = static_cast<size_t>(end - argv[0]);
}

void set_process_title(std::string_view title) {
  set_process_name(std::string(title).c_str());
  if (title_area_bytes < 2) return;
  memset(title_area, 0, title_area_bytes);
  memcpy(title_area, title.data(), std::min(title.size(), title_area_bytes - 1));
}

}  // namespace ravelin::worker
