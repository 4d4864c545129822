// What a worker's peers could send it as events: the payloads of the event frames, and the data, which comes from
// another worker and is not looked at by the frontend. The first byte chooses.
#include <stdint.h>

#include <string_view>

#include "ipc/event_frames.h"
#include "worker/event_data.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace ravelin;
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  switch (bytes[0] % 6) {
    case 0:
      ipc::decode_event_on(input);
      return 0;
    case 1:
      ipc::decode_event_off(input);
      return 0;
    case 2:
      ipc::decode_event_remove(input);
      return 0;
    case 3:
      ipc::decode_event_message(input, false);
      return 0;
    case 4:
      ipc::decode_event_message(input, true);
      return 0;
    default:
      break;
  }
  static worker::JsHeap heap;
  // What can be read is written again, and must be readable again.
  const bool ok = worker::run_protected(heap.js(), [&](duk_context* js) {
    worker::push_event_data(js, input);
    const std::string again = worker::encode_event_data(js, -1);
    worker::push_event_data(js, again);
  });
  if (!ok) duk_pop(heap.js());
  return 0;
}
