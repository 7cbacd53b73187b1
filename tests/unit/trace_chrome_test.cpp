#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "host/trace/chrome_trace.hpp"

namespace dyad::trace {
namespace {

using nlohmann::json;

json trace_of(std::vector<Event> thread_events, std::vector<Event> process_events = {}) {
  std::vector<Lane> lanes{{Lane::Kind::kThread, 0, "main", std::move(thread_events)},
                          {Lane::Kind::kProcess, 2, {}, std::move(process_events)}};
  return json::parse(chrome_trace(lanes, 1000, "/root"));
}

std::vector<json> complete_events(const json& trace) {
  std::vector<json> events;
  for (const json& event : trace["traceEvents"])
    if (event["ph"] == "X") events.push_back(event);
  return events;
}

TEST(ChromeTraceTest, AnEventIsInMicrosecondsSinceTheBeginning) {
  auto events = complete_events(trace_of({{Phase::kLink, 2'500, 4'001'500, "a/b", {}}}));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_DOUBLE_EQ(events[0]["ts"].get<double>(), 1.5);
  EXPECT_DOUBLE_EQ(events[0]["dur"].get<double>(), 3999);
  EXPECT_EQ(events[0]["name"], "link a/b");
  EXPECT_EQ(events[0]["cat"], "link");
  EXPECT_EQ(events[0]["args"]["subject"], "a/b");
}

TEST(ChromeTraceTest, TracksAreNamed) {
  auto trace = trace_of({{Phase::kLink, 1000, 2000, {}, {}}}, {{Phase::kRun, 1000, 2000, "a", "x_test"}});
  std::map<std::pair<int, int>, std::string> names;
  for (const json& event : trace["traceEvents"])
    if (event["ph"] == "M" && event["name"] == "thread_name")
      names[{event["pid"], event["tid"]}] = event["args"]["name"];
  EXPECT_EQ(names, (std::map<std::pair<int, int>, std::string>{{{1, 1}, "main"}, {{2, 3}, "process 3"}}));
  EXPECT_EQ(complete_events(trace)[1]["name"], "x_test");
}

TEST(ChromeTraceTest, WhatIsInsideComesBehindAndSourcesAreRelative) {
  auto events = complete_events(trace_of({{Phase::kInstantiate, 1100, 1200, {}, {}, 0.5},
                                          {Phase::kParse, 1000, 1500, {}, {}},
                                          {Phase::kCompile, 1000, 2000, "/root/a/x.cc", {}}}));
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0]["name"], "compile a/x.cc");
  EXPECT_EQ(events[1]["name"], "parse");
  EXPECT_EQ(events[2]["name"], "instantiate");
  EXPECT_DOUBLE_EQ(events[2]["args"]["busy_us"].get<double>(), 0.05);
}

TEST(ChromeTraceTest, AnyBytesMakeValidJson) {
  auto events = complete_events(trace_of({{Phase::kRun, 1000, 2000, "a\"\\\n", "Test\xff\x01"}}));
  EXPECT_EQ(events[0]["args"]["subject"], "a\"\\\n");
  EXPECT_EQ(events[0]["name"], "Test\xef\xbf\xbd\x01");
}

}  // namespace
}  // namespace dyad::trace
