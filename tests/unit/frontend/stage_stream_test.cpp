// Deferred requests and streamed replies as the frontend sees them, with workers that tell the truth and others.
#include <gtest/gtest.h>

#include "common/sys.h"
#include "ipc/chunk_frame.h"
#include "tests/unit/frontend/dispatcher_fixture.h"

namespace ravelin::frontend {

struct DispatcherTestAccess {
  static void fill_streams(Dispatcher& dispatcher) {
    for (uint64_t i = 0; i < limits::kMaxStreams; ++i) dispatcher.links_[0].streams[~i] = nullptr;
  }
};

namespace {

using ipc::FrameType;

std::string stream_payload(const std::string& first, uint16_t flags = 0) {
  ipc::ReplyFields fields;
  fields.flags = static_cast<uint16_t>(ipc::kReplyStream | flags);
  fields.inline_body = first;
  std::string payload;
  ipc::encode_reply(payload, fields, false);
  return payload;
}

std::string chunk_payload(const std::string& bytes, uint64_t file_bytes = 0) {
  std::string payload;
  ipc::encode_chunk(payload, {bytes, 0, file_bytes});
  return payload;
}

Taken late(const Taken& taken) { return {ipc::kNoSlot, taken.stream, {}, {}, {}}; }

void expect_frame(FakeWorker& worker, FrameType type, const Taken& about) {
  ipc::Frame frame;
  ASSERT_TRUE(worker.channel().receive(frame));
  EXPECT_EQ(frame.type, type);
  EXPECT_EQ(frame.stream, about.stream);
}

struct StreamSite : Site {
  explicit StreamSite(const std::function<void(ipc::ServerConfig&)>& adjust = {})
      : Site(1, adjust), worker(zygote.take_ready_worker()) {}

  Taken take(Client& client, const std::string& path = "/") {
    client.get(path);
    Taken taken = take_request(*worker);
    EXPECT_TRUE(begin(*worker, taken));
    return taken;
  }
  Taken deferred(Client& client) {
    Taken taken = take(client);
    send_frame(*worker, FrameType::kDeferred, taken, {});
    return taken;
  }
  Taken streamed(Client& client, const std::string& first = "") {
    Taken taken = take(client);
    send_frame(*worker, FrameType::kReply, taken, stream_payload(first));
    expect_frame(*worker, FrameType::kChunkReady, taken);
    return taken;
  }
  void expect_killed(const char* why) {
    zygote.report_exit(*worker);
    EXPECT_TRUE(log.waits_for(std::string("was killed: it broke the protocol \\(") + why)) << log.text();
  }

  std::unique_ptr<FakeWorker> worker;
};

TEST(Stream, ADeferredRequestLeavesItsSlot) {
  StreamSite site;
  Client client(site.port);
  Client other(site.port);
  Taken taken = site.deferred(client);
  Taken second = site.take(other);
  EXPECT_EQ(second.slot, taken.slot) << "the slot serves others";
  EXPECT_EQ(site.table.outstanding[0], 1u);
  reply(*site.worker, second, "second");
  EXPECT_EQ(other.answer().body, "second");
  send_frame(*site.worker, FrameType::kReply, late(taken), reply_payload("first"));
  EXPECT_EQ(client.answer().body, "first");
  client.get("/again");
  Taken again = take_request(*site.worker);
  ASSERT_TRUE(begin(*site.worker, again));
  reply(*site.worker, again, "usable");
  EXPECT_EQ(client.answer().body, "usable");
}

TEST(Stream, MoreDeferredRequestsThanTheWindowHasSlots) {
  StreamSite site;
  std::vector<std::unique_ptr<Client>> clients = site.connect(3 * limits::kWindow);
  std::vector<Taken> taken;
  for (auto& client : clients) taken.push_back(site.deferred(*client));
  for (size_t i = taken.size(); i-- > 0;)
    send_frame(*site.worker, FrameType::kReply, late(taken[i]), reply_payload(std::to_string(i)));
  for (size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(clients[i]->answer().body, std::to_string(i));
}

TEST(Stream, PiecesArePulled) {
  StreamSite site;
  Client client(site.port);
  Taken taken = site.streamed(client, "first");
  send_frame(*site.worker, FrameType::kChunk, taken, chunk_payload("second"));
  expect_frame(*site.worker, FrameType::kChunkReady, taken);
  auto file = make_memfd("piece", 0, false);
  ASSERT_TRUE(file);
  ASSERT_EQ(write(file.value().get(), "of a file", 9), 9);
  send_frame(*site.worker, FrameType::kChunk, taken, chunk_payload("piece ", 9), std::move(file.value()));
  expect_frame(*site.worker, FrameType::kChunkReady, taken);
  send_frame(*site.worker, FrameType::kEnd, taken, {});
  client.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
  Taken next = take_request(*site.worker);
  ASSERT_TRUE(begin(*site.worker, next));
  reply(*site.worker, next, "next");
  Answer head = client.answer();
  EXPECT_NE(head.head.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(head.head.find("Content-Length"), std::string::npos);
  EXPECT_EQ(client.until("0\r\n\r\n"), "5\r\nfirst\r\n6\r\nsecond\r\nf\r\npiece of a file\r\n0\r\n\r\n");
  EXPECT_EQ(client.answer().body, "next");
}

TEST(Stream, TheWorkerHearsWhenTheClientHasGone) {
  StreamSite site;
  Client deferred(site.port), streamed(site.port), other(site.port);
  Taken first = site.deferred(deferred);
  Taken second = site.streamed(streamed);
  deferred.abort();
  expect_frame(*site.worker, FrameType::kAbort, first);
  streamed.abort();
  expect_frame(*site.worker, FrameType::kAbort, second);
  // What it sent before it heard is no lie, up to its last word.
  send_frame(*site.worker, FrameType::kReply, late(first), reply_payload("nobody hears"));
  send_frame(*site.worker, FrameType::kChunk, second, chunk_payload("this neither"));
  send_frame(*site.worker, FrameType::kAbort, second, {});
  Taken third = site.take(other);
  reply(*site.worker, third, "fine");
  EXPECT_EQ(other.answer().body, "fine");
}

TEST(Stream, AClientThatLeavesBeforeDeferred) {
  StreamSite site;
  Client client(site.port), other(site.port);
  Taken first = site.take(client);
  client.abort();
  site.settle();
  send_frame(*site.worker, FrameType::kDeferred, first, {});
  expect_frame(*site.worker, FrameType::kAbort, first);
  send_frame(*site.worker, FrameType::kAbort, first, {});
  Taken second = site.take(other);
  reply(*site.worker, second, "fine");
  EXPECT_EQ(other.answer().body, "fine");
}

TEST(Stream, AnAbortOfTheWorkerCutsTheConnection) {
  StreamSite site;
  Client streamed(site.port), deferred(site.port);
  Taken first = site.streamed(streamed, "half");
  send_frame(*site.worker, FrameType::kAbort, first, {});
  EXPECT_EQ(streamed.answer().status, 200);
  EXPECT_EQ(streamed.answer().status, 0) << "closed, without a last chunk";
  Taken second = site.deferred(deferred);
  send_frame(*site.worker, FrameType::kAbort, second, {});
  EXPECT_EQ(deferred.answer().status, 502);
}

TEST(Stream, TheDeathOfTheWorkerEndsThem) {
  StreamSite site;
  Client deferred(site.port), streamed(site.port);
  site.deferred(deferred);
  site.streamed(streamed, "half");
  site.settle();
  site.worker->process->send(SIGKILL);
  site.zygote.report_exit(*site.worker);
  EXPECT_EQ(deferred.answer().status, 502);
  EXPECT_EQ(streamed.answer().status, 200);
  EXPECT_EQ(streamed.answer().status, 0);
}

TEST(Stream, ScriptTimeoutOfADeferredRequest) {
  StreamSite site([](ipc::ServerConfig& config) { config.script_timeout_ms = 100; });
  Client client(site.port);
  Taken taken = site.deferred(client);
  expect_frame(*site.worker, FrameType::kAbort, taken);
  EXPECT_EQ(client.answer().status, 500);
  send_frame(*site.worker, FrameType::kAbort, taken, {});
  Taken again = site.take(client);
  reply(*site.worker, again, "alive");
  EXPECT_EQ(client.answer().body, "alive");
}

TEST(Stream, LiesAreFatal) {
  struct Lie {
    const char* what;
    std::function<void(StreamSite&, Client&)> tell;
  } lies[] = {
      {"Chunk that nobody asked for",
       [](StreamSite& site, Client& client) {
         Taken taken = site.deferred(client);
         send_frame(*site.worker, FrameType::kChunk, taken, chunk_payload("piece"));
       }},
      {"Chunk of no stream",
       [](StreamSite& site, Client& client) {
         Taken taken = site.take(client);
         send_frame(*site.worker, FrameType::kChunk, taken, chunk_payload("x"));
       }},
      {"Chunk that does not decode",
       [](StreamSite& site, Client& client) {
         Taken taken = site.streamed(client);
         send_frame(*site.worker, FrameType::kChunk, taken, chunk_payload(""));
       }},
      {"Deferred for no request",
       [](StreamSite& site, Client& client) {
         Taken taken = site.deferred(client);
         send_frame(*site.worker, FrameType::kDeferred, taken, {});
       }},
      {"Deferred for a request that it had not begun",
       [](StreamSite& site, Client& client) {
         client.get("/");
         Taken taken = take_request(*site.worker);
         send_frame(*site.worker, FrameType::kDeferred, taken, {});
       }},
      {"Reply to no request",
       [](StreamSite& site, Client& client) {
         Taken taken = site.deferred(client);
         send_frame(*site.worker, FrameType::kReply, late(taken), reply_payload("one"));
         send_frame(*site.worker, FrameType::kReply, late(taken), reply_payload("two"));
       }},
      {"second Reply to a request",
       [](StreamSite& site, Client& client) {
         Taken taken = site.streamed(client);
         send_frame(*site.worker, FrameType::kReply, late(taken), reply_payload("again"));
       }},
      {"End of a reply that had not begun",
       [](StreamSite& site, Client& client) {
         Taken taken = site.deferred(client);
         send_frame(*site.worker, FrameType::kEnd, taken, {});
       }},
      {"end of no stream",
       [](StreamSite& site, Client& client) {
         Taken taken = site.streamed(client);
         send_frame(*site.worker, FrameType::kEnd, taken, {});
         send_frame(*site.worker, FrameType::kEnd, taken, {});
       }},
  };
  for (Lie& lie : lies) {
    SCOPED_TRACE(lie.what);
    StreamSite site;
    ASSERT_TRUE(site.worker);
    Client client(site.port);
    lie.tell(site, client);
    site.expect_killed(lie.what);
  }
}

TEST(Stream, ARequestBeyondTheMostStreamsIsAnsweredWhenTheWorkerIsDead) {
  for (bool is_deferred : {true, false}) {
    StreamSite site;
    Client client(site.port);
    Taken taken = site.take(client);
    site.thread->call([&] { DispatcherTestAccess::fill_streams(site.loop->dispatcher()); });
    if (is_deferred) {
      send_frame(*site.worker, FrameType::kDeferred, taken, {});
    } else {
      send_frame(*site.worker, FrameType::kReply, taken, stream_payload("first"));
    }
    site.expect_killed("too many open streams");
    EXPECT_EQ(client.answer().status, 502);
  }
}

TEST(Stream, PiecesDoNotHoldUpTheRequestsBehindThem) {
  Site site(2);
  auto busy = site.zygote.take_ready_worker(), other = site.zygote.take_spawn();
  ASSERT_TRUE(busy && other);
  Client gone(site.port), waiting(site.port);
  gone.get("/");
  Taken taken = take_request(*busy);
  ASSERT_TRUE(begin(*busy, taken));
  send_frame(*busy, FrameType::kReply, taken, stream_payload("first"));
  expect_frame(*busy, FrameType::kChunkReady, taken);
  gone.abort();
  expect_frame(*busy, FrameType::kAbort, taken);
  waiting.get("/waits");
  ASSERT_EQ(take_request(*busy).path, "/waits");
  site.zygote.announce(*other);
  other->say_hello();
  ipc::Frame frame;
  bool has_come = false;
  for (int i = 0; i < 2000 && !has_come; ++i) {
    send_frame(*busy, FrameType::kChunk, taken, chunk_payload("piece"));
    has_come = other->channel().receive(frame, 1);
  }
  ASSERT_TRUE(has_come) << "nobody took the request back";
  EXPECT_EQ(frame.type, FrameType::kRequest);
}

TEST(Stream, AClientThatDoesNotReadIsNotPulledFor) {
  StreamSite site;
  Client client(site.port);
  Taken taken = site.streamed(client);
  std::string piece = chunk_payload(std::string(limits::kMaxInlineBody, 'x'));
  ipc::Frame frame;
  size_t pieces = 0;
  do {
    send_frame(*site.worker, FrameType::kChunk, taken, piece);
    ++pieces;
  } while (pieces < 1000 && site.worker->channel().receive(frame, 300));
  EXPECT_LT(pieces, 1000u);
  send_frame(*site.worker, FrameType::kChunk, taken, piece);
  site.expect_killed("Chunk that nobody asked for");
}

TEST(Stream, APieceFromAFileThatIsTooShortCutsTheConnection) {
  StreamSite site;
  Client client(site.port);
  Taken taken = site.streamed(client);
  auto file = make_memfd("piece", 5, true);
  ASSERT_TRUE(file);
  send_frame(*site.worker, FrameType::kChunk, taken, chunk_payload("", 6), std::move(file.value()));
  expect_frame(*site.worker, FrameType::kAbort, taken);
  EXPECT_EQ(client.answer().status, 200);
  EXPECT_EQ(client.answer().status, 0);
}

}  // namespace
}  // namespace ravelin::frontend
