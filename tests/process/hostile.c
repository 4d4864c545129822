/* A script module that does everything a worker must not survive, or must survive. Compiled by the tests (conftest.py)
   and loaded by require("./hostile.so") inside workers of the server under test; nothing else uses it. */
#define _GNU_SOURCE
#include <duktape.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- deaths */

static duk_ret_t segv(duk_context* js) {
  (void)js;
  *(volatile int*)8 = 1;
  return 0;
}

static duk_ret_t call_abort(duk_context* js) {
  (void)js;
  abort();
}

static duk_ret_t call_exit(duk_context* js) { exit(duk_get_int(js, 0)); }

static duk_ret_t quick_exit_now(duk_context* js) { _exit(duk_get_int(js, 0)); }

static duk_ret_t send_signal(duk_context* js) {
  kill(duk_get_int(js, 0), duk_get_int(js, 1));
  return 0;
}

/* Depth-first, never ending; the address of a local keeps the compiler from making a loop of it. */
static int descend(volatile char* above) {
  volatile char here[4096];
  here[0] = above[0];
  return descend(here) + here[1];
}

static duk_ret_t overflow_stack(duk_context* js) {
  volatile char top[1] = {1};
  duk_push_int(js, descend(top));
  return 1;
}

/* ---- greed */

static duk_ret_t fork_bomb(duk_context* js) {
  (void)js;
  for (;;) fork();
  return 0;
}

/* Children that only wait, up to `most` of them; returns how many could be had. */
static duk_ret_t fork_sleepers(duk_context* js) {
  int most = duk_get_int(js, 0), made = 0;
  for (; made < most; ++made) {
    pid_t pid = fork();
    if (pid < 0) break;
    if (pid == 0)
      for (;;) pause();
  }
  duk_push_int(js, made);
  return 1;
}

/* Takes memory until there is no more, and then behaves as careless C code does. */
static duk_ret_t exhaust_memory(duk_context* js) {
  (void)js;
  for (;;) {
    char* block = malloc(1 << 20);
    memset(block, 1, 1 << 20);
  }
  return 0;
}

static duk_ret_t spin(duk_context* js) {
  uint64_t end = monotonic_ns() + (uint64_t)(duk_get_number(js, 0) * 1e9);
  while (monotonic_ns() < end) {
  }
  return 0;
}

static duk_ret_t block_signals_and_spin(duk_context* js) {
  (void)js;
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  for (int number = 1; number < 65; ++number) signal(number, SIG_IGN);
  for (;;) {
  }
  return 0;
}

/* ---- descriptors and the channel to the frontend */

static duk_ret_t close_everything(duk_context* js) {
  (void)js;
  for (int fd = 0; fd < 4096; ++fd) close(fd);
  return 0;
}

static int is_socket(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

static void send_to_all_sockets(const void* bytes, size_t size) {
  for (int fd = 3; fd < 4096; ++fd)
    if (is_socket(fd)) (void)!send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static duk_ret_t send_garbage(duk_context* js) {
  (void)js;
  unsigned char garbage[5000];
  for (size_t i = 0; i < sizeof garbage; ++i) garbage[i] = (unsigned char)(i * 37 + 11);
  send_to_all_sockets(garbage, sizeof garbage);
  return 0;
}

/* The header of ipc/PROTOCOL.md: payload bytes, type, flags, slot, stream. */
static duk_ret_t send_frame_header(duk_context* js) {
  unsigned char header[16] = {0};
  uint32_t size = duk_to_uint32(js, 0);
  memcpy(header, &size, 4);
  header[4] = (unsigned char)duk_to_int(js, 1);
  header[8] = 77;
  send_to_all_sockets(header, sizeof header);
  return 0;
}

/* Many descriptors that belong to no frame. */
static duk_ret_t send_descriptors(duk_context* js) {
  (void)js;
  enum { kCount = 200 };
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(kCount * sizeof(int))];
  } control;
  memset(&control, 0, sizeof control);
  char byte = 0;
  struct iovec piece = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN(kCount * sizeof(int));
  int null = open("/dev/null", O_RDONLY);
  int* fds = (int*)CMSG_DATA(&control.header);
  for (int i = 0; i < kCount; ++i) fds[i] = null;
  for (int fd = 3; fd < null; ++fd)
    if (is_socket(fd)) (void)!sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  return 0;
}

/* Returns twice: in the worker and in a copy of it. */
static duk_ret_t fork_once(duk_context* js) {
  duk_push_int(js, fork());
  return 1;
}

/* A child that only waits, as a script would leave behind. */
static duk_ret_t leave_child(duk_context* js) {
  pid_t child = fork();
  if (child == 0)
    for (;;) pause();
  duk_push_int(js, child);
  return 1;
}

/* ---- what a worker may not reach; errno, or 0 when it could */

static duk_ret_t try_open(duk_context* js) {
  int fd = open(duk_get_string(js, 0), duk_get_boolean(js, 1) ? O_RDWR : O_RDONLY);
  duk_push_int(js, fd < 0 ? errno : 0);
  if (fd >= 0) close(fd);
  return 1;
}

static duk_ret_t try_ptrace(duk_context* js) {
  pid_t target = duk_get_int(js, 0);
  long failed = ptrace(PTRACE_SEIZE, target, NULL, NULL);
  duk_push_int(js, failed < 0 ? errno : 0);
  if (failed == 0) ptrace(PTRACE_DETACH, target, NULL, NULL);
  return 1;
}

static duk_ret_t try_become_root(duk_context* js) {
  duk_push_int(js, setuid(0) < 0 ? errno : 0);
  return 1;
}

/* ---- the counter file: count(path, line) appends the line with one write(), without the server's knowledge */

static duk_ret_t count(duk_context* js) {
  static int file = -1;
  char line[256];
  if (file < 0) file = open(duk_get_string(js, 0), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  size_t length = strnlen(duk_safe_to_string(js, 1), sizeof line - 1);
  memcpy(line, duk_get_string(js, 1), length);
  line[length] = '\n';
  duk_push_boolean(js, file >= 0 && write(file, line, length + 1) == (ssize_t)length + 1);
  return 1;
}

static const duk_function_list_entry functions[] = {
    {"segv", segv, 0},
    {"abort", call_abort, 0},
    {"exit", call_exit, 1},
    {"_exit", quick_exit_now, 1},
    {"kill", send_signal, 2},
    {"overflowStack", overflow_stack, 0},
    {"forkBomb", fork_bomb, 0},
    {"forkSleepers", fork_sleepers, 1},
    {"exhaustMemory", exhaust_memory, 0},
    {"spin", spin, 1},
    {"blockSignalsAndSpin", block_signals_and_spin, 0},
    {"closeEverything", close_everything, 0},
    {"sendGarbage", send_garbage, 0},
    {"sendFrameHeader", send_frame_header, 2},
    {"sendDescriptors", send_descriptors, 0},
    {"forkOnce", fork_once, 0},
    {"leaveChild", leave_child, 0},
    {"tryOpen", try_open, 2},
    {"tryPtrace", try_ptrace, 1},
    {"tryBecomeRoot", try_become_root, 0},
    {"count", count, 2},
    {NULL, NULL, 0},
};

duk_ret_t duk_open_module(duk_context* js) {
  duk_push_object(js);
  duk_put_function_list(js, -1, functions);
  return 1;
}
