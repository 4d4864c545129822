// The life of workers with a zygote, loops and a thread that a test drives. Only for tests of frontend/worker_life.h.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "frontend/worker_life.h"
#include "tests/unit/frontend/fake_zygote.h"

namespace ravelin::frontend {

// A loop that takes down what it is told. Lives in the thread of the main loop, like loop 0.
struct FakeLoop : LoopWorkers {
  explicit FakeLoop(EventLoop& main) : main_(main) {}
  EventLoop& events() override { return main_; }
  void attach_worker(uint32_t slot, uint32_t generation, UniqueFd channel,
                     std::shared_ptr<ipc::ClaimPage> page) override {
    EXPECT_EQ(attached.count(slot), 0u) << "worker " << slot << " was attached over another one";
    attached[slot] = generation;
    channels[slot] = std::move(channel);
    pages[slot] = std::move(page);
  }
  LostRequests worker_died(uint32_t slot, uint32_t generation, KillReason) override {
    auto found = attached.find(slot);
    if (found == attached.end() || found->second != generation) return {};
    attached.erase(found);
    channels.erase(slot);
    pages.erase(slot);
    ++deaths;
    return std::exchange(lost, {});
  }
  void no_workers() override { ++told_no_workers; }

  EventLoop& main_;
  std::map<uint32_t, uint32_t> attached;  // slot to generation
  std::map<uint32_t, UniqueFd> channels;
  std::map<uint32_t, std::shared_ptr<ipc::ClaimPage>> pages;
  LostRequests lost;
  int deaths = 0;
  int told_no_workers = 0;
};

inline ipc::ServerConfig config_of(uint32_t workers) {
  ipc::ServerConfig config;
  config.workers = workers;
  return config;
}

// The life of `workers` workers over `loops` loops, running in a thread of its own.
struct Life {
  explicit Life(uint32_t workers, size_t loops = 1) : config(config_of(workers)), table(workers) {
    for (size_t i = 0; i < loops; ++i) fake_loops.push_back(std::make_unique<FakeLoop>(main));
    std::vector<LoopWorkers*> pointers;
    for (auto& loop : fake_loops) pointers.push_back(loop.get());
    life = std::make_unique<WorkerLife>(main, config, table, pointers);
    thread = std::make_unique<LoopThread>(main, [this] { main.run([] { return false; }); });
    connect_zygote();
  }
  ~Life() {
    thread.reset();  // nothing runs beside the test any more
    life.reset();
  }

  void call(const std::function<void()>& work) { thread->call(work); }
  void connect_zygote() {
    UniqueFd end = zygote.take_near_end();
    call([&] { life->set_zygote(std::move(end)); });
  }
  FakeLoop& loop() { return *fake_loops.front(); }
  int told_no_workers() {
    int count = 0;
    call([&] { count = loop().told_no_workers; });
    return count;
  }
  bool is_attached(const FakeWorker& worker) {
    bool attached = false;
    call([&] {
      auto found = loop().attached.find(worker.slot);
      attached = found != loop().attached.end() && found->second == worker.generation;
    });
    return attached;
  }
  // A worker that is up and that the life knows to be ready (the loops would post this).
  std::unique_ptr<FakeWorker> take_ready_worker() {
    auto worker = zygote.take_spawn();
    EXPECT_TRUE(worker);
    if (!worker) return nullptr;
    zygote.announce(*worker);
    call([&] { life->on_hello(worker->slot, worker->generation); });
    return worker;
  }
  // The next worker of a slot has come; `killed` is what makes place for it.
  void expect_successor(const FakeWorker& killed) {
    auto next = zygote.take_spawn();
    ASSERT_TRUE(next) << "no successor; log: " << log.text();
    EXPECT_EQ(next->slot, killed.slot);
    EXPECT_EQ(next->generation, killed.generation + 1);
  }

  LogWatch log;
  EventLoop main;
  ipc::ServerConfig config;
  WorkerTable table;
  std::vector<std::unique_ptr<FakeLoop>> fake_loops;
  FakeZygote zygote;
  std::unique_ptr<WorkerLife> life;
  std::unique_ptr<LoopThread> thread;
};

}  // namespace ravelin::frontend
