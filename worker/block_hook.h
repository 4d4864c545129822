// Before native code does something that may block (sleep, exec, files, databases, network, a write to a pipe), it
// calls about_to_block(), and the worker flushes the replies it has finished: a fast reply never waits for a slow
// neighbour of the same batch (DESIGN.md 2.3). Not for: interrupting script (JsHeap::set_interrupt_hook). Main thread
// of any process that runs script; without a hook, as in the launcher, it costs one load.
#pragma once

namespace ravelin::worker {

// Replaces the hook; null removes it. `hook` must not run script and must not throw.
void set_block_hook(void (*hook)(void*), void* argument);

void about_to_block();

}  // namespace ravelin::worker
