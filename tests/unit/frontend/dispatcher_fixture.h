// A loop of the frontend with everything in it, and a test around it: clients on real sockets in front, fake workers
// behind (fake_zygote.h). For the tests of the dispatcher. Not for: what HTTP does with a request; the client here
// reads just enough to know which answer it got.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/loop.h"
#include "ipc/reply_frame.h"
#include "ipc/request_frame.h"
#include "tests/unit/frontend/fake_zygote.h"

namespace ravelin::frontend {

struct Answer {
  int status = 0;  // 0: the connection closed without one
  std::string head;
  std::string body;
};

class Client {
 public:
  explicit Client(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    timeval patience{kTestPatienceMs / 1000, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  void get(const std::string& path) { send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"); }
  void post(const std::string& path, const std::string& body) {
    send("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  void send(const std::string& bytes) {
    for (size_t done = 0; done < bytes.size();) {
      ssize_t n = ::send(socket_.get(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      ASSERT_GT(n, 0);
      done += static_cast<size_t>(n);
    }
  }
  // The next answer: a head and Content-Length bytes.
  Answer answer() {
    Answer answer;
    size_t end;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos)
      if (!read_more()) return answer;
    answer.head = input_.substr(0, end + 2);
    input_.erase(0, end + 4);
    answer.status = std::stoi(answer.head.substr(answer.head.find(' ') + 1));
    size_t length_at = answer.head.find("Content-Length: ");
    size_t length = length_at == std::string::npos ? 0 : std::stoul(answer.head.substr(length_at + 16));
    while (input_.size() < length)
      if (!read_more()) break;
    answer.body = input_.substr(0, length);
    input_.erase(0, answer.body.size());
    return answer;
  }
  // Everything up to and with `end`, for replies without a length; less when the connection ends before.
  std::string until(std::string_view end) {
    size_t at;
    while ((at = input_.find(end)) == std::string::npos)
      if (!read_more()) return std::exchange(input_, {});
    std::string taken = input_.substr(0, at + end.size());
    input_.erase(0, taken.size());
    return taken;
  }
  // The client has finished sending, which may be the end of its interest or not.
  void close() { socket_.reset(); }
  // It sends no more, and still reads.
  void finish() { shutdown(socket_.get(), SHUT_WR); }
  // The client has gone for sure: a reset.
  void abort() {
    linger at_once{1, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket_.reset();
  }

 private:
  bool read_more() {
    char bytes[16384];
    ssize_t n = recv(socket_.get(), bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    input_.append(bytes, static_cast<size_t>(n));
    return true;
  }
  UniqueFd socket_;
  std::string input_;
};

// A request as it lies before a worker.
struct Taken {
  uint16_t slot = 0;
  uint64_t stream = 0;
  std::string path;
  std::string body;
  UniqueFd body_file;
};

inline Taken take_request(FakeWorker& worker) {
  Taken taken;
  ipc::Frame frame;
  if (!worker.channel().receive(frame) || frame.type != ipc::FrameType::kRequest) {
    ADD_FAILURE() << "no Request came";
    return taken;
  }
  auto fields = ipc::decode_request(frame.payload, static_cast<bool>(frame.descriptor));
  EXPECT_TRUE(fields);
  taken.slot = frame.slot;
  taken.stream = frame.stream;
  taken.path = fields.value().path;
  taken.body = fields.value().inline_body;
  taken.body_file = std::move(frame.descriptor);
  return taken;
}

inline uint32_t claim_index(const Taken& taken) { return ipc::ClaimPage::index(0, taken.slot); }
inline bool begin(FakeWorker& worker, const Taken& taken) {
  return worker.claims.begin(claim_index(taken), taken.stream);
}
inline bool is_still_queued(const FakeWorker& worker, const Taken& taken) {
  return !worker.claims.has_begun(claim_index(taken), taken.stream);
}

inline void send_frame(FakeWorker& worker, ipc::FrameType type, const Taken& about, std::string_view payload,
                       UniqueFd descriptor = UniqueFd()) {
  ipc::Channel& channel = worker.channel().channel();
  ipc::FrameWriter frame(channel.out(), type, about.slot, about.stream, descriptor ? ipc::kFlagDescriptor : uint8_t{0});
  frame.payload().append(payload);
  frame.finish();
  if (descriptor) channel.attach(frame.start(), std::move(descriptor));
  channel.flush();
}

inline std::string reply_payload(const std::string& body) {
  ipc::ReplyFields fields;
  fields.inline_body = body;
  std::string payload;
  ipc::encode_reply(payload, fields, false);
  return payload;
}

inline void reply(FakeWorker& worker, const Taken& taken, const std::string& body) {
  send_frame(worker, ipc::FrameType::kReply, taken, reply_payload(body));
}
inline void drop(FakeWorker& worker, const Taken& taken) { send_frame(worker, ipc::FrameType::kDropped, taken, {}); }

inline UniqueFd listen_on_loopback(uint16_t& port) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(listen(socket.get(), 128), 0);
  EXPECT_EQ(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  port = ntohs(address.sin_port);
  return socket;
}

// One loop, its workers and one function for every path. `adjust` changes the configuration before the start.
struct Site {
  explicit Site(uint32_t workers, const std::function<void(ipc::ServerConfig&)>& adjust = {})
      : config(make_config(workers, adjust)),
        router(std::move(Router::build(config.routes, true).value())),
        table(workers),
        loop(std::make_unique<Loop>(config, router, table, 0)) {
    life = std::make_unique<WorkerLife>(loop->events(), config, table, std::vector<LoopWorkers*>{loop.get()});
    loop->set_life(life.get(), &loop->events());
    loop->add_listener(listen_on_loopback(port), {"unit test", 0, false});
    life->set_zygote(zygote.take_near_end());
    thread = std::make_unique<LoopThread>(loop->events(), [this] { loop->run(); });
  }
  ~Site() {
    thread.reset();
    life.reset();
    loop.reset();
  }

  static ipc::ServerConfig make_config(uint32_t workers, const std::function<void(ipc::ServerConfig&)>& adjust) {
    ipc::ServerConfig config;
    config.workers = workers;
    config.spool_directory = "/tmp";
    config.routes = {{ipc::RouteKind::kFunction, ipc::MatchKind::kPrefix, "/", "/", {}, 0}};
    if (adjust) adjust(config);
    return config;
  }
  // Everything that was sent before has been read and answered to when this returns.
  void settle() {
    for (int i = 0; i < 3; ++i) thread->call([] {});
  }
  std::vector<std::unique_ptr<Client>> connect(size_t count) {
    std::vector<std::unique_ptr<Client>> clients;
    for (size_t i = 0; i < count; ++i) clients.push_back(std::make_unique<Client>(port));
    settle();
    return clients;
  }
  // Sends "GET /0", "GET /1"... so that one turn of the loop reads them all.
  void get_in_one_turn(const std::vector<std::unique_ptr<Client>>& clients) {
    thread->call([&] {
      for (size_t i = 0; i < clients.size(); ++i) clients[i]->get("/" + std::to_string(i));
    });
  }

  LogWatch log;
  ipc::ServerConfig config;
  Router router;
  WorkerTable table;
  uint16_t port = 0;
  FakeZygote zygote;
  std::unique_ptr<Loop> loop;
  std::unique_ptr<WorkerLife> life;
  std::unique_ptr<LoopThread> thread;
};

}  // namespace ravelin::frontend
