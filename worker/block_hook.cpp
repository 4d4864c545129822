#include "worker/block_hook.h"

namespace ravelin::worker {

namespace {
void (*block_hook)(void*) = nullptr;
void* block_argument = nullptr;
}  // namespace

void set_block_hook(void (*hook)(void*), void* argument) {
  block_hook = hook;
  block_argument = argument;
}

void about_to_block() {
  if (block_hook) block_hook(block_argument);
}

}  // namespace ravelin::worker
