#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "host/run/input_log.hpp"
#include "host/run/runner.hpp"
#include "run_fake_backend.hpp"
#include "run_frames.hpp"

namespace dyad::run {
namespace {

using Kind = Consulted::Kind;
using Seen = Consulted::Seen;

std::string record(int kind, std::string_view text, int seen = DYAD_INPUT_UNKNOWN) {
  const dyad_input_record head{static_cast<std::uint8_t>(kind), static_cast<std::uint8_t>(seen), 0,
                               static_cast<std::uint32_t>(text.size())};
  std::string bytes(sizeof head, '\0');
  std::memcpy(bytes.data(), &head, sizeof head);
  bytes += text;
  bytes.resize((bytes.size() + 7) / 8 * 8);
  return bytes;
}

std::string log(const std::string& records, std::uint32_t flags = DYAD_INPUT_COMPLETE) {
  dyad_input_header header{.magic = DYAD_INPUT_MAGIC,
                           .version = DYAD_INPUT_VERSION,
                           .size = DYAD_INPUT_SIZE,
                           .used = static_cast<std::uint32_t>(records.size()),
                           .flags = flags};
  std::string bytes(sizeof header, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes + records;
}

/// "STAT + /path" per input.
std::vector<std::string> lines(const std::vector<Consulted>& all) {
  static const char* const kKinds[] = {"CONTENT", "STAT", "DIRECTORY", "LINK", "ENVIRONMENT", "LOADED", "OUTPUT"};
  static const char* const kMarks[] = {" ", " + ", " - "};
  std::vector<std::string> lines;
  for (const Consulted& input : all)
    lines.push_back(kKinds[static_cast<int>(input.kind)] + std::string(kMarks[static_cast<int>(input.seen)]) +
                    input.text);
  return lines;
}

std::vector<std::string> lines(const std::string& records) {
  Inputs inputs;
  inputs.add_log(log(records));
  EXPECT_EQ(inputs.uncacheable(), "");
  return lines(inputs.consulted());
}

std::string why(const std::string& bytes) {
  Inputs inputs;
  inputs.add_log(bytes);
  return inputs.uncacheable();
}

using Lines = std::vector<std::string>;

TEST(Inputs, AreSortedAndStandOnce) {
  EXPECT_EQ(lines(record(DYAD_RECORD_STAT, "/b", DYAD_INPUT_PRESENT) + record(DYAD_RECORD_ENVIRONMENT, "HOME") +
                  record(DYAD_RECORD_CONTENT, "/z", DYAD_INPUT_ABSENT) + record(DYAD_RECORD_STAT, "/a") +
                  record(DYAD_RECORD_LOADED, "/lib/x.so") + record(DYAD_RECORD_STAT, "/b", DYAD_INPUT_PRESENT) +
                  record(DYAD_RECORD_DIRECTORY, "/d") + record(DYAD_RECORD_LINK, "/l")),
            (Lines{"CONTENT - /z", "STAT /a", "STAT + /b", "DIRECTORY /d", "LINK /d", "LINK /l", "ENVIRONMENT HOME",
                   "LOADED /lib/x.so"}));
}

TEST(Inputs, HaveNormalPaths) {
  EXPECT_EQ(lines(record(DYAD_RECORD_STAT, "//a///b/./c/") + record(DYAD_RECORD_STAT, "/a/b/c") +
                  record(DYAD_RECORD_STAT, "/../x/.") + record(DYAD_RECORD_STAT, "/a/link/../y") +
                  record(DYAD_RECORD_STAT, "/") + record(DYAD_RECORD_STAT, "/...")),
            (Lines{"STAT /", "STAT /...", "STAT /a/b/c", "STAT /a/link/../y", "STAT /x"}));
}

TEST(Inputs, LeaveOutWhatTheTestHasWritten) {
  EXPECT_EQ(lines(record(DYAD_RECORD_CONTENT, "/out/before") + record(DYAD_RECORD_WRITTEN, "/out") +
                  record(DYAD_RECORD_CONTENT, "/out/after") + record(DYAD_RECORD_DIRECTORY, "//out") +
                  record(DYAD_RECORD_STAT, "/output") + record(DYAD_RECORD_STAT, "/out/a/b/c") +
                  record(DYAD_RECORD_TREE, "/out/tree") + record(DYAD_RECORD_STAT, "/")),
            (Lines{"CONTENT /out/before", "STAT /", "STAT /output"}));
}

TEST(Inputs, KnowAnOutputUntilItIsWritten) {
  EXPECT_EQ(lines(record(DYAD_RECORD_OUTPUT, "/out") + record(DYAD_RECORD_WRITTEN, "/out") +
                  record(DYAD_RECORD_OUTPUT, "/out") + record(DYAD_RECORD_OUTPUT, "/out/below")),
            (Lines{"OUTPUT /out"}));
}

TEST(Inputs, LeaveOutWhatAnEarlierProcessHasWritten) {
  Inputs inputs;
  inputs.add_log(log(record(DYAD_RECORD_CONTENT, "/first") + record(DYAD_RECORD_WRITTEN, "/w")));
  inputs.add_log(log(record(DYAD_RECORD_CONTENT, "/second") + record(DYAD_RECORD_CONTENT, "/w")));
  EXPECT_EQ(lines(inputs.consulted()), (Lines{"CONTENT /first", "CONTENT /second"}));
}

TEST(Inputs, LearnWhatWasSeen) {
  EXPECT_EQ(lines(record(DYAD_RECORD_STAT, "/a") + record(DYAD_RECORD_STAT, "/a", DYAD_INPUT_ABSENT) +
                  record(DYAD_RECORD_STAT, "/a")),
            (Lines{"STAT - /a"}));
}

TEST(Inputs, ThatCameOrWentForbidStoring) {
  EXPECT_EQ(
      why(log(record(DYAD_RECORD_STAT, "/a", DYAD_INPUT_ABSENT) + record(DYAD_RECORD_STAT, "/a", DYAD_INPUT_PRESENT))),
      "/a came or went while the tests ran");
}

TEST(Inputs, ReachedUnderAnotherNameForbidStoring) {
  EXPECT_EQ(why(log(record(DYAD_RECORD_TREE, "/data"))), "reads under another name what is in /data");
}

TEST(Inputs, TellTheFirstReasonInOneLine) {
  EXPECT_EQ(why(log(record(DYAD_RECORD_UNCACHEABLE, "runs a program: a\nb") +
                    record(DYAD_RECORD_UNCACHEABLE, "opens a socket"))),
            "runs a program: a b");
}

TEST(Inputs, ForbidStoringWhenAProgramIsRunOrTheNetworkUsedUnlessTolerated) {
  const std::string bytes =
      log(record(DYAD_RECORD_PROGRAM, "runs a program: true") + record(DYAD_RECORD_CONTENT, "/bin/true") +
          record(DYAD_RECORD_NETWORK, "opens a socket"));
  auto why_with = [&](Tolerance tolerance) {
    Inputs inputs(tolerance);
    inputs.add_log(bytes);
    return inputs.uncacheable();
  };
  EXPECT_EQ(why_with({}), "runs a program: true");
  EXPECT_EQ(why_with({.programs = true}), "opens a socket");
  EXPECT_EQ(why_with({.network = true}), "runs a program: true");
  EXPECT_EQ(why_with({.programs = true, .network = true}), "");
}

TEST(InputLog, ThatIsNotCompleteIsNoUse) { EXPECT_EQ(why(log("", 0)), "the run did not come to its end"); }

TEST(InputLog, ThatOverflowedIsNoUse) {
  EXPECT_EQ(why(log("", DYAD_INPUT_COMPLETE | DYAD_INPUT_OVERFLOW)),
            "the tests consult more than an input log can hold");
}

TEST(InputLog, IsRefusedWhenDamaged) {
  const std::string good = log(record(DYAD_RECORD_STAT, "/a") + record(DYAD_RECORD_ENVIRONMENT, "HOME"));
  ASSERT_EQ(why(good), "");
  auto changed = [&](std::size_t at, char to) {
    std::string bytes = good;
    bytes.at(at) = to;
    return bytes;
  };
  constexpr std::size_t kFirst = sizeof(dyad_input_header);
  const std::map<std::string, std::string> damaged{
      {"nothing", ""},
      {"half a header", good.substr(0, 100)},
      {"another magic", changed(0, 'x')},
      {"another version", changed(offsetof(dyad_input_header, version), DYAD_INPUT_VERSION + 1)},
      {"another size", changed(offsetof(dyad_input_header, size), 1)},
      {"more used than there is", changed(offsetof(dyad_input_header, used), 120)},
      {"more used than there can be", changed(offsetof(dyad_input_header, used) + 3, '\x7f')},
      {"used ends in a record", changed(offsetof(dyad_input_header, used), 12)},
      {"used ends in a head", changed(offsetof(dyad_input_header, used), 20)},
      {"a record not filled in", changed(kFirst, 0)},
      {"unknown kind", changed(kFirst, 13)},
      {"unknown seen", changed(kFirst + 1, 3)},
      {"not zero", changed(kFirst + 2, 1)},
      {"empty text", changed(kFirst + 4, 0)},
      {"text behind the end", changed(kFirst + 4, 100)},
      {"text of four GiB", changed(kFirst + 7, '\xff')},
      {"relative path", changed(kFirst + 8, 'a')},
      {"NUL in a text", changed(kFirst + 9, '\0')},
      {"cut off", good.substr(0, good.size() - 1)},
  };
  for (const auto& [what, bytes] : damaged) {
    EXPECT_TRUE(why(bytes).starts_with("the input log is damaged: ")) << what << ": " << why(bytes);
    Inputs inputs;
    inputs.add_log(bytes);
    EXPECT_TRUE(inputs.consulted().empty()) << what;
  }
}

TEST(InputLog, CannotBeResizedByWhoGetsIt) {
  Result<InputLog> made = InputLog::create({"/tmp/run"});
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_NE(ftruncate(made->fd(), 0), 0);
  EXPECT_NE(ftruncate(made->fd(), 2 * DYAD_INPUT_SIZE), 0);
  EXPECT_EQ(why(made->read()), "the run did not come to its end");
}

TEST(InputLog, SaysWhatToLeaveOut) {
  Result<InputLog> made = InputLog::create({"/tmp/run"});
  ASSERT_TRUE(made);
  const std::string bytes = made->read();
  dyad_input_header header;
  ASSERT_EQ(bytes.size(), sizeof header);
  std::memcpy(&header, bytes.data(), sizeof header);
  EXPECT_EQ(std::string(header.left_out, header.left_out_size), std::string("/tmp/run\0", 9));
}

TEST(InputLog, IsReadAsFarAsItIsUsed) {
  Result<InputLog> made = InputLog::create({"/tmp/run"});
  ASSERT_TRUE(made);
  const std::string bytes = log(record(DYAD_RECORD_STAT, "/a"));
  ASSERT_EQ(pwrite(made->fd(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(made->read(), bytes);
  // Whatever it says of itself.
  const std::uint32_t huge = UINT32_MAX;
  ASSERT_EQ(pwrite(made->fd(), &huge, sizeof huge, offsetof(dyad_input_header, used)), 4);
  EXPECT_EQ(made->read().size(), DYAD_INPUT_SIZE);
}

/// Packages of the images "a" and "b", whose processes write these records.
class PackageInputs : public testing::Test {
 protected:
  /// A process that writes `records` and passes.
  static Script keeps(const std::string& records, std::uint32_t flags = DYAD_INPUT_COMPLETE) {
    return [=](const Child& child) {
      const std::string bytes = log(records, flags).substr(offsetof(dyad_input_header, used));
      if (child.input_fd >= 0 &&
          pwrite(child.input_fd, bytes.data(), bytes.size(), offsetof(dyad_input_header, used)) < 0)
        return 9;
      child.send(frames::hello() + frames::found(0, "T") + frames::listed(1) + frames::started(0) +
                 frames::finished(0) + frames::done());
      return 0;
    };
  }
  PackageResult run(const std::vector<std::string>& images, bool log_inputs = true) {
    PackageResult result;
    RunOptions options;
    options.log_inputs = log_inputs;
    Runner runner(backend_, options, [&](std::size_t, PackageResult done) { result = std::move(done); });
    PackageJob job{.order = 0, .directory = "/"};
    for (const std::string& image : images) job.images.push_back({"/bin/" + image, image});
    runner.submit(std::move(job));
    runner.close();
    InterruptWatch interrupts;
    runner.run(interrupts);
    return result;
  }

  Backend backend_ = FakeBackend::make();
  FakeBackend& fake_ = FakeBackend::current();
};

TEST_F(PackageInputs, AreThoseOfAllItsImages) {
  fake_.scripts["a"] = keeps(record(DYAD_RECORD_STAT, "/a"));
  fake_.scripts["b"] = keeps(record(DYAD_RECORD_STAT, "/b"));
  PackageResult result = run({"a", "b"});
  EXPECT_EQ(lines(result.consulted), (Lines{"STAT /a", "STAT /b"}));
  EXPECT_EQ(result.uncacheable, "");
}

TEST_F(PackageInputs, OfOneImageForbidStoringAll) {
  fake_.scripts["a"] = keeps(record(DYAD_RECORD_UNCACHEABLE, "opens a socket"));
  fake_.scripts["b"] = keeps(record(DYAD_RECORD_STAT, "/b"));
  EXPECT_EQ(run({"a", "b"}).uncacheable, "opens a socket");
}

TEST_F(PackageInputs, AreNotKnownOfAProcessThatKeepsNoLog) {
  fake_.scripts["a"] = keeps("", 0);
  PackageResult result = run({"a"});
  EXPECT_EQ(result.uncacheable, "the run did not come to its end");
  EXPECT_EQ(result.tests.size(), 1u);
}

TEST_F(PackageInputs, AreNotKnownOfAProcessThatDoesNotStart) {
  fake_.scripts["a"] = keeps("");
  fake_.start_error = "no";
  EXPECT_EQ(run({"a"}).uncacheable, "a process did not start");
}

TEST_F(PackageInputs, AreNotAskedForWithoutNeed) {
  fake_.scripts["a"] = [](const Child& child) {
    child.send(frames::hello() + frames::listed(0) + frames::done());
    return child.input_fd == -1 ? 0 : 5;
  };
  PackageResult result = run({"a"}, false);
  EXPECT_EQ(result.uncacheable, "");
  EXPECT_FALSE(result.failed_outside);  // as an exit code of 5 would have it
}

}  // namespace
}  // namespace dyad::run
