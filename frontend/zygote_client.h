// The frontend's end of the channel to the zygote: asks for workers, hears of their births and deaths.
// Not for: deciding when to spawn (worker_life.h). Main thread only.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "frontend/event_loop.h"
#include "ipc/channel.h"
#include "ipc/control_frames.h"

namespace ravelin::frontend {

class ZygoteClient {
 public:
  struct Listener {
    virtual ~Listener() = default;
    virtual void on_spawned(const ipc::Spawned& spawned, UniqueFd pidfd) = 0;
    virtual void on_spawn_failed(const ipc::SpawnFailed& failed) = 0;
    virtual void on_exited(const ipc::Exited& exited) = 0;
    // The zygote is gone or sent garbage; the client is unusable until set_channel(). The launcher will send a new one.
    virtual void on_zygote_lost() = 0;
  };

  ZygoteClient(EventLoop& loop, Listener& listener) : loop_(loop), listener_(listener) {}

  // Uses a new zygote from now on.
  void set_channel(UniqueFd socket);
  bool connected() const { return channel_ != nullptr; }

  // Asks for a worker. `descriptors`: the claim page, then one channel end per loop.
  void spawn(uint32_t slot, uint32_t generation, std::vector<UniqueFd> descriptors);

 private:
  static void on_event(int, short what, void* self);
  void receive();
  void flush();
  void lose(const char* why);
  void handle(ipc::Frame& frame);

  EventLoop& loop_;
  Listener& listener_;
  std::unique_ptr<ipc::Channel> channel_;
  EventPtr readable_;
  EventPtr writable_;
  EventPtr retry_;  // when the channel is starved
};

}  // namespace ravelin::frontend
