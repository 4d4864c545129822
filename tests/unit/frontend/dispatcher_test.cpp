#include "frontend/dispatcher.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <set>

#include "tests/unit/frontend/dispatcher_fixture.h"

namespace ravelin::frontend {
namespace {

using ipc::FrameType;

bool was_killed(int wait_status) { return WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL; }

TEST(Dispatcher, GivesARequestToTheWorkerAndItsReplyToTheClient) {
  Site site(1);
  auto worker = site.zygote.take_ready_worker();
  ASSERT_TRUE(worker);
  Client client(site.port);
  for (int i = 0; i < 3; ++i) {
    client.post("/path", "posted " + std::to_string(i));
    Taken taken = take_request(*worker);
    EXPECT_EQ(taken.path, "/path");
    EXPECT_EQ(taken.body, "posted " + std::to_string(i));
    EXPECT_EQ(site.table.outstanding[0], 1u);
    ASSERT_TRUE(begin(*worker, taken));
    reply(*worker, taken, "answer " + std::to_string(i));
    Answer answer = client.answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "answer " + std::to_string(i));
  }
  site.settle();
  EXPECT_EQ(site.table.outstanding[0], 0u);
}

TEST(Dispatcher, LargeBodiesTravelAsFilesBothWays) {
  Site site(1);
  auto worker = site.zygote.take_ready_worker();
  ASSERT_TRUE(worker);
  Client client(site.port);
  std::string body(3 * limits::kBodyMemoryBytes, 'u');
  client.post("/upload", body);
  Taken taken = take_request(*worker);
  EXPECT_EQ(taken.body, "");
  ASSERT_TRUE(taken.body_file);
  std::string arrived(body.size() + 1, '\0');
  EXPECT_EQ(pread(taken.body_file.get(), arrived.data(), arrived.size(), 0), static_cast<ssize_t>(body.size()));
  arrived.pop_back();
  EXPECT_EQ(arrived, body);
  ASSERT_TRUE(begin(*worker, taken));

  auto file = make_memfd("reply", 0, false);
  ASSERT_TRUE(file);
  ASSERT_EQ(write(file.value().get(), "skipped, sent", 13), 13);
  ipc::ReplyFields fields;
  fields.body_offset = 9;
  fields.body_bytes = 4;
  std::string payload;
  ipc::encode_reply(payload, fields, true);
  send_frame(*worker, FrameType::kReply, taken, payload, std::move(file.value()));
  EXPECT_EQ(client.answer().body, "sent");
}

TEST(Dispatcher, AReplyFileThatIsTooShortIsABadGateway) {
  Site site(1);
  auto worker = site.zygote.take_ready_worker();
  ASSERT_TRUE(worker);
  Client client(site.port);
  client.get("/");
  Taken taken = take_request(*worker);
  ASSERT_TRUE(begin(*worker, taken));
  auto file = make_memfd("reply", 10, false);
  ASSERT_TRUE(file);
  ipc::ReplyFields fields;
  fields.body_offset = 1;
  fields.body_bytes = 10;
  std::string payload;
  ipc::encode_reply(payload, fields, true);
  send_frame(*worker, FrameType::kReply, taken, payload, std::move(file.value()));
  EXPECT_EQ(client.answer().status, 502);
}

TEST(Dispatcher, TheLeastBusyWorkerIsNext) {
  Site site(2);
  auto first = site.zygote.take_ready_worker(), second = site.zygote.take_ready_worker();
  ASSERT_TRUE(first && second);
  site.settle();
  auto clients = site.connect(4);
  site.get_in_one_turn(clients);
  std::set<std::string> at_first = {take_request(*first).path, take_request(*first).path};
  std::set<std::string> at_second = {take_request(*second).path, take_request(*second).path};
  EXPECT_EQ(at_first, (std::set<std::string>{"/0", "/2"}));
  EXPECT_EQ(at_second, (std::set<std::string>{"/1", "/3"}));
}

// Two requests in the window of one worker; it has begun the first, the other waits. The second worker is not up yet.
struct OneBehindTheOther {
  OneBehindTheOther() : site(2), slow(site.zygote.take_ready_worker()), other(site.zygote.take_spawn()) {
    site.zygote.announce(*other);
    site.settle();
    clients = site.connect(2);
    site.get_in_one_turn(clients);
    running = take_request(*slow);
    waiting = take_request(*slow);
    EXPECT_TRUE(begin(*slow, running));
    EXPECT_TRUE(is_still_queued(*slow, waiting)) << "nobody else could take it";
  }
  Client& client_of(const Taken& taken) { return *clients[taken.path == "/0" ? 0 : 1]; }
  // The waiting request has come to the other worker, who answers it.
  void expect_other_answers() {
    Taken again = take_request(*other);
    EXPECT_EQ(again.path, waiting.path);
    EXPECT_TRUE(begin(*other, again));
    reply(*other, again, "from the other");
    EXPECT_EQ(client_of(waiting).answer().body, "from the other");
  }

  Site site;
  std::unique_ptr<FakeWorker> slow, other;
  std::vector<std::unique_ptr<Client>> clients;
  Taken running, waiting;
};

TEST(Dispatcher, WhatWaitsBehindASlowRequestGoesToAnotherWorker) {
  OneBehindTheOther scene;
  scene.other->say_hello();
  scene.expect_other_answers();
  EXPECT_FALSE(begin(*scene.slow, scene.waiting)) << "it was taken back";
  drop(*scene.slow, scene.waiting);
  reply(*scene.slow, scene.running, "late but whole");
  EXPECT_EQ(scene.client_of(scene.running).answer().body, "late but whole");
  scene.site.settle();
  EXPECT_EQ(scene.site.table.outstanding[0], 0u);
  EXPECT_EQ(scene.site.table.outstanding[1], 0u);
}

TEST(Dispatcher, ADeadWorkersBegunRequestFailsAndTheOtherOneIsRunElsewhere) {
  OneBehindTheOther scene;
  scene.site.zygote.end_worker(*scene.slow, SIGSEGV);
  EXPECT_EQ(scene.client_of(scene.running).answer().status, 502);
  scene.other->say_hello();
  scene.expect_other_answers();
  EXPECT_TRUE(scene.site.log.waits_for("died of signal 11 \\(SIGSEGV\\) while running GET " + scene.running.path));
}

TEST(Dispatcher, WhatADeadWorkerHadAnsweredIsAnswered) {
  OneBehindTheOther scene;
  scene.site.thread->call([&] {  // the loop sees the reply and the death in the same turn
    reply(*scene.slow, scene.running, "my last words");
    scene.slow->process->send(SIGKILL);
    scene.site.zygote.report_exit(*scene.slow);
  });
  EXPECT_EQ(scene.client_of(scene.running).answer().body, "my last words");
  scene.other->say_hello();
  scene.expect_other_answers();
}

TEST(Dispatcher, ARetiringWorkerHandsBackWhatItHasNotBegun) {
  OneBehindTheOther scene;
  reply(*scene.slow, scene.running, "the last one");
  send_frame(*scene.slow, FrameType::kRetire, Taken{}, "its heap is full");
  EXPECT_EQ(scene.client_of(scene.running).answer().body, "the last one");
  scene.other->say_hello();
  scene.expect_other_answers();
  EXPECT_FALSE(begin(*scene.slow, scene.waiting));
  scene.site.zygote.end_worker(*scene.slow, SIGTERM);
  EXPECT_TRUE(scene.site.log.waits_for("worker 0 .*was retired: its heap is full"));
}

TEST(Dispatcher, ARequestWhoseClientHasGoneIsTakenBack) {
  OneBehindTheOther scene;
  scene.client_of(scene.waiting).abort();
  scene.site.settle();
  EXPECT_FALSE(begin(*scene.slow, scene.waiting));
  drop(*scene.slow, scene.waiting);
  reply(*scene.slow, scene.running, "answered");
  EXPECT_EQ(scene.client_of(scene.running).answer().body, "answered");
  scene.site.settle();
  EXPECT_EQ(scene.site.table.outstanding[0], 0u);
}

TEST(Dispatcher, AReplyWhoseClientHasGoneIsDropped) {
  for (bool by_reset : {false, true}) {
    OneBehindTheOther scene;
    Client& client = scene.client_of(scene.running);
    by_reset ? client.abort() : client.close();
    scene.site.settle();
    reply(*scene.slow, scene.running, "for nobody");
    ASSERT_TRUE(begin(*scene.slow, scene.waiting));
    reply(*scene.slow, scene.waiting, "for somebody");
    EXPECT_EQ(scene.client_of(scene.waiting).answer().body, "for somebody");
  }
}

TEST(Dispatcher, TheOnlyWorkersQueueGoesToItsSuccessor) {
  Site site(1);
  auto worker = site.zygote.take_ready_worker();
  ASSERT_TRUE(worker);
  site.settle();
  auto clients = site.connect(2);
  site.get_in_one_turn(clients);
  ASSERT_TRUE(begin(*worker, take_request(*worker)));
  ASSERT_EQ(take_request(*worker).path, "/1");
  site.thread->call([&] {
    worker->process->send(SIGSEGV);
    site.zygote.report_exit(*worker);
  });
  auto successor = site.zygote.take_ready_worker();
  ASSERT_TRUE(successor);
  EXPECT_EQ(clients[0]->answer().status, 502);
  Taken again = take_request(*successor);
  EXPECT_EQ(again.path, "/1");
  EXPECT_TRUE(begin(*successor, again));
  reply(*successor, again, "from the successor");
  EXPECT_EQ(clients[1]->answer().body, "from the successor");
}

TEST(Dispatcher, FillsAWindowAndNoMore) {
  Site site(1);
  auto worker = site.zygote.take_ready_worker();
  ASSERT_TRUE(worker);
  site.settle();
  constexpr size_t kRequests = limits::kWindow + 2;
  auto clients = site.connect(kRequests);
  site.get_in_one_turn(clients);
  std::set<uint16_t> slots;
  std::vector<Taken> window;
  for (size_t i = 0; i < limits::kWindow; ++i) {
    window.push_back(take_request(*worker));
    slots.insert(window.back().slot);
  }
  EXPECT_EQ(slots.size(), size_t{limits::kWindow});
  ipc::Frame frame;
  EXPECT_FALSE(worker->channel().receive(frame, 30)) << "the rest waits in the frontend";
  ASSERT_TRUE(begin(*worker, window[0]));
  reply(*worker, window[0], "done");
  Taken next = take_request(*worker);
  EXPECT_EQ(next.slot, window[0].slot) << "the only free one";
  EXPECT_NE(next.stream, window[0].stream);
}

// --- the queue ---

TEST(DispatcherQueue, WaitsForTheFirstWorker) {
  Site site(1);
  auto clients = site.connect(2);
  site.get_in_one_turn(clients);
  auto worker = site.zygote.take_ready_worker();
  ASSERT_TRUE(worker);
  EXPECT_EQ(take_request(*worker).path, "/0");
  EXPECT_EQ(take_request(*worker).path, "/1");
}

TEST(DispatcherQueue, ForgetsAClientThatHasGone) {
  Site site(1);
  auto clients = site.connect(2);
  site.get_in_one_turn(clients);
  clients[0]->abort();
  site.settle();
  auto worker = site.zygote.take_ready_worker();
  ASSERT_TRUE(worker);
  EXPECT_EQ(take_request(*worker).path, "/1");
}

TEST(DispatcherQueue, AnswersAClientThatHasClosedOnlyItsSide) {
  Site site(1);
  auto clients = site.connect(1);
  site.get_in_one_turn(clients);
  clients[0]->finish();
  site.settle();
  auto worker = site.zygote.take_ready_worker();
  ASSERT_TRUE(worker);
  Taken taken = take_request(*worker);
  ASSERT_TRUE(begin(*worker, taken));
  reply(*worker, taken, "heard");
  EXPECT_EQ(clients[0]->answer().body, "heard");
}

TEST(DispatcherQueue, IsBoundedInLength) {
  Site site(1, [](ipc::ServerConfig& config) { config.queue_length = 2; });
  auto clients = site.connect(3);
  site.get_in_one_turn(clients);
  Answer answer = clients[2]->answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.head.find("Retry-After: 1\r\n"), std::string::npos);
}

TEST(DispatcherQueue, IsBoundedInAge) {
  Site site(1, [](ipc::ServerConfig& config) { config.queue_age_ms = 30; });
  Client client(site.port);
  uint64_t begin_ms = monotonic_ms();
  client.get("/");
  EXPECT_EQ(client.answer().status, 503);
  EXPECT_GE(monotonic_ms() - begin_ms, 30u);
}

TEST(DispatcherQueue, IsAnsweredWhenNoWorkerCanBeMade) {
  Site site(1);
  auto clients = site.connect(2);
  clients[0]->get("/waits");
  for (uint64_t delay_ms = limits::kRespawnDelayMs; delay_ms <= 2 * limits::kShortRespawnDelayMs; delay_ms *= 2) {
    auto worker = site.zygote.take_spawn();
    ASSERT_TRUE(worker);
    site.zygote.refuse(*worker, EAGAIN);
  }
  EXPECT_EQ(clients[0]->answer().status, 503) << "the next worker is too far away";
  clients[1]->get("/comes-later");
  Answer answer = clients[1]->answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("No script worker"), std::string::npos);
}

// --- deadlines ---

TEST(DispatcherDeadline, ARequestThatRunsTooLongIsKilled) {
  Site site(1, [](ipc::ServerConfig& config) { config.script_timeout_ms = 40; });
  auto worker = site.zygote.take_ready_worker();
  ASSERT_TRUE(worker);
  Client client(site.port);
  client.get("/hangs?x=1");
  Taken taken = take_request(*worker);
  uint64_t begin_ms = monotonic_ms();
  ASSERT_TRUE(begin(*worker, taken));
  EXPECT_TRUE(was_killed(site.zygote.report_exit(*worker)));
  EXPECT_GE(monotonic_ms() - begin_ms, 40 + limits::kHardTimeoutExtraMs - 1);
  EXPECT_EQ(client.answer().status, 500);
  EXPECT_TRUE(site.log.waits_for(
      "was killed: GET /hangs\\?x=1 in the callback of map key \"/\" ran longer than scriptTimeout \\(0\\.04 s\\)"));
}

TEST(DispatcherDeadline, AWorkerThatTakesNothingIsKilledAndTheRequestIsNotLost) {
  Site site(2, [](ipc::ServerConfig& config) { config.script_timeout_ms = 20; });
  auto stuck = site.zygote.take_ready_worker(), other = site.zygote.take_spawn();
  ASSERT_TRUE(stuck && other);
  site.settle();
  Client client(site.port);
  client.get("/");
  EXPECT_EQ(take_request(*stuck).path, "/");
  EXPECT_TRUE(was_killed(site.zygote.report_exit(*stuck)));
  EXPECT_TRUE(site.log.waits_for("was killed: it took no request for"));
  site.zygote.announce(*other);
  other->say_hello();
  Taken taken = take_request(*other);
  ASSERT_TRUE(begin(*other, taken));
  reply(*other, taken, "saved");
  EXPECT_EQ(client.answer().body, "saved");
}

// --- workers that break the protocol ---

struct Lie {
  const char* name;
  bool begins;  // the request before the lie is told
  std::function<void(FakeWorker&, const Taken&)> tell;
};

std::string hello(uint32_t version, uint32_t slot, uint32_t generation) {
  return ipc::encode(ipc::Hello{version, slot, generation});
}

std::vector<Lie> lies() {
  auto with = [](Taken taken, int slot_change, int stream_change) {
    taken.slot = static_cast<uint16_t>(taken.slot + slot_change);
    taken.stream += static_cast<uint64_t>(stream_change);
    return taken;
  };
  auto about = [](const Taken& taken) { return Taken{taken.slot, taken.stream, "", "", UniqueFd()}; };
  return {
      {"garbage", true,
       [](FakeWorker& w, const Taken&) {
         w.channel().channel().out().append(64, '\xee');
         w.channel().channel().flush();
       }},
      {"a second Hello", true, [](FakeWorker& w, const Taken&) { w.say_hello(); }},
      {"a frame that only the frontend sends", true,
       [](FakeWorker& w, const Taken&) { w.channel().send(FrameType::kDrain, {}); }},
      {"a Reply to a request that it has not begun", false,
       [](FakeWorker& w, const Taken& t) { reply(w, t, "early"); }},
      {"a Reply with another stream", true,
       [=](FakeWorker& w, const Taken& t) { reply(w, with(about(t), 0, 1), "x"); }},
      {"a Reply for a free slot", true, [=](FakeWorker& w, const Taken& t) { reply(w, with(about(t), 1, 0), "x"); }},
      {"a Reply for a slot outside the window", true,
       [=](FakeWorker& w, const Taken& t) { reply(w, with(about(t), 64, 0), "x"); }},
      {"a Reply whose lengths lie", true,
       [](FakeWorker& w, const Taken& t) { send_frame(w, FrameType::kReply, t, reply_payload("x") + "y"); }},
      {"a Reply that ends in its middle", true,
       [](FakeWorker& w, const Taken& t) {
         std::string payload = reply_payload("body");
         payload.pop_back();
         send_frame(w, FrameType::kReply, t, payload);
       }},
      {"Dropped for a request that it has begun", true, [](FakeWorker& w, const Taken& t) { drop(w, t); }},
      {"Dropped for a request that was not revoked", false, [](FakeWorker& w, const Taken& t) { drop(w, t); }},
  };
}

TEST(DispatcherProtocol, AWorkerThatLiesIsReplaced) {
  for (const Lie& lie : lies()) {
    SCOPED_TRACE(lie.name);
    Site site(2);
    auto liar = site.zygote.take_ready_worker(), honest = site.zygote.take_spawn();
    ASSERT_TRUE(liar && honest);
    site.settle();
    Client client(site.port);
    client.get("/");
    Taken taken = take_request(*liar);
    if (lie.begins) {
      ASSERT_TRUE(begin(*liar, taken));
    }
    lie.tell(*liar, taken);
    EXPECT_TRUE(was_killed(site.zygote.report_exit(*liar)));
    EXPECT_TRUE(site.log.waits_for("was killed: it broke the protocol \\(.+\\)")) << site.log.text();
    if (lie.begins) {
      EXPECT_EQ(client.answer().status, 502);
    } else {
      site.zygote.announce(*honest);
      honest->say_hello();
      Taken again = take_request(*honest);
      ASSERT_TRUE(begin(*honest, again));
      reply(*honest, again, "the truth");
      EXPECT_EQ(client.answer().body, "the truth");
    }
  }
}

TEST(DispatcherProtocol, AFalseHelloIsNoHello) {
  using Payload = std::function<std::string(const FakeWorker&)>;
  const Payload payloads[] = {
      [](const FakeWorker& w) { return hello(ipc::kProtocolVersion + 1, w.slot, w.generation); },
      [](const FakeWorker& w) { return hello(ipc::kProtocolVersion, w.slot + 1, w.generation); },
      [](const FakeWorker& w) { return hello(ipc::kProtocolVersion, w.slot, w.generation + 1); },
  };
  for (const Payload& payload : payloads) {
    Site site(1);
    auto worker = site.zygote.take_spawn();
    ASSERT_TRUE(worker);
    site.zygote.announce(*worker);
    worker->channel().send(FrameType::kHello, payload(*worker));
    EXPECT_TRUE(was_killed(site.zygote.report_exit(*worker)));
  }
}

TEST(DispatcherProtocol, NothingComesBeforeHello) {
  Site site(1);
  auto worker = site.zygote.take_spawn();
  ASSERT_TRUE(worker);
  site.zygote.announce(*worker);
  reply(*worker, Taken{}, "too early");
  EXPECT_TRUE(was_killed(site.zygote.report_exit(*worker)));
  EXPECT_TRUE(site.log.waits_for("was killed: it broke the protocol"));
}

TEST(DispatcherProtocol, NobodyRetiresBeforeHello) {
  Site site(1);
  auto worker = site.zygote.take_spawn();
  ASSERT_TRUE(worker);
  site.zygote.announce(*worker);
  send_frame(*worker, FrameType::kRetire, Taken{}, "tired");
  EXPECT_TRUE(was_killed(site.zygote.report_exit(*worker)));
  EXPECT_TRUE(site.log.waits_for("was killed: it broke the protocol \\(Retire before Hello"));
}

TEST(DispatcherProtocol, TheSecondReplyToARequestIsALie) {
  Site site(1);
  auto worker = site.zygote.take_ready_worker();
  ASSERT_TRUE(worker);
  Client client(site.port);
  client.get("/");
  Taken taken = take_request(*worker);
  ASSERT_TRUE(begin(*worker, taken));
  reply(*worker, taken, "one");
  reply(*worker, taken, "two");
  EXPECT_EQ(client.answer().body, "one");
  EXPECT_TRUE(was_killed(site.zygote.report_exit(*worker)));
}

TEST(DispatcherProtocol, TheClaimPageIsOnlyCompared) {
  Site site(1);
  auto worker = site.zygote.take_ready_worker();
  ASSERT_TRUE(worker);
  Client client(site.port);
  client.get("/");
  Taken taken = take_request(*worker);
  ASSERT_TRUE(begin(*worker, taken));
  // A worker may write what it likes: here it claims, afterwards, that it has not begun.
  worker->claims.queue(claim_index(taken), taken.stream);
  reply(*worker, taken, "x");
  EXPECT_TRUE(was_killed(site.zygote.report_exit(*worker))) << "then its Reply is to a request that it had not begun";
}

}  // namespace
}  // namespace ravelin::frontend
