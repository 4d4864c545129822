#include "frontend/zygote_client.h"

#include "common/limits.h"
#include "common/log.h"

namespace ravelin::frontend {

void ZygoteClient::set_channel(UniqueFd socket) {
  readable_.reset();
  writable_.reset();
  retry_.reset();
  channel_ = std::make_unique<ipc::Channel>(std::move(socket), ipc::Role::kZygote);
  readable_ = loop_.make_event(channel_->fd(), EV_READ | EV_PERSIST, on_event, this);
  writable_ = loop_.make_event(channel_->fd(), EV_WRITE, on_event, this);
  retry_ = loop_.make_event(-1, 0, on_event, this);
  event_add(readable_.get(), nullptr);
}

void ZygoteClient::spawn(uint32_t slot, uint32_t generation, std::vector<UniqueFd> descriptors) {
  if (channel_ == nullptr) return;  // on_zygote_lost has been told; the slots are spawned again with the next zygote
  auto loops = static_cast<uint32_t>(descriptors.size() - 1);
  for (UniqueFd& descriptor : descriptors) channel_->send(ipc::FrameType::kSpawnDescriptor, {}, std::move(descriptor));
  channel_->send(ipc::FrameType::kSpawn, ipc::encode(ipc::Spawn{slot, generation, loops}));
  flush();
}

void ZygoteClient::on_event(int, short what, void* self) {
  auto* client = static_cast<ZygoteClient*>(self);
  if ((what & (EV_WRITE | EV_TIMEOUT)) != 0) client->flush();
  if ((what & EV_READ) != 0 && client->channel_ != nullptr) client->receive();
}

void ZygoteClient::flush() {
  switch (channel_->flush()) {
    case ipc::Channel::Io::kDone:
      return;
    case ipc::Channel::Io::kBlocked:
      if (channel_->is_starved()) {
        arm_timer(retry_.get(), limits::kStarvedRetryMs);
      } else {
        event_add(writable_.get(), nullptr);
      }
      return;
    default:
      lose("the channel to the zygote broke");
  }
}

void ZygoteClient::receive() {
  ipc::Channel::Io io = channel_->receive();
  if (io == ipc::Channel::Io::kBlocked) return;
  ipc::Frame frame;
  while (channel_ != nullptr) {
    switch (channel_->next(frame)) {
      case ipc::FrameDecoder::Next::kFrame:
        handle(frame);
        continue;
      case ipc::FrameDecoder::Next::kMalformed:
        lose(channel_->fault());
        return;
      case ipc::FrameDecoder::Next::kNeedMore:
        break;
    }
    break;
  }
  if (channel_ != nullptr && io != ipc::Channel::Io::kDone) lose("the zygote has ended");
}

void ZygoteClient::handle(ipc::Frame& frame) {
  switch (frame.type) {
    case ipc::FrameType::kSpawned:
      listener_.on_spawned(ipc::decode_spawned(frame.payload), std::move(frame.descriptor));
      return;
    case ipc::FrameType::kSpawnFailed:
      listener_.on_spawn_failed(ipc::decode_spawn_failed(frame.payload));
      return;
    case ipc::FrameType::kExited:
      listener_.on_exited(ipc::decode_exited(frame.payload));
      return;
    default:
      lose("the zygote sent a frame that it may not send");
  }
}

void ZygoteClient::lose(const char* why) {
  logf("warning: %s; waiting for a new zygote, the workers go on", why);
  readable_.reset();
  writable_.reset();
  retry_.reset();
  channel_.reset();
  listener_.on_zygote_lost();
}

}  // namespace ravelin::frontend
