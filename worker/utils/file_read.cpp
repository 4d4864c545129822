#include "worker/utils/file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "common/sys.h"
#include "common/unique_fd.h"
#include "worker/block_hook.h"
#include "worker/format_text.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"
#include "worker/utils/file_handle.h"

namespace ravelin::worker {
namespace {

constexpr char kSourceKey[] = DUK_HIDDEN_SYMBOL("lines");
// What has no size of its own (pipes, /proc, devices) is read up to here: /dev/zero must end in an error.
constexpr size_t kMaxUnsizedBytes = 1024ull * 1024 * 1024;
constexpr size_t kReadStep = 64 * 1024;

struct ReadRequest {
  std::string path;
  bool has_path = false;
  double offset = 0;
  double length = 0;
  bool as_string = false;
};

// The option `name` as a Number.
void read_number_option(duk_context* ctx, duk_idx_t object, const char* name, double& value) {
  if (push_option(ctx, object, name)) {
    if (!duk_is_number(ctx, -1)) throw_error(ctx, "readFile() - option '%s' must be a Number", name);
    value = duk_get_number(ctx, -1);
  }
  duk_pop(ctx);
}

void read_options(duk_context* ctx, duk_idx_t object, ReadRequest& request) {
  for (const char* name : {"filename", "file"}) {
    if (push_option(ctx, object, name)) {
      request.path = path_at(ctx, -1, "readFile() - option 'file'");
      request.has_path = true;
    }
    duk_pop(ctx);
  }
  read_number_option(ctx, object, "offset", request.offset);
  read_number_option(ctx, object, "length", request.length);
  for (const char* name : {"retString", "returnString"}) {
    if (push_option(ctx, object, name)) request.as_string = duk_to_boolean(ctx, -1);
    duk_pop(ctx);
  }
}

// Arguments are told apart by type; an options object wins over the others.
ReadRequest read_request(duk_context* ctx) {
  ReadRequest request;
  duk_idx_t options = -1;
  int numbers = 0;
  for (duk_idx_t i = 0; i < duk_get_top(ctx); ++i) {
    if (is_text(ctx, i) && !request.has_path) {
      request.path = path_at(ctx, i, "readFile()");
      request.has_path = true;
    } else if (duk_is_number(ctx, i)) {
      if (numbers == 0) request.offset = duk_get_number(ctx, i);
      if (numbers == 1) request.length = duk_get_number(ctx, i);
      ++numbers;
    } else if (duk_is_boolean(ctx, i)) {
      request.as_string = duk_get_boolean(ctx, i);
    } else if (file_handle_at(ctx, i)) {
      throw_error(ctx, "readFile() - error, a file name is needed, not a file handle: fread() takes handles");
    } else if (is_options(ctx, i) && options < 0) {
      options = i;
    }
  }
  if (options >= 0) read_options(ctx, options, request);
  if (!request.has_path) throw_error(ctx, "readFile() - error, no file name or handle provided");
  request.offset = std::isnan(request.offset) ? 0 : std::trunc(request.offset);
  request.length = std::isnan(request.length) ? 0 : std::trunc(request.length);
  return request;
}

[[noreturn]] void throw_read_error(duk_context* ctx, const ReadRequest& request, const char* what, int error) {
  throw_error(ctx, "readFile(\"%s\") - error %s: %s", request.path.c_str(), what, errno_text(error).c_str());
}

UniqueFd open_for_reading(duk_context* ctx, const ReadRequest& request, struct stat& status) {
  about_to_block();
  UniqueFd file(open(request.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) {
    int error = errno;
    bool can_examine = stat(request.path.c_str(), &status) == 0;
    throw_read_error(ctx, request, can_examine ? "opening" : "accessing", error);
  }
  flock(file.get(), LOCK_SH);
  if (fstat(file.get(), &status) != 0) throw_read_error(ctx, request, "accessing", errno);
  return file;
}

struct Range {
  size_t begin = 0;
  size_t size = 0;
};

// The bytes that a request means in a file of `file_size` bytes.
Range range_in(duk_context* ctx, const ReadRequest& request, size_t file_size) {
  double size = static_cast<double>(file_size);
  double begin = request.offset < 0 ? size + request.offset : request.offset;
  if (begin < 0) throw_read_error(ctx, request, "seeking file", EINVAL);
  double end = request.length > 0 ? begin + request.length : size + request.length;
  if (request.length <= 0 && end < begin) {
    throw_error(ctx, "readFile(\"%s\") - negative length puts end of read before offset or start of file",
                request.path.c_str());
  }
  end = std::min(end, size);
  if (begin >= end) return {};
  return {static_cast<size_t>(begin), static_cast<size_t>(end - begin)};
}

// Reads until `size` bytes or the end; returns how many.
size_t read_at(duk_context* ctx, const ReadRequest& request, int fd, char* target, Range range) {
  size_t done = 0;
  while (done < range.size) {
    ssize_t count = pread(fd, target + done, range.size - done, static_cast<off_t>(range.begin + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_read_error(ctx, request, "reading file", errno);
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

// Everything that `fd` gives, or as much of it as the request can need.
std::string read_unsized(duk_context* ctx, const ReadRequest& request, int fd) {
  bool is_bounded = request.offset >= 0 && request.length > 0;
  double wanted = is_bounded ? request.offset + request.length : static_cast<double>(kMaxUnsizedBytes) + 1;
  std::string contents;
  while (static_cast<double>(contents.size()) < wanted) {
    size_t size = contents.size();
    contents.resize(size + kReadStep);
    ssize_t count = read(fd, contents.data() + size, kReadStep);
    contents.resize(size + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_read_error(ctx, request, "reading file", errno);
    if (count == 0) return contents;
    if (contents.size() > kMaxUnsizedBytes) throw_read_error(ctx, request, "reading file", EFBIG);
  }
  return contents;
}

// Without the beginning of a character at its end. 80 to C1 and F5 to FF begin none.
size_t complete_length(std::string_view text) {
  size_t lead = text.size();
  for (int back = 1; back <= 3 && lead > 0; ++back) {
    unsigned byte = static_cast<unsigned char>(text[--lead]);
    if ((byte & 0xC0) == 0x80) continue;
    if (byte < 0xC2 || byte > 0xF4) return text.size();
    size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    return lead + length > text.size() ? lead : text.size();
  }
  return text.size();
}

// As text: without the pieces of characters that the range has cut, and up to the first NUL.
void push_as_string(duk_context* ctx, std::string_view bytes) {
  for (int i = 0; i < 3 && !bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0xC0) == 0x80; ++i) {
    bytes.remove_prefix(1);
  }
  bytes = bytes.substr(0, complete_length(bytes));
  push_text(ctx, bytes.substr(0, bytes.find('\0')));
}

void push_result(duk_context* ctx, const ReadRequest& request, std::string_view bytes) {
  if (request.as_string) {
    push_as_string(ctx, bytes);
  } else {
    push_buffer(ctx, bytes);
  }
}

duk_ret_t utils_read_file(duk_context* ctx) {
  ReadRequest request = read_request(ctx);
  struct stat status;
  UniqueFd file = open_for_reading(ctx, request, status);
  if (!S_ISREG(status.st_mode) || status.st_size == 0) {
    std::string contents = read_unsized(ctx, request, file.get());
    Range range = range_in(ctx, request, contents.size());
    push_result(ctx, request, std::string_view(contents).substr(range.begin, range.size));
    return 1;
  }
  Range range = range_in(ctx, request, static_cast<size_t>(status.st_size));
  if (request.as_string) {
    std::string bytes(range.size, '\0');
    bytes.resize(read_at(ctx, request, file.get(), bytes.data(), range));
    push_as_string(ctx, bytes);
    return 1;
  }
  auto* target = static_cast<char*>(duk_push_fixed_buffer(ctx, range.size));
  size_t size = read_at(ctx, request, file.get(), target, range);
  if (size < range.size) push_buffer(ctx, std::string(target, size));  // the file shrank meanwhile
  return 1;
}

// Where readLine takes its lines from.
struct LineSource {
  void* owner = nullptr;             // heap pointer of the next() function that owns this
  std::unique_ptr<FileHandle> file;  // opened here
  FileHandle* handle = nullptr;      // `file`, or a handle of the script; null for data
  std::string data;
  size_t position = 0;
  int timeout_ms = -1;

  std::string next() {
    if (handle) return handle->is_closed() ? std::string() : handle->read_line(timeout_ms);
    size_t begin = position;
    size_t newline = data.find('\n', begin);
    position = newline == std::string::npos ? data.size() : newline + 1;
    return data.substr(begin, position - begin);
  }
};

duk_ret_t finalize_lines(duk_context* ctx) {
  duk_get_prop_string(ctx, 0, kSourceKey);
  auto* source = static_cast<LineSource*>(duk_get_pointer(ctx, -1));
  // An object whose prototype is the function inherits pointer and finalizer, but not the ownership.
  if (source && source->owner == duk_get_heapptr(ctx, 0)) {
    duk_del_prop_string(ctx, 0, kSourceKey);
    delete source;
  }
  return 0;
}

duk_ret_t next_line(duk_context* ctx) {
  duk_push_current_function(ctx);
  duk_get_prop_string(ctx, -1, kSourceKey);
  auto* source = static_cast<LineSource*>(duk_get_pointer(ctx, -1));
  about_to_block();
  std::string line = source->next();
  if (line.empty()) {
    duk_push_null(ctx);
  } else {
    push_text(ctx, line);
  }
  return 1;
}

// Opens the file named by the String on top of the stack. With a timeout, a FIFO's writer is waited for by next().
void open_lines(duk_context* ctx, LineSource& source) {
  std::string path = path_at(ctx, -1, "readLine");
  about_to_block();
  UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | (source.timeout_ms >= 0 ? O_NONBLOCK : 0)));
  struct stat status;
  int error = file && fstat(file.get(), &status) == 0 ? 0 : errno;
  if (error == 0 && S_ISDIR(status.st_mode)) error = EISDIR;
  if (error != 0) throw_error(ctx, "readLine: error opening '%s': %s", path.c_str(), errno_text(error).c_str());
  source.file = std::make_unique<FileHandle>(std::move(file));
  source.handle = source.file.get();
}

void open_line_source(duk_context* ctx, LineSource& source) {
  if (is_text(ctx, 0)) {
    duk_dup(ctx, 0);
    open_lines(ctx, source);
  } else if (file_handle_at(ctx, 0)) {
    source.handle = &require_file_handle(ctx, 0, "readLine");
  } else if (is_options(ctx, 0) && push_option(ctx, 0, "file")) {
    open_lines(ctx, source);
  } else if (is_options(ctx, 0) && push_option(ctx, 0, "data")) {
    std::string scratch;
    source.data = data_at(ctx, -1, scratch, "readLine: data must be a String or Buffer");
  } else {
    throw_error(ctx, "readLine: a file name, a file handle or {data: ...} is required");
  }
}

}  // namespace

// readLine(file[, timeout_ms])
duk_ret_t utils_read_line(duk_context* ctx) {
  duk_set_top(ctx, 2);
  auto source = std::make_unique<LineSource>();
  if (duk_is_number(ctx, 1)) source->timeout_ms = duk_get_int(ctx, 1);
  open_line_source(ctx, *source);
  duk_push_object(ctx);
  duk_push_c_function(ctx, guarded<next_line>, 0);
  source->owner = duk_get_heapptr(ctx, -1);
  duk_push_pointer(ctx, source.get());
  duk_put_prop_string(ctx, -2, kSourceKey);
  duk_push_c_function(ctx, finalize_lines, 1);
  duk_set_finalizer(ctx, -2);
  source.release();
  // The handle must live as long as the reader.
  duk_dup(ctx, 0);
  duk_put_prop_string(ctx, -2, DUK_HIDDEN_SYMBOL("from"));
  duk_put_prop_string(ctx, -2, "next");
  return 1;
}

void put_file_read_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"readFile", guarded<utils_read_file>},
      {"readLine", guarded<utils_read_line>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
