#include "host/run/process_trace.hpp"

#include <algorithm>

namespace dyad::run {

using trace::Phase;

ProcessTrace::ProcessTrace(trace::Recorder& recorder, std::string package, std::string image)
    : recorder_(recorder),
      package_(std::move(package)),
      image_(std::move(image)),
      lane_(recorder.take_process()),
      began_ns_(trace::now_ns()) {}

ProcessTrace::~ProcessTrace() {
  const std::int64_t ended_ns = trace::now_ns();
  if (listed_ns_ == 0) listed_ns_ = ended_ns;
  std::int64_t next_began_ns = ended_ns;
  for (auto test = tests_.rbegin(); test != tests_.rend(); ++test) {
    const std::int64_t end = std::max(began_ns_, std::min(test->known_ns, next_began_ns));
    next_began_ns = std::max(began_ns_, end - test->took_ns);
    recorder_.add(lane_, {Phase::kRun, next_began_ns, end, package_, names_[test->index]});
  }
  const std::int64_t loaded_ns = std::min(listed_ns_, next_began_ns);
  recorder_.add(lane_, {Phase::kLoad, began_ns_, loaded_ns, package_, {}});
  recorder_.add(lane_, {Phase::kRun, loaded_ns, ended_ns, package_, image_});
  recorder_.release_process(lane_);
}

void ProcessTrace::on(const Event& event) {
  if (const auto* found = std::get_if<Found>(&event)) {
    names_[found->index] = found->name;
  } else if (std::holds_alternative<Listed>(event)) {
    listed_ns_ = trace::now_ns();
  } else if (const auto* finished = std::get_if<Finished>(&event)) {
    const auto took = static_cast<std::int64_t>(std::min<std::uint64_t>(finished->nanoseconds, INT64_MAX));
    tests_.push_back({finished->index, trace::now_ns(), took});
  }
}

}  // namespace dyad::run
