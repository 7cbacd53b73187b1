#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <random>
#include <string>

#include "host/run/image_run.hpp"
#include "run_frames.hpp"

namespace dyad::run {
namespace {

using namespace std::chrono_literals;

/// An ImageRun that is fed with bytes, and a process that prints.
class Image {
 public:
  explicit Image(ImageRun::Options options = {}) : run(std::move(options)) { begin(); }

  void begin() {
    capture.emplace(std::move(*Capture::create()));
    reader = {};
    run.begin_process(*capture);
  }
  void print(const std::string& text) {
    ASSERT_EQ(write(capture->fd(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::uint64_t printed() const { return capture->size(); }

  /// What is damaged, or nothing.
  std::string feed(const std::string& bytes) {
    reader.feed(bytes);
    for (;;) {
      auto event = reader.next();
      if (!event) return event.error().text;
      if (!*event) return "";
      if (auto applied = run.apply(**event, now); !applied) return applied.error().text;
    }
  }
  void end(const ProcessEnd& end) { run.end_process(end, now); }
  void exit(int code) { end({.kind = DYAD_END_EXITED, .code = code}); }
  void crash(int signal = SIGSEGV) { end({.kind = DYAD_END_SIGNALED, .code = signal}); }
  void damage(std::string text) {
    end({.cause = ProcessEnd::Cause::kDamage, .kind = DYAD_END_SIGNALED, .code = SIGKILL, .text = std::move(text)});
  }

  ImageRun run;
  WireReader reader;
  std::optional<Capture> capture;
  ImageRun::Clock::time_point now{};
};

std::string list(std::initializer_list<const char*> names) {
  std::string bytes = frames::hello();
  std::uint32_t index = 0;
  for (const char* name : names) bytes += frames::found(index++, name);
  return bytes + frames::listed(index);
}

std::string verdicts(const ImageRun::Outcome& outcome) {
  std::string text;
  for (const TestResult& test : outcome.tests) {
    const char* names[] = {"PASS", "FAIL", "SKIP", "CRASH", "TIMEOUT", "NOTRUN"};
    text += (text.empty() ? "" : " ") + std::string(names[static_cast<int>(test.verdict)]);
  }
  return text;
}

std::string text_of(const std::vector<OutputPiece>& pieces) {
  std::string text;
  for (const OutputPiece& piece : pieces) text += "<" + piece.text + ">";
  return text;
}

TEST(ImageRun, GivesEveryTestItsVerdict) {
  Image image;
  EXPECT_EQ(image.feed(list({"A", "B", "C"}) + frames::started(0) + frames::finished(0) + frames::started(1) +
                       frames::finished(1, DYAD_FAIL) + frames::started(2) + frames::finished(2, DYAD_SKIP) +
                       frames::done(1)),
            "");
  image.exit(1);
  EXPECT_EQ(image.run.next(), ImageRun::Next::kOver);
  EXPECT_TRUE(image.run.any_failed());
  auto outcome = image.run.take();
  EXPECT_EQ(verdicts(outcome), "PASS FAIL SKIP");
  EXPECT_EQ(outcome.announced, 3u);
  EXPECT_EQ(outcome.tests[0].name, "A");
  EXPECT_EQ(outcome.tests[0].file, "calc_test.cc");
  EXPECT_EQ(outcome.tests[0].line, 7u);
  EXPECT_EQ(outcome.tests[0].time, 1ms);
  EXPECT_FALSE(outcome.failed_outside);
  EXPECT_EQ(outcome.load_failure, "");
}

TEST(ImageRun, SortsOutputByItsOffsets) {
  Image image;
  image.print("init\n");
  image.feed(list({"A", "B"}) + frames::started(0, 5));
  image.print("a1\na2\n");
  image.feed(frames::message(0, "said", DYAD_ERROR, 8) + frames::finished(0, DYAD_FAIL, 11));
  image.print("between\n");
  image.feed(frames::started(1, 19));
  image.print("b");
  image.feed(frames::finished(1, DYAD_PASS, 20) + frames::done(1, 20));
  image.print("exit");
  image.exit(1);
  auto outcome = image.run.take();
  EXPECT_EQ(text_of(outcome.tests[0].output), "<a1\n><said><a2\n>");
  EXPECT_EQ(outcome.tests[0].output[1].kind, OutputPiece::Kind::kError);
  EXPECT_EQ(outcome.tests[0].output[1].line, 12u);
  EXPECT_EQ(text_of(outcome.tests[1].output), "<b>");
  EXPECT_EQ(text_of(outcome.outside), "<init\n><between\n><exit>");
}

TEST(ImageRun, ShowsNothingTwiceWhenOffsetsGoBack) {
  Image image;
  image.print("0123456789");
  image.feed(list({"A", "B"}) + frames::outside("said", DYAD_LOG, 2) + frames::started(0, 0) +
             frames::message(0, "said", DYAD_LOG, 5) + frames::finished(0, DYAD_PASS, 4) + frames::started(1, 3) +
             frames::finished(1, DYAD_PASS, 7) + frames::done());
  image.exit(0);
  auto outcome = image.run.take();
  EXPECT_EQ(text_of(outcome.tests[0].output), "<234><said>");
  EXPECT_EQ(text_of(outcome.tests[1].output), "<56>");
  EXPECT_EQ(text_of(outcome.outside), "<01><said><789>");
}

TEST(ImageRun, KeepsOnlySoMuchOfWhatAThreadSaysThatOutlivesItsTest) {
  Image image;
  image.feed(list({"A"}) + frames::started(0) + frames::finished(0));
  for (int i = 0; i < 40; ++i) ASSERT_EQ(image.feed(frames::message(0, std::string(60'000, 'x'), DYAD_LOG)), "");
  image.feed(frames::done());
  image.exit(0);
  auto outcome = image.run.take();
  EXPECT_LE(text_of(outcome.tests[0].output).size(), kKeptMessages + 100);
  EXPECT_EQ(outcome.tests[0].output.back().text, "... later messages cut ...");
}

TEST(ImageRun, ShowsFilesRelativeToThePackage) {
  Image image({.directory = "/ws/calc"});
  image.feed(frames::hello() + frames::found(0, "A", DYAD_TEST_NATIVE, "/ws/calc/a_test.cc") +
             frames::found(1, "B", DYAD_TEST_NATIVE, "/ws/calculus/b.cc") + frames::listed(2) + frames::started(0) +
             frames::message(0, "x", DYAD_LOG, 0, "", "/ws/calc/sub/x.h") + frames::finished(0) + frames::started(1) +
             frames::finished(1) + frames::done());
  image.exit(0);
  auto outcome = image.run.take();
  EXPECT_EQ(outcome.tests[0].file, "a_test.cc");
  EXPECT_EQ(outcome.tests[0].output[0].file, "sub/x.h");
  EXPECT_EQ(outcome.tests[1].file, "/ws/calculus/b.cc");
}

TEST(ImageRun, CrashCostsOneTestAndTheRestIsRestarted) {
  Image image;
  image.feed(list({"A", "B", "C", "D"}) + frames::started(0) + frames::finished(0) + frames::started(1));
  image.print("last words");
  image.now += 5ms;
  image.crash();
  EXPECT_EQ(image.run.next(), ImageRun::Next::kRestart);
  EXPECT_EQ(image.run.done_ranges(), "0-1");
  image.begin();
  EXPECT_EQ(image.feed(list({"A", "B", "C", "D"}) + frames::started(2) + frames::finished(2) + frames::started(3) +
                       frames::finished(3) + frames::done(0)),
            "");
  image.exit(0);
  EXPECT_EQ(image.run.next(), ImageRun::Next::kOver);
  auto outcome = image.run.take();
  EXPECT_EQ(verdicts(outcome), "PASS CRASH PASS PASS");
  EXPECT_EQ(outcome.tests[1].reason, "SIGSEGV");
  EXPECT_EQ(outcome.tests[1].time, 5ms);
  EXPECT_EQ(text_of(outcome.tests[1].output), "<last words>");
  EXPECT_EQ(outcome.announced, 4u);
  EXPECT_FALSE(outcome.failed_outside);
}

TEST(ImageRun, RestartMayListOnlyWhatIsLeft) {
  Image image;
  image.feed(list({"A", "B"}) + frames::started(0));
  image.exit(0);
  image.begin();
  EXPECT_EQ(image.feed(frames::hello() + frames::found(1, "B") + frames::listed(1) + frames::started(1) +
                       frames::finished(1) + frames::done()),
            "");
  image.exit(0);
  auto outcome = image.run.take();
  EXPECT_EQ(verdicts(outcome), "FAIL PASS");
  EXPECT_EQ(outcome.tests[0].reason, "called exit(0)");
  EXPECT_EQ(outcome.announced, 2u);
}

TEST(ImageRun, DoneRangesSkipWhatIsLeft) {
  Image image;
  image.feed(frames::hello() + frames::found(0, "A") + frames::found(1, "B") + frames::found(4, "C") +
             frames::found(5, "D") + frames::listed(4));
  EXPECT_EQ(image.run.done_ranges(), "");
  image.feed(frames::started(0) + frames::finished(0) + frames::started(4) + frames::finished(4) + frames::started(5) +
             frames::finished(5));
  EXPECT_EQ(image.run.done_ranges(), "0,4-5");
}

TEST(ImageRun, NeverRestartsWithoutANewTest) {
  Image image;
  image.feed(list({"A", "B"}) + frames::started(0));
  image.crash();
  image.begin();
  // It crashes in a test that has its verdict: --done had no effect.
  image.feed(list({"A", "B"}) + frames::started(0));
  image.crash();
  EXPECT_EQ(image.run.next(), ImageRun::Next::kOver);
  auto outcome = image.run.take();
  EXPECT_EQ(verdicts(outcome), "CRASH NOTRUN");
  EXPECT_EQ(outcome.tests[1].reason, "not restarted: crashed with SIGSEGV");
}

TEST(ImageRun, RestartThatDoesNotLoadLeavesTheRestUnrun) {
  Image image;
  image.feed(list({"A", "B", "C"}) + frames::started(0));
  image.crash();
  image.begin();
  image.print("cannot open data");
  image.exit(3);
  EXPECT_EQ(image.run.next(), ImageRun::Next::kOver);
  auto outcome = image.run.take();
  EXPECT_EQ(verdicts(outcome), "CRASH NOTRUN NOTRUN");
  EXPECT_EQ(outcome.tests[2].reason, "exited with code 3 before the first test");
  EXPECT_EQ(outcome.load_failure, "");
  EXPECT_EQ(text_of(outcome.outside), "<cannot open data>");
}

TEST(ImageRun, EndWithoutListIsALoadFailure) {
  Image image;
  image.print("static initialiser says hello");
  image.feed(frames::hello() + frames::found(0, "A"));
  image.crash(SIGABRT);
  EXPECT_EQ(image.run.next(), ImageRun::Next::kOver);
  auto outcome = image.run.take();
  EXPECT_EQ(outcome.load_failure, "crashed with SIGABRT before the first test");
  EXPECT_EQ(outcome.tests.size(), 0u);
  EXPECT_EQ(outcome.announced, 0u);
  EXPECT_EQ(text_of(outcome.outside), "<static initialiser says hello>");
}

TEST(ImageRun, CrashAfterTheLastTestFailsThePackage) {
  Image image;
  image.feed(list({"A"}) + frames::started(0) + frames::finished(0));
  image.crash();
  EXPECT_EQ(image.run.next(), ImageRun::Next::kOver);
  auto outcome = image.run.take();
  EXPECT_EQ(verdicts(outcome), "PASS");
  EXPECT_TRUE(outcome.failed_outside);
  EXPECT_EQ(text_of(outcome.outside), "<crashed with SIGSEGV after the last test>");
}

TEST(ImageRun, FailureThatNoTestExplainsIsOutside) {
  Image image;
  image.feed(list({"A"}) + frames::started(0) + frames::finished(0) + frames::done(1));
  image.exit(1);
  auto outcome = image.run.take();
  EXPECT_TRUE(outcome.failed_outside);
  EXPECT_EQ(text_of(outcome.outside), "<the image reports a failure outside its tests>");
}

TEST(ImageRun, ErrorsOutsideTestsFailThePackageAndNotesDoNot) {
  Image note, error;
  std::string rest = frames::started(0) + frames::finished(0) + frames::done(0);
  note.feed(list({"A"}) + frames::outside("a note", DYAD_LOG) + rest);
  note.exit(0);
  EXPECT_FALSE(note.run.take().failed_outside);
  error.feed(list({"A"}) + frames::outside("no database", DYAD_FATAL) + rest);
  error.exit(0);
  auto outcome = error.run.take();
  EXPECT_TRUE(outcome.failed_outside);
  EXPECT_EQ(text_of(outcome.outside), "<no database>");
  EXPECT_EQ(outcome.outside[0].file, "env.cc");
}

TEST(ImageRun, TestThatNeverBeganIsSkippedOrFails) {
  Image image;
  EXPECT_EQ(image.feed(list({"A", "B"}) + frames::message(0, "disabled", DYAD_SKIPPED) +
                       frames::finished(0, DYAD_SKIP) + frames::finished(1, DYAD_FAIL) + frames::done(1)),
            "");
  image.exit(1);
  auto outcome = image.run.take();
  EXPECT_EQ(verdicts(outcome), "SKIP FAIL");
  EXPECT_EQ(text_of(outcome.tests[0].output), "<disabled>");
  EXPECT_EQ(outcome.tests[0].output[0].kind, OutputPiece::Kind::kSkipReason);
}

TEST(ImageRun, TestThatNeverBeganCannotPass) {
  Image image;
  EXPECT_EQ(image.feed(list({"A"}) + frames::finished(0, DYAD_PASS)), "test 0 passed without having begun");
}

TEST(ImageRun, RepeatedTestHasItsWorstVerdictAndAllItsTime) {
  Image image;
  image.feed(list({"A", "B"}) + frames::started(0) + frames::finished(0, DYAD_FAIL) + frames::started(1) +
             frames::finished(1, DYAD_SKIP) + frames::started(0) + frames::finished(0, DYAD_PASS) + frames::started(1) +
             frames::finished(1, DYAD_PASS) + frames::done(1));
  image.exit(1);
  auto outcome = image.run.take();
  EXPECT_EQ(verdicts(outcome), "FAIL PASS");
  EXPECT_EQ(outcome.tests[0].time, 2ms);
}

TEST(ImageRun, TimesDoNotOverflow) {
  Image image;
  std::string once = frames::started(0) + frames::finished(0, DYAD_PASS, 0, ~std::uint64_t{0});
  image.feed(list({"A"}) + once + once + frames::done());
  image.exit(0);
  EXPECT_EQ(image.run.take().tests[0].time, std::chrono::nanoseconds::max());
}

TEST(ImageRun, SubtestsKeepOrderAndOutput) {
  Image image;
  image.feed(list({"A"}) + frames::started(0));
  image.print("top\n");
  image.feed(frames::sub_started(0, "s", 4));
  image.print("in s\n");
  image.feed(frames::sub_started(0, "s/t", 9) + frames::message(0, "deep", DYAD_ERROR, 9, "s/t") +
             frames::sub_finished(0, "s/t", DYAD_FAIL, 9) + frames::sub_finished(0, "s", DYAD_FAIL, 9));
  image.print("end\n");
  image.feed(frames::finished(0, DYAD_FAIL, 13) + frames::done(1, 13));
  image.exit(1);
  auto outcome = image.run.take();
  const TestResult& test = outcome.tests[0];
  EXPECT_EQ(text_of(test.output), "<top\n><in s\n><deep><end\n>");
  EXPECT_EQ(test.output[1].subtest, "s");
  EXPECT_EQ(test.output[2].subtest, "s/t");
  EXPECT_EQ(test.output[3].subtest, "");
  ASSERT_EQ(test.subtests.size(), 2u);
  EXPECT_EQ(test.subtests[0].name, "s");
  EXPECT_EQ(test.subtests[0].begin, 1u);
  EXPECT_EQ(test.subtests[1].name, "s/t");
  EXPECT_EQ(test.subtests[1].begin, 2u);
  EXPECT_EQ(test.subtests[1].verdict, Verdict::kFail);
}

TEST(ImageRun, CrashInASubtestMarksItToo) {
  Image image;
  image.feed(list({"A"}) + frames::started(0) + frames::sub_started(0, "fine") + frames::sub_finished(0, "fine") +
             frames::sub_started(0, "bad") + frames::sub_started(0, "bad/worse"));
  image.print("ouch");
  image.crash();
  auto outcome = image.run.take();
  ASSERT_EQ(outcome.tests[0].subtests.size(), 3u);
  EXPECT_EQ(outcome.tests[0].subtests[0].verdict, Verdict::kPass);
  EXPECT_EQ(outcome.tests[0].subtests[1].verdict, Verdict::kCrash);
  EXPECT_EQ(outcome.tests[0].subtests[2].verdict, Verdict::kCrash);
  EXPECT_EQ(outcome.tests[0].output[0].subtest, "bad/worse");
}

TEST(ImageRun, DamageCrashesTheOpenTestAndTheRestIsRestarted) {
  Image image;
  std::string damage = image.feed(list({"A", "B"}) + frames::started(0) + frames::frame(77, ""));
  EXPECT_EQ(damage, "unknown frame type 77");
  image.damage(damage);
  EXPECT_EQ(image.run.next(), ImageRun::Next::kRestart);
  image.begin();
  image.feed(list({"A", "B"}) + frames::started(1) + frames::finished(1) + frames::done());
  image.exit(0);
  auto outcome = image.run.take();
  EXPECT_EQ(verdicts(outcome), "CRASH PASS");
  EXPECT_EQ(outcome.tests[0].reason, "protocol: unknown frame type 77");
}

TEST(ImageRun, ListingAloneGivesNoReason) {
  Image image({.list_only = true});
  image.feed(list({"A", "B"}) + frames::done());
  image.exit(0);
  auto outcome = image.run.take();
  EXPECT_EQ(verdicts(outcome), "NOTRUN NOTRUN");
  EXPECT_EQ(outcome.tests[0].reason, "");
  EXPECT_FALSE(outcome.failed_outside);
}

TEST(ImageRun, TestsThatTheImageLeavesOutAreNotRun) {
  Image image;
  image.feed(list({"A", "B"}) + frames::started(0) + frames::finished(0) + frames::done());
  image.exit(0);
  auto outcome = image.run.take();
  EXPECT_EQ(verdicts(outcome), "PASS NOTRUN");
  EXPECT_EQ(outcome.tests[1].reason, "the image ended without running it");
}

TEST(ImageRun, StartFailureIsALoadFailure) {
  ImageRun run({});
  run.end_process({.cause = ProcessEnd::Cause::kNotStarted, .text = "too many open files"}, {});
  EXPECT_EQ(run.next(), ImageRun::Next::kOver);
  EXPECT_EQ(run.take().load_failure, "cannot start: too many open files");
}

struct Damage {
  const char* what;
  std::string bytes;
  std::string message;
};

TEST(ImageRun, RefusesWhatTheProtocolForbids) {
  const std::string ab = list({"A", "B"});
  const Damage cases[] = {
      {"no greeting", frames::listed(0), "an end of the list outside the list"},
      {"greeting twice", frames::hello() + frames::hello(), "a second greeting"},
      {"other version", frames::hello(9), "event stream version 9, this dyad reads 3"},
      {"wrong count", frames::hello() + frames::found(0, "A") + frames::listed(2),
       "1 tests announced, the list counts 2"},
      {"index repeated", frames::hello() + frames::found(1, "A") + frames::found(1, "B"),
       "test 1 announced after test 1"},
      {"announced late", ab + frames::found(2, "C"), "test 2 announced outside the list"},
      {"list twice", ab + frames::listed(2), "an end of the list outside the list"},
      {"start before list", frames::hello() + frames::found(0, "A") + frames::started(0),
       "start of test 0 outside the run"},
      {"start of unknown", ab + frames::started(2), "start of test 2, which was not announced"},
      {"two starts", ab + frames::started(0) + frames::started(1), "start of test 1 while test 0 runs"},
      {"same start twice", ab + frames::started(0) + frames::started(0), "start of test 0 while test 0 runs"},
      {"end of another", ab + frames::started(0) + frames::finished(1), "end of test 1 while test 0 runs"},
      {"end of unknown", ab + frames::finished(7, DYAD_SKIP), "end of test 7, which was not announced"},
      {"message to unknown", ab + frames::message(7, "x"), "message of test 7, which was not announced"},
      {"subtest without test", ab + frames::sub_started(0, "s"), "start of a subtest of test 0, which does not run"},
      {"subtest in itself", ab + frames::started(0) + frames::sub_started(0, "s") + frames::sub_started(0, "s"),
       "subtest s of test 0 begins inside itself"},
      {"subtest ends early",
       ab + frames::started(0) + frames::sub_started(0, "s") + frames::sub_started(0, "s/t") +
           frames::sub_finished(0, "s"),
       "subtest s of test 0 ends, which does not run"},
      {"done in a test", ab + frames::started(0) + frames::done(), "the end while test 0 runs"},
      {"done twice", ab + frames::done() + frames::done(), "an end outside the run"},
      {"start after done", ab + frames::done() + frames::started(0), "start of test 0 outside the run"},
      {"outside after done", ab + frames::done() + frames::outside("x"), "a message outside the run"},
  };
  for (const Damage& damage : cases) {
    Image image;
    EXPECT_EQ(image.feed(damage.bytes), damage.message) << damage.what;
  }
}

TEST(ImageRun, RefusesAnotherListAfterARestart) {
  for (const std::string& second : {list({"A", "X"}), list({"A", "B", "C"})}) {
    Image image;
    image.feed(list({"A", "B"}) + frames::started(0));
    image.crash();
    image.begin();
    EXPECT_NE(image.feed(second), "");
  }
}

// Whatever comes, every announced test has one verdict and the number of restarts is bounded.
TEST(ImageRun, AccountsForEveryTestUnderRandomStreams) {
  std::mt19937 random(7);
  auto pick = [&](unsigned n) { return static_cast<std::uint32_t>(random() % n); };
  std::size_t restarted = 0, crashed = 0;
  for (int round = 0; round < 500; ++round) {
    Image image({.failfast = pick(4) == 0});
    for (unsigned processes = 1; image.run.next() != ImageRun::Next::kOver; ++processes) {
      ASSERT_LE(processes, 6u);
      if (processes > 1) image.begin();
      std::string damage = image.feed(pick(20) ? list({"A", "B", "C", "D", "E"}) : frames::hello());
      for (unsigned i = 0; i < 12 && damage.empty(); ++i) {
        std::uint32_t test = pick(5);
        std::string frame[] = {frames::started(test),
                               frames::started(test) + frames::finished(test, 1 + pick(3)),
                               frames::finished(test, 1 + pick(3)),
                               frames::message(test, "m"),
                               frames::sub_started(test, "s"),
                               frames::started(test) + frames::finished(test)};
        damage = image.feed(frame[pick(6)]);
      }
      if (!damage.empty())
        image.damage(damage);
      else if (pick(2))
        image.crash();
      else
        image.exit(static_cast<int>(pick(2)));
      restarted += processes > 1;
    }
    auto outcome = image.run.take();
    EXPECT_EQ(outcome.tests.size(), outcome.announced);
    for (const TestResult& test : outcome.tests) {
      EXPECT_TRUE(test.verdict != Verdict::kNotRun || !test.reason.empty());
      crashed += test.verdict == Verdict::kCrash;
    }
  }
  EXPECT_GT(restarted, 100u);
  EXPECT_GT(crashed, 100u);
}

TEST(ImageRun, ARepeatedTestKeepsItsLastRepetitionUntilItFails) {
  Image image({.repeated = 10});
  ASSERT_EQ(image.feed(list({"TestA", "TestB"})), "");
  for (unsigned verdict : {DYAD_PASS, DYAD_PASS, DYAD_FAIL}) {
    ASSERT_EQ(image.feed(frames::started(0, image.printed())), "");
    image.print("x\n");
    ASSERT_EQ(image.feed(frames::finished(0, verdict, image.printed())), "");
    if (verdict == DYAD_FAIL) break;
    ASSERT_EQ(image.feed(frames::started(1, image.printed()) + frames::finished(1, DYAD_PASS, image.printed())), "");
  }
  EXPECT_EQ(image.run.repetitions(), 3u);
  EXPECT_TRUE(image.run.failed());
  ASSERT_EQ(image.feed(frames::done(true, image.printed())), "");
  image.exit(1);
  auto outcome = image.run.take();
  EXPECT_EQ(outcome.tests[0].verdict, Verdict::kFail);
  EXPECT_EQ(outcome.tests[0].reason, "repetition 13");
  ASSERT_EQ(outcome.tests[0].output.size(), 1u);
  EXPECT_EQ(outcome.tests[0].output[0].text, "x\n");
  EXPECT_EQ(outcome.tests[1].verdict, Verdict::kPass);
}

TEST(ImageRun, ACrashInALaterRepetitionNamesIt) {
  Image image({.repeated = 0});
  ASSERT_EQ(
      image.feed(list({"TestA"}) + frames::started(0, 0) + frames::finished(0, DYAD_PASS, 0) + frames::started(0, 0)),
      "");
  image.crash();
  EXPECT_EQ(image.run.next(), ImageRun::Next::kOver);
  auto outcome = image.run.take();
  EXPECT_EQ(outcome.tests[0].verdict, Verdict::kCrash);
  EXPECT_EQ(outcome.tests[0].reason, "SIGSEGV; repetition 2");
}

}  // namespace
}  // namespace dyad::run
