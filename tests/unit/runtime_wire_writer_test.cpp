#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "backends/runtime/wire_writer.hpp"
#include "runtime_events.hpp"

namespace dyad::runtime {
namespace {

using namespace std::chrono_literals;

class WireWriterTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(pipe2(ends_, O_CLOEXEC | O_NONBLOCK), 0); }
  void TearDown() override {
    close(ends_[0]);
    close(ends_[1]);
  }
  /// What has been written since the last call.
  std::string written() {
    std::string all;
    char buffer[4096];
    for (ssize_t got; (got = read(ends_[0], buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(got));
    return all;
  }
  static std::string bytes(std::initializer_list<int> values) {
    std::string text;
    for (int value : values) text += static_cast<char>(value);
    return text;
  }

  int ends_[2];
  const FoundTest test_{258, DYAD_TEST_NATIVE, "TestA", "a.cc", 7};
};

TEST_F(WireWriterTest, HelloIsVersionAndPid) {
  WireWriter(ends_[1]).hello(0x01020304);
  EXPECT_EQ(written(), bytes({8, 0, 0, 0, 1, 3, 0, 0, 0, 4, 3, 2, 1}));
}

TEST_F(WireWriterTest, FoundIsIndexKindLineNameFile) {
  WireWriter writer(ends_[1]);
  writer.found(test_);
  writer.flush();
  EXPECT_EQ(written(),
            bytes({26, 0, 0, 0, 2, 2, 1, 0, 0, 1, 7, 0, 0, 0, 5, 0, 0, 0}) + "TestA" + bytes({4, 0, 0, 0}) + "a.cc");
}

TEST_F(WireWriterTest, FinishedIsIndexVerdictTimeOutput) {
  WireWriter writer(ends_[1]);
  writer.finished(test_, DYAD_SKIP, 258ns, 1);
  writer.flush();
  EXPECT_EQ(written(), bytes({21, 0, 0, 0, 5, 2, 1, 0, 0, 3, 2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_F(WireWriterTest, MessageIsIndexSeverityLineOutputSubtestFileText) {
  WireWriter(ends_[1]).message(test_, DYAD_ERROR, {"f", 9}, 1, "s", "t");
  EXPECT_EQ(written(), bytes({32, 0, 0, 0, 6, 2, 1, 0,   0, 2, 9, 0, 0,   0, 1, 0, 0, 0,  0,
                              0,  0, 0, 1, 0, 0, 0, 's', 1, 0, 0, 0, 'f', 1, 0, 0, 0, 't'}));
}

TEST_F(WireWriterTest, EveryFrameReadsBack) {
  WireWriter writer(ends_[1]);
  writer.hello(1);
  writer.found(test_);
  writer.listed(1);
  writer.started(test_, 0);
  writer.message(test_, DYAD_LOG, {"x/a.cc", 3}, 0, "s/u", "hi\n");
  writer.sub_started(test_, 0, "s");
  writer.sub_finished(test_, DYAD_FAIL, 1ns, 0, "s");
  writer.finished(test_, DYAD_PASS, 1ns, 0);
  writer.outside(DYAD_FATAL, {}, 0, "o");
  writer.done(true, 0);
  EXPECT_EQ(EventLines(written()).text(),
            "HELLO 3\nFOUND 258 1 TestA a.cc:7\nLISTED 1\nSTARTED 258\nMESSAGE 258 1 a.cc [s/u] hi\n\n"
            "SUB_STARTED 258 s\nSUB_FINISHED 258 2 s\nFINISHED 258 1\nOUTSIDE 3 o\nDONE 1\n");
}

TEST_F(WireWriterTest, FinishedWaitsForTheNextStarted) {
  WireWriter writer(ends_[1]);
  writer.finished(test_, DYAD_PASS, 1ns, 0);
  EXPECT_EQ(written(), "");
  writer.started(test_, 0);
  EXPECT_EQ(EventLines(written()).text(), "FINISHED 258 1\nSTARTED 258\n");
}

TEST_F(WireWriterTest, LongTextIsCutAndSaysSo) {
  int bigger = fcntl(ends_[1], F_SETPIPE_SZ, 1 << 20);
  ASSERT_GE(bigger, 1 << 17);
  WireWriter(ends_[1]).message(test_, DYAD_LOG, {}, 0, "", std::string(100'000, 'x'));
  std::string line = EventLines(written()).lines().at(0);
  EXPECT_EQ(line, "MESSAGE 258 1 - [] " + std::string((64 << 10) - 6, 'x') + " [cut]");
}

}  // namespace
}  // namespace dyad::runtime
