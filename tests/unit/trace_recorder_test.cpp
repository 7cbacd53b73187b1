#include <gtest/gtest.h>

#include <thread>

#include "host/trace/recorder.hpp"

namespace dyad::trace {
namespace {

TEST(RecorderTest, NothingIsRecordedWithoutARecorder) {
  { Span span(Phase::kLink, "a"); }
  Recorder recorder;
  EXPECT_TRUE(recorder.lanes().empty());
  EXPECT_EQ(Recorder::current(), &recorder);
}

TEST(RecorderTest, SpansOfAThreadNestOnItsLane) {
  Recorder recorder;
  recorder.name_thread("main");
  {
    Span outer(Phase::kPlan, "a");
    Span inner(Phase::kLink, "b", "c");
  }
  auto lanes = recorder.lanes();
  ASSERT_EQ(lanes.size(), 1u);
  EXPECT_EQ(lanes[0].name, "main");
  EXPECT_EQ(lanes[0].kind, Lane::Kind::kThread);
  ASSERT_EQ(lanes[0].events.size(), 2u);
  const Event &inner = lanes[0].events[0], &outer = lanes[0].events[1];
  EXPECT_EQ(inner.phase, Phase::kLink);
  EXPECT_EQ(inner.subject + inner.label, "bc");
  EXPECT_EQ(outer.phase, Phase::kPlan);
  EXPECT_LE(recorder.began_ns(), outer.begin_ns);
  EXPECT_LE(outer.begin_ns, inner.begin_ns);
  EXPECT_LE(inner.begin_ns, inner.end_ns);
  EXPECT_LE(inner.end_ns, outer.end_ns);
}

TEST(RecorderTest, EachThreadHasALaneAndNoSpanIsLost) {
  constexpr int kThreads = 8, kSpans = 1000;
  Recorder recorder;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([] {
        for (int n = 0; n < kSpans; ++n) Span span(Phase::kHash);
      });
    for (int n = 0; n < 100; ++n) EXPECT_LE(recorder.lanes().size(), std::size_t{kThreads});  // while they record
  }
  auto lanes = recorder.lanes();
  ASSERT_EQ(lanes.size(), std::size_t{kThreads});
  for (const Lane& lane : lanes) EXPECT_EQ(lane.events.size(), std::size_t{kSpans});
}

TEST(RecorderTest, AProcessGetsTheLowestFreeLane) {
  Recorder recorder;
  EXPECT_EQ(recorder.take_process(), 0u);
  EXPECT_EQ(recorder.take_process(), 1u);
  recorder.release_process(0);
  EXPECT_EQ(recorder.take_process(), 0u);
  recorder.add(1, {Phase::kRun, 1, 2, "a", {}});
  auto lanes = recorder.lanes();
  ASSERT_EQ(lanes.size(), 1u);
  EXPECT_EQ(lanes[0].kind, Lane::Kind::kProcess);
  EXPECT_EQ(lanes[0].number, 1u);
}

TEST(RecorderTest, AThreadThatOutlivesARecorderRecordsWithTheNext) {
  for (int i = 0; i < 3; ++i) {
    Recorder recorder;
    { Span span(Phase::kStart); }
    ASSERT_EQ(recorder.lanes().size(), 1u);
    EXPECT_EQ(recorder.lanes()[0].events.size(), 1u);
  }
}

}  // namespace
}  // namespace dyad::trace
