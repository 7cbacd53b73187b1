#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "host/base/file.hpp"
#include "host/run/runner.hpp"
#include "run_fake_backend.hpp"
#include "run_frames.hpp"

namespace dyad::run {
namespace {

using namespace std::chrono_literals;
using Kind = PackageResult::Kind;

/// Plays an image with these tests as an image should: --list, --done, --only, --failfast.
struct Play {
  struct Test {
    std::string name;
    std::function<unsigned(const Child&)> body = [](const Child&) { return DYAD_PASS; };
    unsigned kind = DYAD_TEST_NATIVE;
  };
  std::vector<Test> tests;

  int operator()(const Child& child) const {
    auto printed = [] { return static_cast<std::uint64_t>(lseek(1, 0, SEEK_END)); };
    std::string list = frames::hello();
    std::uint32_t found = 0;
    auto left_out = [&](unsigned i) { return child.value("--only") != "" && !is_in(child.value("--only"), i); };
    for (std::uint32_t i = 0; i < tests.size(); ++i)
      if (!left_out(i)) list += frames::found(i, tests[i].name, tests[i].kind), ++found;
    child.send(list + frames::listed(found));
    bool failed = false;
    for (std::uint32_t i = 0; i < tests.size() && !child.has("--list"); ++i) {
      if (is_in(child.value("--done"), i) || left_out(i)) continue;
      child.send(frames::started(i, printed()));
      unsigned verdict = tests[i].body(child);
      child.send(frames::finished(i, verdict, printed()));
      failed = failed || verdict == DYAD_FAIL;
      if (failed && child.has("--failfast")) break;
    }
    child.send(frames::done(failed, printed()));
    return failed;
  }

  static bool is_in(const std::string& ranges, unsigned index) {
    for (std::size_t at = 0; at < ranges.size();) {
      std::size_t end = 0;
      unsigned first = static_cast<unsigned>(std::stoul(ranges.substr(at), &end)), last = first;
      at += end;
      if (at < ranges.size() && ranges[at] == '-') {
        last = static_cast<unsigned>(std::stoul(ranges.substr(at + 1), &end));
        at += end + 1;
      }
      if (first <= index && index <= last) return true;
      ++at;  // the comma
    }
    return false;
  }
};

unsigned passes(const Child&) { return DYAD_PASS; }
unsigned fails(const Child&) { return DYAD_FAIL; }
unsigned crashes(const Child&) { Child::die(SIGSEGV); }
unsigned exits(const Child&) { _exit(0); }
unsigned hangs(const Child&) { Child::hang(); }

class RunnerTest : public ::testing::Test {
 protected:
  /// Runs packages "p0", "p1"... of these images; results by order.
  void run(const std::vector<std::vector<std::string>>& packages, RunOptions options = {}) {
    Runner runner(backend_, options, [&](std::size_t order, PackageResult result) {
      EXPECT_TRUE(results_.emplace(order, std::move(result)).second) << order << " reported twice";
    });
    for (std::size_t order = 0; order < packages.size(); ++order) runner.submit(job(order, packages[order]));
    runner.close();
    InterruptWatch interrupts;
    runner.run(interrupts);
    signal_ = interrupts.signal();
  }

  static PackageJob job(std::size_t order, const std::vector<std::string>& images) {
    PackageJob job{.order = order, .directory = "/"};
    for (const std::string& image : images) job.images.push_back({"/bin/" + image, image});
    job.partial.id.path = "p" + std::to_string(order);
    return job;
  }

  std::string verdicts(std::size_t order) const {
    std::string text;
    for (const TestResult& test : results_.at(order).tests) {
      const char* names[] = {"pass", "fail", "skip", "crash", "timeout", "notrun"};
      text += (text.empty() ? "" : " ") + test.name + "=" + names[static_cast<int>(test.verdict)];
      if (!test.reason.empty()) text += "[" + test.reason + "]";
    }
    return text;
  }
  static std::string text_of(const std::vector<OutputPiece>& pieces) {
    std::string text;
    for (const OutputPiece& piece : pieces) text += piece.text;
    return text;
  }

  Backend backend_ = FakeBackend::make();
  FakeBackend& fake_ = FakeBackend::current();
  std::map<std::size_t, PackageResult> results_;
  int signal_ = 0;
};

TEST_F(RunnerTest, ReportsEveryTestOfAPackage) {
  fake_.scripts["a"] = Play{{{"TestA"}, {"TestB", fails}}};
  run({{"a"}});
  EXPECT_EQ(verdicts(0), "TestA=pass TestB=fail");
  EXPECT_EQ(results_[0].kind, Kind::kRan);
  EXPECT_EQ(results_[0].discovered, 2u);
  EXPECT_EQ(results_[0].reason, "");
  EXPECT_GT(results_[0].time.count(), 0);
  EXPECT_EQ(fake_.starts, std::vector<std::string>{"a: --run-all"});
  EXPECT_EQ(signal_, 0);
}

TEST_F(RunnerTest, PassesArgumentsOn) {
  fake_.scripts["a"] = Play{{{"TestA"}}};
  run({{"a"}}, {.run_pattern = "A b", .skip_pattern = "X/y", .failfast = true});
  EXPECT_EQ(fake_.starts, std::vector<std::string>{"a: --run-all --run=A b --skip=X/y --failfast"});
}

TEST_F(RunnerTest, AttributesPrintedTextToItsTest) {
  fake_.scripts["a"] = Play{{{"TestA", [](const Child& child) { return child.print("from A\n"), DYAD_PASS; }},
                             {"TestB", [](const Child& child) -> unsigned {
                                child.print("from B");
                                Child::die(SIGABRT);
                              }}}};
  run({{"a"}});
  EXPECT_EQ(text_of(results_[0].tests[0].output), "from A\n");
  EXPECT_EQ(text_of(results_[0].tests[1].output), "from B");
  EXPECT_EQ(text_of(results_[0].outside), "");
}

TEST_F(RunnerTest, CrashCostsOneTest) {
  fake_.scripts["a"] = Play{{{"T1"}, {"T2"}, {"T3", crashes}, {"T4"}, {"T5"}}};
  run({{"a"}, {"a"}});
  for (std::size_t order : {0, 1}) EXPECT_EQ(verdicts(order), "T1=pass T2=pass T3=crash[SIGSEGV] T4=pass T5=pass");
  EXPECT_EQ(fake_.starts[0], "a: --run-all");
  EXPECT_EQ(std::count(fake_.starts.begin(), fake_.starts.end(), "a: --run-all --done=0-2"), 2);
  // Whether T3 crashes by itself, too.
  EXPECT_EQ(std::count(fake_.starts.begin(), fake_.starts.end(), "a: --run-all --only=2"), 2);
  EXPECT_EQ(fake_.starts.size(), 6u);
}

TEST_F(RunnerTest, RestartsAtMostOncePerTest) {
  fake_.scripts["a"] = Play{{{"T1", crashes}, {"T2", exits}, {"T3", crashes}}};
  run({{"a"}});
  EXPECT_EQ(verdicts(0), "T1=crash[SIGSEGV] T2=fail[called exit(0)] T3=crash[SIGSEGV]");
  EXPECT_EQ(fake_.starts.size(), 3u);
  EXPECT_FALSE(results_[0].failed_outside);
}

TEST_F(RunnerTest, MainPassesByExitingWithZero) {
  fake_.scripts["a"] = Play{{{"main", exits, DYAD_TEST_MAIN}}};
  fake_.scripts["b"] = Play{{{"main", [](const Child&) -> unsigned { _exit(3); }, DYAD_TEST_MAIN}}};
  run({{"a"}, {"b"}});
  EXPECT_EQ(verdicts(0), "main=pass");
  EXPECT_FALSE(results_[0].failed_outside);
  EXPECT_EQ(verdicts(1), "main=fail[exit code 3]");
}

TEST_F(RunnerTest, ImageThatListsNothingIsALoadFailure) {
  fake_.scripts["a"] = [](const Child& child) { return child.print("bad argument\n"), 2; };
  fake_.scripts["b"] = Play{{{"TestB"}}};
  run({{"a"}, {"b"}});
  EXPECT_EQ(results_[0].kind, Kind::kLoadFailed);
  EXPECT_EQ(results_[0].reason, "exited with code 2 before the first test");
  EXPECT_EQ(text_of(results_[0].outside), "bad argument\n");
  EXPECT_EQ(results_[0].tests.size(), 0u);
  EXPECT_EQ(fake_.starts.size(), 2u);
  EXPECT_EQ(verdicts(1), "TestB=pass");
}

TEST_F(RunnerTest, OneImageThatDoesNotLoadLeavesTheOthersAlone) {
  fake_.scripts["a"] = [](const Child&) -> int { Child::die(SIGSEGV); };
  fake_.scripts["b"] = Play{{{"TestB"}}};
  run({{"a", "b"}}, {.count = 2});
  EXPECT_EQ(results_[0].kind, Kind::kLoadFailed);
  EXPECT_EQ(results_[0].reason, "a: crashed with SIGSEGV before the first test");
  EXPECT_EQ(verdicts(0), "TestB=pass TestB=pass");
  EXPECT_EQ(fake_.starts.size(), 3u);  // the broken one only once
}

TEST_F(RunnerTest, StartFailureIsALoadFailure) {
  fake_.scripts["a"] = Play{{{"TestA"}}};
  fake_.start_error = "cannot find the worker";
  run({{"a"}});
  EXPECT_EQ(results_[0].kind, Kind::kLoadFailed);
  EXPECT_EQ(results_[0].reason, "cannot start: cannot find the worker");
}

TEST_F(RunnerTest, GarbageCrashesTheTestThatRanOnly) {
  fake_.scripts["a"] = Play{{{"T1"},
                             {"T2",
                              [](const Child& child) -> unsigned {
                                child.send("garbage on the channel");
                                Child::hang();
                              }},
                             {"T3"}}};
  run({{"a"}});
  EXPECT_EQ(results_[0].tests[1].verdict, Verdict::kCrash);
  EXPECT_EQ(results_[0].tests[1].reason.substr(0, 10), "protocol: ");
  EXPECT_EQ(results_[0].tests[2].verdict, Verdict::kPass);
  EXPECT_EQ(results_[0].tests.size(), 3u);
}

TEST_F(RunnerTest, TruncatedStreamOfAnExitIsDamage) {
  fake_.scripts["a"] = Play{{{"T1",
                              [](const Child& child) -> unsigned {
                                child.send(frames::u32(100));
                                _exit(0);
                              }},
                             {"T2"}}};
  run({{"a"}});
  EXPECT_EQ(verdicts(0), "T1=crash[protocol: the stream ends inside a frame] T2=pass");
}

TEST_F(RunnerTest, StreamCutByASignalIsThatSignal) {
  fake_.scripts["a"] = Play{{{"T1",
                              [](const Child& child) -> unsigned {
                                child.send(frames::u32(100));
                                Child::die(SIGBUS);
                              }},
                             {"T2"}}};
  run({{"a"}});
  EXPECT_EQ(verdicts(0), "T1=crash[SIGBUS] T2=pass");
}

TEST_F(RunnerTest, TimeLimitEndsTestAndPackage) {
  fake_.scripts["a"] = Play{{{"T1"}, {"T2", hangs}, {"T3"}}};
  fake_.scripts["b"] = Play{{{"T1"}}};
  auto begin = std::chrono::steady_clock::now();
  run({{"a", "b"}, {"b"}}, {.time_limit = 1s});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
  EXPECT_EQ(verdicts(0), "T1=pass T2=timeout[time limit of 1s] T3=notrun[time limit of the package]");
  EXPECT_EQ(results_[0].notices, std::vector<std::string>{"b was not run: time limit of the package"});
  EXPECT_GE(results_[0].tests[1].time, 100ms);
  EXPECT_EQ(verdicts(1), "T1=pass");
}

TEST_F(RunnerTest, TimeLimitBeforeTheListIsALoadFailure) {
  fake_.scripts["a"] = [](const Child&) -> int { Child::hang(); };
  run({{"a"}}, {.time_limit = 100ms});
  EXPECT_EQ(results_[0].kind, Kind::kLoadFailed);
  EXPECT_EQ(results_[0].reason, "time limit of 100ms before the first test");
}

TEST_F(RunnerTest, TimeLimitCoversRestarts) {
  fake_.scripts["a"] = Play{{{"T1",
                              [](const Child&) -> unsigned {
                                usleep(300'000);
                                Child::die(SIGSEGV);
                              }},
                             {"T2", hangs}}};
  run({{"a"}}, {.time_limit = 1500ms});
  EXPECT_EQ(verdicts(0), "T1=crash[SIGSEGV] T2=timeout[time limit of 1.5s]");
  EXPECT_LT(results_[0].tests[1].time, 1400ms);
}

TEST_F(RunnerTest, ZeroIsNoTimeLimit) {
  fake_.scripts["a"] = Play{{{"T1", [](const Child&) { return usleep(50'000), DYAD_PASS; }}}};
  run({{"a"}}, {.time_limit = 0ms});
  EXPECT_EQ(verdicts(0), "T1=pass");
}

TEST_F(RunnerTest, FailfastStopsImageAndStartsNoPackage) {
  fake_.scripts["a"] = Play{{{"T1", fails}, {"T2"}}};
  fake_.scripts["b"] = Play{{{"T1"}}};
  run({{"a", "b"}, {"b"}}, {.failfast = true, .parallel = 1});
  EXPECT_EQ(verdicts(0), "T1=fail T2=notrun[--failfast]");
  EXPECT_EQ(results_[0].notices, std::vector<std::string>{"b was not run: --failfast"});
  EXPECT_EQ(results_[1].kind, Kind::kNotRun);
  EXPECT_EQ(results_[1].reason, "--failfast");
  EXPECT_EQ(fake_.starts.size(), 1u);
}

TEST_F(RunnerTest, FailfastDoesNotRestartAfterACrash) {
  fake_.scripts["a"] = Play{{{"T1", crashes}, {"T2"}}};
  run({{"a"}}, {.failfast = true, .count = 3});
  EXPECT_EQ(verdicts(0), "T1=crash[SIGSEGV] T2=notrun[--failfast]");
  EXPECT_EQ(fake_.starts.size(), 1u);
}

TEST_F(RunnerTest, CountRepeatsAllImagesInOrder) {
  fake_.scripts["a"] = Play{{{"A1"}, {"A2"}}};
  fake_.scripts["b"] = Play{{{"B1"}}};
  run({{"a", "b"}}, {.count = 2});
  EXPECT_EQ(verdicts(0), "A1=pass A2=pass B1=pass A1=pass A2=pass B1=pass");
  EXPECT_EQ(results_[0].discovered, 6u);
}

TEST_F(RunnerTest, NamesTakenByAnEarlierImageGetTheImagesName) {
  fake_.scripts["a"] = Play{{{"T1"}, {"Both"}}};
  fake_.scripts["b"] = Play{{{"Both"}, {"Both"}, {"T2"}}};
  run({{"a", "b"}}, {.count = 2});
  std::string round = "T1=pass Both=pass Both@b=pass Both@b#2=pass T2=pass";
  EXPECT_EQ(verdicts(0), round + " " + round);
}

TEST_F(RunnerTest, ListRunsNothing) {
  fake_.scripts["a"] = Play{{{"T1", fails}, {"T2"}}};
  run({{"a"}}, {.list_only = true, .count = 5});
  EXPECT_EQ(verdicts(0), "T1=notrun T2=notrun");
  EXPECT_EQ(fake_.starts, std::vector<std::string>{"a: --list"});
}

TEST_F(RunnerTest, StagesEveryImageInADirectoryOfItsOwn) {
  std::string seen;
  fake_.scripts["same"] = Play{{{"T1", [](const Child& child) -> unsigned {
                                   namespace fs = std::filesystem;
                                   bool ok = fs::read_symlink(child.image) == "/bin/same" &&
                                             fs::is_directory(fs::path(child.value("--temp-dir")).parent_path()) &&
                                             fs::path(child.image).filename() == "same.so";
                                   // What a test leaves must go, also what it has locked.
                                   fs::create_directories(child.value("--temp-dir") + "/left/locked");
                                   std::ofstream(child.value("--temp-dir") + "/left/locked/file") << "x";
                                   fs::permissions(child.value("--temp-dir") + "/left/locked", fs::perms::none);
                                   return ok ? DYAD_PASS : DYAD_FAIL;
                                 }}}};
  run({{"same"}, {"same", "same"}});
  EXPECT_EQ(verdicts(0), "T1=pass");
  EXPECT_EQ(verdicts(1), "T1=pass T1@same=pass");
  std::set<std::string> directories(fake_.images.begin(), fake_.images.end());
  EXPECT_EQ(directories.size(), 3u);
  for (const std::string& image : directories)
    EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(image).parent_path().parent_path()));
}

TEST_F(RunnerTest, RunsSoManyProcessesAtOnce) {
  fake_.scripts["a"] = Play{{{"T1", [](const Child&) { return usleep(20'000), DYAD_PASS; }}}};
  run({{"a", "a"}, {"a"}, {"a"}, {"a"}, {"a"}}, {.parallel = 3});
  EXPECT_EQ(fake_.most_running, 3u);
  EXPECT_EQ(results_.size(), 5u);
}

TEST_F(RunnerTest, PassesOnWhatWasNotBuilt) {
  PackageJob broken = job(0, {});
  broken.partial.kind = Kind::kBuildFailed;
  broken.partial.build_output = "error: no";
  Runner runner(backend_, {}, [&](std::size_t order, PackageResult result) { results_[order] = std::move(result); });
  runner.submit(std::move(broken));
  runner.close();
  InterruptWatch interrupts;
  runner.run(interrupts);
  EXPECT_EQ(results_.at(0).kind, Kind::kBuildFailed);
  EXPECT_EQ(results_.at(0).build_output, "error: no");
}

TEST_F(RunnerTest, EndsWhenItIsCancelled) {
  fake_.scripts["a"] = Play{{{"T1", hangs}}};
  Runner runner(backend_, {}, [&](std::size_t order, PackageResult result) { results_[order] = std::move(result); });
  runner.submit(job(0, {"a"}));
  runner.submit(job(1, {"a"}));
  std::thread canceller([&] { runner.cancel(); });
  InterruptWatch interrupts;
  runner.run(interrupts);
  canceller.join();
  EXPECT_EQ(interrupts.signal(), 0);
  ASSERT_EQ(results_.size(), 2u);
  EXPECT_EQ(results_.at(0).reason, "interrupted");
  EXPECT_EQ(results_.at(1).reason, "interrupted");
}

TEST_F(RunnerTest, TakesPackagesFromOtherThreadsWhileItRuns) {
  fake_.scripts["a"] = Play{{{"T1"}}};
  Runner runner(backend_, {}, [&](std::size_t order, PackageResult result) { results_[order] = std::move(result); });
  std::thread builder([&] {
    for (std::size_t order = 0; order < 20; ++order) {
      runner.submit(job(order, {"a"}));
      std::this_thread::yield();
    }
    runner.close();
  });
  InterruptWatch interrupts;
  runner.run(interrupts);
  builder.join();
  EXPECT_EQ(results_.size(), 20u);
}

TEST_F(RunnerTest, EveryTestOfManyPackagesIsAccountedFor) {
  auto body = [](const Child& child) -> unsigned {
    switch (std::hash<std::string>()(child.image) % 7) {
      case 0:
        Child::die(SIGSEGV);
      case 1:
        _exit(0);
      case 2:
        return DYAD_FAIL;
      case 3:
        child.send("x");
        Child::die(SIGKILL);
      default:
        return DYAD_PASS;
    }
  };
  fake_.scripts["a"] = Play{{{"T1", body}, {"T2", body}, {"T3", body}}};
  run(std::vector<std::vector<std::string>>(100, {"a"}), {.parallel = 4});
  ASSERT_EQ(results_.size(), 100u);
  for (auto& [order, result] : results_) {
    EXPECT_EQ(result.discovered, 3u);
    EXPECT_EQ(result.tests.size(), 3u);
    EXPECT_EQ(result.reason, "");
    for (const TestResult& test : result.tests) EXPECT_NE(test.verdict, Verdict::kNotRun);
  }
}

TEST_F(RunnerTest, InterruptionReportsWhatWasNotRun) {
  fake_.scripts["a"] = Play{{{"T1"},
                             {"T2",
                              [](const Child&) -> unsigned {
                                ::kill(getppid(), SIGTERM);
                                Child::hang();
                              }},
                             {"T3"}}};
  fake_.scripts["b"] = Play{{{"T1"}}};
  run({{"a", "b"}, {"b"}}, {.parallel = 1});
  EXPECT_EQ(signal_, SIGTERM);
  EXPECT_EQ(verdicts(0), "T1=pass T2=notrun[interrupted] T3=notrun[interrupted]");
  EXPECT_EQ(results_[0].notices, std::vector<std::string>{"b was not run: interrupted"});
  EXPECT_EQ(results_[0].reason, "interrupted");
  EXPECT_EQ(results_[1].kind, Kind::kNotRun);
  EXPECT_EQ(results_[1].reason, "interrupted");
  // Only while run() is active.
  struct sigaction action {};
  sigaction(SIGTERM, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
}

TEST_F(RunnerTest, SecondInterruptionEndsTheProcess) {
  // It cannot tidy up: its directories go with this one.
  TemporaryDirectory directory = std::move(*TemporaryDirectory::create("dyad-runner-test-"));
  auto interrupted_while_ending = [&] {
    setenv("TMPDIR", directory.path().c_str(), 1);
    fake_.scripts["a"] = Play{{{"T1", [](const Child&) -> unsigned {
                                  ::kill(getppid(), SIGINT);
                                  Child::hang();
                                }}}};
    Runner runner(backend_, {}, [](std::size_t, const PackageResult&) { raise(SIGTERM); });
    runner.submit(job(0, {"a"}));
    runner.close();
    InterruptWatch interrupts;
    runner.run(interrupts);
    _exit(0);
  };
  EXPECT_EXIT(interrupted_while_ending(), ::testing::ExitedWithCode(128 + SIGTERM), "");
}

TEST_F(RunnerTest, TriesAFailedTestAgainAlone) {
  std::filesystem::path mark = std::filesystem::path(::testing::TempDir()) / fmt::format("tries.{}", getpid());
  fake_.scripts["a"] =
      Play{{{"TestA"},
            {"TestB",
             [mark](const Child&) -> unsigned { return mkdir(mark.c_str(), 0700) == 0 ? crashes({}) : passes({}); }},
            {"TestC", fails}}};
  run({{"a"}}, {.retries = 2});
  std::filesystem::remove(mark);
  EXPECT_EQ(verdicts(0), "TestA=pass TestB=pass TestC=fail");
  EXPECT_EQ(results_[0].discovered, 3u);
  EXPECT_TRUE(results_[0].tests[1].is_flaky());
  EXPECT_EQ(results_[0].tests[2].earlier_tries.size(), 2u);
  EXPECT_EQ(fake_.starts, (std::vector<std::string>{"a: --run-all", "a: --run-all --done=0-1", "a: --run-all --done=0",
                                                    "a: --run-all --done=0-1"}));
}

TEST_F(RunnerTest, ShuffledPackagesStartByTurnAndAreReportedByOrder) {
  for (const char* name : {"a", "b", "c"}) fake_.scripts[name] = Play{{{"TestA"}}};
  Runner runner(backend_, {.shuffle = 9, .parallel = 1},
                [&](std::size_t order, PackageResult result) { results_.emplace(order, std::move(result)); });
  const std::size_t turns[] = {2, 0, 1};
  for (std::size_t order = 0; order < 3; ++order) {
    PackageJob next = job(order, {std::string(1, static_cast<char>('a' + order))});
    next.turn = turns[order];
    runner.submit(std::move(next));
  }
  runner.close();
  InterruptWatch interrupts;
  runner.run(interrupts);
  EXPECT_EQ(results_.size(), 3u);
  EXPECT_EQ(fake_.starts, (std::vector<std::string>{"b: --run-all --shuffle=9", "c: --run-all --shuffle=9",
                                                    "a: --run-all --shuffle=9"}));
}

TEST_F(RunnerTest, ATimeoutIsTriedAgainWithTimeOfItsOwnAndTheRestRunsIfItPasses) {
  std::filesystem::path mark = std::filesystem::path(::testing::TempDir()) / fmt::format("timeout.{}", getpid());
  fake_.scripts["a"] =
      Play{{{"TestA"},
            {"TestB", [mark](const Child&) { return mkdir(mark.c_str(), 0700) == 0 ? hangs({}) : passes({}); }},
            {"TestC"}}};
  fake_.scripts["b"] = Play{{{"TestA", hangs}, {"TestB"}}};
  run({{"a"}, {"b"}}, {.time_limit = 300ms, .retries = 1});
  std::filesystem::remove(mark);
  EXPECT_EQ(verdicts(0), "TestA=pass TestB=pass TestC=pass");
  EXPECT_EQ(results_[0].tests[1].earlier_tries.at(0).verdict, Verdict::kTimeout);
  EXPECT_EQ(verdicts(1), "TestA=timeout[time limit of 300ms] TestB=notrun[time limit of the package]");
  EXPECT_EQ(results_[1].tests[0].earlier_tries.size(), 1u);
}

}  // namespace
}  // namespace dyad::run
