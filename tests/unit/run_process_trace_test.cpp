#include <gtest/gtest.h>

#include <algorithm>

#include "host/run/process_trace.hpp"

namespace dyad::run {
namespace {

using trace::Phase;

std::vector<trace::Event> events_of(const trace::Recorder& recorder) {
  auto lanes = recorder.lanes();
  EXPECT_EQ(lanes.size(), 1u);
  return lanes.empty() ? std::vector<trace::Event>{} : lanes[0].events;
}

const trace::Event& find(const std::vector<trace::Event>& events, Phase phase, const std::string& label) {
  return *std::ranges::find_if(events, [&](const auto& e) { return e.phase == phase && e.label == label; });
}

TEST(ProcessTraceTest, TestsReadInOneBatchDoNotOverlapAndLieInTheRun) {
  trace::Recorder recorder;
  {
    ProcessTrace process(recorder, "a/b", "x_test");
    for (std::uint32_t i : {0u, 1u}) process.on(Found{i, DYAD_TEST_NATIVE, 1, "Test" + std::to_string(i), "x_test.cc"});
    process.on(Listed{2});
    // Said at once, though the first took its time: what the host reads late did not begin late.
    for (std::uint32_t i : {0u, 1u}) {
      process.on(Started{i, 0});
      process.on(Finished{i, DYAD_PASS, 1000, 0});
    }
  }
  auto events = events_of(recorder);
  ASSERT_EQ(events.size(), 4u);
  const auto &first = find(events, Phase::kRun, "Test0"), &second = find(events, Phase::kRun, "Test1"),
             &load = find(events, Phase::kLoad, ""), &run = find(events, Phase::kRun, "x_test");
  EXPECT_LE(load.begin_ns, load.end_ns);
  EXPECT_EQ(load.end_ns, run.begin_ns);
  EXPECT_LE(run.begin_ns, first.begin_ns);
  EXPECT_LE(first.end_ns, second.begin_ns);
  EXPECT_LE(second.end_ns, run.end_ns);
  EXPECT_EQ(second.end_ns - second.begin_ns, 1000);
  for (const auto& event : events) EXPECT_EQ(event.subject, "a/b");
}

TEST(ProcessTraceTest, ATimeThatCannotBeTrueStaysInsideOfTheProcess) {
  trace::Recorder recorder;
  {
    ProcessTrace process(recorder, "a", "x_test");
    process.on(Found{0, DYAD_TEST_NATIVE, 1, "TestX", "x_test.cc"});
    process.on(Listed{1});
    process.on(Finished{0, DYAD_PASS, UINT64_MAX, 0});
  }
  auto events = events_of(recorder);
  const auto &test = find(events, Phase::kRun, "TestX"), &load = find(events, Phase::kLoad, "");
  EXPECT_EQ(test.begin_ns, load.begin_ns);
  EXPECT_LE(test.begin_ns, test.end_ns);
}

TEST(ProcessTraceTest, AProcessThatNamesNoTestIsAllLoad) {
  trace::Recorder recorder;
  { ProcessTrace process(recorder, "a", "x_test"); }
  auto events = events_of(recorder);
  EXPECT_EQ(find(events, Phase::kRun, "x_test").begin_ns, find(events, Phase::kRun, "x_test").end_ns);
  EXPECT_EQ(recorder.take_process(), 0u);  // its lane is free again
}

}  // namespace
}  // namespace dyad::run
