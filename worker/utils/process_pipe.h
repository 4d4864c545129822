// newPipe (runtime-api 7.8): a channel of values between a process and the child that fork() or daemon() makes, both
// ways. Until then what is written is what is read. Not for: workers of a server (rampart.event), programs (exec).
// Launcher and workers, main thread. A pipe is known by its number; its descriptors live in a table of the process.
#pragma once

#include <duktape.h>

#include <cstdint>
#include <vector>

namespace ravelin::worker {

// Adds the function newPipe to the object on top of the stack.
void put_pipe_function(duk_context* ctx);

// The pipes among the arguments of the current call, which must all be pipes that no child has yet; throws with the
// name of the function.
std::vector<uint32_t> pipes_for_child(duk_context* ctx, const char* function);

// The descriptors that a child with these pipes needs, ascending.
std::vector<int> child_ends(const std::vector<uint32_t>& pipes);

// After the fork, in each of the two processes.
void leave_to_child(const std::vector<uint32_t>& pipes);
void take_from_parent(const std::vector<uint32_t>& pipes);

}  // namespace ravelin::worker
