#include "host/trace/chrome_trace.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "host/trace/profile.hpp"

namespace dyad::trace {

namespace {

/// Any bytes as a JSON string: what is no UTF-8 becomes U+FFFD.
std::string json_string(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string microseconds(std::int64_t nanoseconds) {
  const char* sign = nanoseconds < 0 ? "-" : "";
  const auto absolute = nanoseconds < 0 ? -nanoseconds : nanoseconds;
  return fmt::format("{}{}.{:03}", sign, absolute / 1000, absolute % 1000);
}

class Writer {
 public:
  Writer(std::int64_t began_ns, const std::filesystem::path& root) : began_ns_(began_ns), root_(root) {}

  void name_process(int process, const std::string& name) {
    line(fmt::format(R"({{"ph":"M","pid":{},"tid":0,"name":"process_name","args":{{"name":{}}}}})", process,
                     json_string(name)));
    line(fmt::format(R"({{"ph":"M","pid":{0},"tid":0,"name":"process_sort_index","args":{{"sort_index":{0}}}}})",
                     process));
  }
  void name_track(int process, unsigned track, const std::string& name) {
    line(fmt::format(R"({{"ph":"M","pid":{},"tid":{},"name":"thread_name","args":{{"name":{}}}}})", process, track,
                     json_string(name)));
  }
  void write(int process, unsigned track, const std::vector<Node>& nodes) {
    for (const Node& node : nodes) {
      const Event& event = node.event;
      std::string name = event.label;
      if (name.empty()) {
        name = name_of(event.phase);
        if (!event.subject.empty()) name += " " + shown_subject(event.subject, root_);
      }
      std::string arguments;
      if (!event.subject.empty()) arguments += "\"subject\":" + json_string(shown_subject(event.subject, root_));
      if (event.busy < 1) {
        const auto busy = static_cast<double>(event.end_ns - event.begin_ns) * event.busy;
        arguments += fmt::format(R"({}"busy_us":{:.3f})", arguments.empty() ? "" : ",", busy / 1000);
      }
      line(fmt::format(R"({{"ph":"X","pid":{},"tid":{},"ts":{},"dur":{},"cat":{},"name":{},"args":{{{}}}}})", process,
                       track, microseconds(event.begin_ns - began_ns_), microseconds(event.end_ns - event.begin_ns),
                       json_string(std::string(name_of(event.phase))), json_string(name), arguments));
      write(process, track, node.inside);
    }
  }
  std::string finish() && { return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" + text_ + "\n]}\n"; }

 private:
  void line(const std::string& event) {
    if (!text_.empty()) text_ += ",\n";
    text_ += event;
  }

  std::int64_t began_ns_;
  const std::filesystem::path& root_;
  std::string text_;
};

}  // namespace

std::string chrome_trace(const std::vector<Lane>& lanes, std::int64_t began_ns, const std::filesystem::path& root) {
  Writer writer(began_ns, root);
  writer.name_process(1, "dyad");
  writer.name_process(2, "tests");
  for (const Lane& lane : lanes) {
    const bool is_thread = lane.kind == Lane::Kind::kThread;
    const int process = is_thread ? 1 : 2;
    const unsigned track = lane.number + 1;  // 0 is the process itself
    auto name = lane.name.empty() ? fmt::format("{} {}", is_thread ? "worker" : "process", track) : lane.name;
    writer.name_track(process, track, name);
    writer.write(process, track, nest(lane.events));
  }
  return std::move(writer).finish();
}

}  // namespace dyad::trace
