#include "host/trace/recorder.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>

namespace dyad::trace {

namespace {

std::atomic<std::uint64_t> generations{0};

}  // namespace

std::atomic<Recorder*> Recorder::current_{nullptr};

std::int64_t now_ns() { return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count(); }

Recorder::Recorder() : generation_(++generations), began_ns_(now_ns()) {
  [[maybe_unused]] Recorder* former = current_.exchange(this, std::memory_order_acq_rel);
  assert(former == nullptr && "one recorder at a time");
}

Recorder::~Recorder() { current_.store(nullptr, std::memory_order_release); }

Recorder::Buffer& Recorder::buffer_of_thread() {
  // A thread outlives a recorder where several are made one after the other: a buffer of an older one is gone.
  thread_local struct {
    std::uint64_t generation = 0;
    Buffer* buffer = nullptr;
  } known;
  if (known.generation != generation_) {
    std::lock_guard lock(mutex_);
    auto number = static_cast<unsigned>(threads_.size());
    auto& buffer = threads_.emplace_back(std::make_unique<Buffer>());
    buffer->lane = {Lane::Kind::kThread, number, {}, {}};
    known = {generation_, buffer.get()};
  }
  return *known.buffer;
}

void Recorder::add(Event event) {
  Buffer& buffer = buffer_of_thread();
  std::lock_guard lock(buffer.mutex);
  buffer.lane.events.push_back(std::move(event));
}

void Recorder::name_thread(std::string name) {
  Buffer& buffer = buffer_of_thread();
  std::lock_guard lock(buffer.mutex);
  buffer.lane.name = std::move(name);
}

unsigned Recorder::take_process() {
  std::lock_guard lock(mutex_);
  auto free = std::ranges::find(taken_, false);
  auto number = static_cast<unsigned>(free - taken_.begin());
  if (free == taken_.end()) {
    taken_.push_back(true);
    processes_.push_back(std::make_unique<Buffer>());
    processes_.back()->lane = {Lane::Kind::kProcess, number, {}, {}};
  }
  taken_[number] = true;
  return number;
}

void Recorder::release_process(unsigned process) {
  std::lock_guard lock(mutex_);
  taken_[process] = false;
}

void Recorder::add(unsigned process, Event event) {
  Buffer* buffer;
  {
    std::lock_guard lock(mutex_);
    buffer = processes_[process].get();
  }
  std::lock_guard lock(buffer->mutex);
  buffer->lane.events.push_back(std::move(event));
}

std::vector<Lane> Recorder::lanes() const {
  std::vector<Lane> all;
  std::lock_guard lock(mutex_);
  for (const auto* buffers : {&threads_, &processes_})
    for (const auto& buffer : *buffers) {
      std::lock_guard held(buffer->mutex);
      if (!buffer->lane.events.empty()) all.push_back(buffer->lane);
    }
  return all;
}

}  // namespace dyad::trace
