// The run loop, through the image's own entry and a table written by hand. Each test runs the image in a forked child,
// as an image is run once per process.
#include <dyad/testing.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <regex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "backends/abi/package.h"
#include "backends/abi/wire.h"
#include "backends/runtime/table.h"
#include "runtime_events.hpp"

namespace {

void test_passes(dyad::T& t) {
  std::printf("printed\n");
  t.log("a log");
  unsigned three = 3;
  int* none = nullptr;
  DYAD_CHECK(three == 3);
  DYAD_CHECK(none == NULL);
  DYAD_CHECK(none == nullptr);
}

enum class Colour { kRed, kGreen };
struct Opaque {
  bool operator==(const Opaque&) const { return false; }
};

void test_checks(dyad::T&) {
  int one = 1;
  std::string text = "x\n\"";
  const char* null = nullptr;
  std::vector<int> two{1, 2};
  DYAD_CHECK(one == 2);
  DYAD_CHECK(text != "x\n\"");
  DYAD_CHECK(two == std::vector<int>{});
  DYAD_CHECK(Colour::kRed == Colour::kGreen);
  DYAD_CHECK(Opaque{} == Opaque{});
  DYAD_CHECK(0.1 + 0.2 == 0.3);
  DYAD_CHECK('a' > 'b');
  DYAD_CHECK(null);
  DYAD_CHECK(!one);
  DYAD_CHECK(one == 1 && text.empty());
  DYAD_REQUIRE(one >= 5);
  DYAD_CHECK(one == 99);
}

void test_subtests(dyad::T& t) {
  t.cleanup([&t] { t.log("first clean-up runs last"); });
  t.cleanup([&t] { t.log("last clean-up runs first"); });
  bool passed = t.run("a b", [](dyad::T& sub) { sub.run("deep", [](dyad::T& deep) { deep.fatal("stop"); }); });
  if (!passed && t.failed()) t.log("and its parents fail");
  t.run("a b", [](dyad::T& sub) { sub.skip("not now"); });
  t.run("outer", [&t](dyad::T&) { t.fatal("ends the test, not the subtest"); });
  t.log("not reached");
}

void test_throws(dyad::T& t) {
  struct Says {
    dyad::T& t;
    ~Says() { t.log("destroyed"); }
  } says{t};
  throw std::runtime_error("oops");
}

void test_jumps(dyad::T& t) {
  dyad_cleanup(
      &t, [](void* argument) { static_cast<dyad::T*>(argument)->log("clean"); }, &t);
  auto inner = [](dyad_T* sub, void* outer) {
    dyad_cleanup(
        sub, [](void* argument) { static_cast<dyad::T*>(argument)->log("clean sub"); }, sub);
    dyad_say(static_cast<dyad_T*>(outer), 3, "f.c", 1, "outer %d", 1);
    dyad_stop_jump(static_cast<dyad_T*>(outer));
  };
  dyad_run(&t, "sub", inner, &t);
  t.log("not reached");
}

void test_thread(dyad::T& t) {
  std::thread([] {
    DYAD_CHECK(1 == 2);
    DYAD_REQUIRE(2 == 3);
    DYAD_CHECK(3 == 4);
  }).join();
  t.log("joined");
}

std::string g_directory;
void test_changes_its_surroundings(dyad::T& t) {
  g_directory = t.temp_dir();
  std::filesystem::create_directories(g_directory + "/x/y");
  t.chdir(g_directory);
  t.setenv("DYAD_UNIT_TEST", "1");
  if (std::getenv("DYAD_UNIT_TEST") == nullptr || !std::filesystem::exists("x/y")) t.error("nothing changed");
}

void test_finds_them_restored(dyad::T& t) {
  DYAD_CHECK(!std::filesystem::exists(g_directory));
  DYAD_CHECK(std::filesystem::current_path().string() != g_directory);
  DYAD_CHECK(std::getenv("DYAD_UNIT_TEST") == nullptr);
  t.skipf("reason %d", 1);
}

void checks_for_its_caller(dyad::T& t, dyad::Here here = dyad::Here::now()) {
  auto scope = t.helper(here);
  t.error("wrong", dyad::Here{"helper.cpp", 1});
}
void test_helper(dyad::T& t) { checks_for_its_caller(t); }

void test_forks(dyad::T&) {
  pid_t child = fork();
  if (child == 0) return;  // the child comes out of the test function
  int status = 0;
  waitpid(child, &status, 0);
  DYAD_CHECK(WEXITSTATUS(status) == 1);
}

void test_crashes(dyad::T& t) {
  t.log("before");
  std::abort();
}

int passing_main() { return 0; }
int failing_main() { return 3; }

}  // namespace

extern "C" {
extern const dyad_table_entry dyad_table_entries[];
extern const uint32_t dyad_table_count;
extern const char dyad_table_package[];
extern int (*const dyad_own_main)(int, char**, char**);
const dyad_table_entry dyad_table_entries[] = {
    {"TestPasses", "a.cc", 1, DYAD_TEST_NATIVE},   {"TestChecks", "a.cc", 2, DYAD_TEST_NATIVE},
    {"TestSubtests", "a.cc", 3, DYAD_TEST_NATIVE}, {"TestThrows", "a.cc", 4, DYAD_TEST_NATIVE},
    {"TestJumps", "a.cc", 5, DYAD_TEST_NATIVE},    {"TestThread", "a.cc", 6, DYAD_TEST_NATIVE},
    {"TestChanges", "a.cc", 7, DYAD_TEST_NATIVE},  {"TestRestored", "a.cc", 8, DYAD_TEST_NATIVE},
    {"TestHelper", "a.cc", 9, DYAD_TEST_NATIVE},   {"TestForks", "a.cc", 10, DYAD_TEST_NATIVE},
    {"TestCrashes", "a.cc", 11, DYAD_TEST_NATIVE}, {"passing", "b.cc", 1, DYAD_TEST_MAIN},
    {"failing", "c.cc", 1, DYAD_TEST_MAIN},
};
const uint32_t dyad_table_count = 13;
const char dyad_table_package[] = "some/package";
int (*const dyad_own_main)(int, char**, char**) = nullptr;

void dyad_dispatch(uint32_t index, dyad_T* t) {
  static void (*const kTests[])(dyad::T&) = {test_passes,
                                             test_checks,
                                             test_subtests,
                                             test_throws,
                                             test_jumps,
                                             test_thread,
                                             test_changes_its_surroundings,
                                             test_finds_them_restored,
                                             test_helper,
                                             test_forks,
                                             test_crashes};
  kTests[index](static_cast<dyad::T&>(*t));
}
int dyad_dispatch_main(uint32_t index, int, char**, char**) { return index == 11 ? passing_main() : failing_main(); }
const dyad_package* dyad_package_entry(uint32_t abi);
}

namespace dyad::runtime {
namespace {

struct Ran {
  std::string events, output;
  int status;
};

/// Runs the image with `words`. With `events`: the events as EventLines shows them; without: what it prints.
Ran run_image(std::vector<std::string> words, bool events = true) {
  int channel[2];
  EXPECT_EQ(pipe(channel), 0);
  FILE* capture = std::tmpfile();
  if (events) words.push_back("--events-fd=" + std::to_string(channel[1]));
  std::fflush(nullptr);  // else the child would print what is still in the buffers, too
  pid_t child = fork();
  if (child == 0) {
    close(channel[0]);
    dup2(fileno(capture), 1);
    dup2(fileno(capture), 2);
    std::vector<char*> argv{const_cast<char*>("/x/image")};
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    int code = dyad_package_entry(DYAD_PACKAGE_ABI)->main(static_cast<int>(argv.size()) - 1, argv.data());
    std::fflush(nullptr);
    _exit(code);
  }
  close(channel[1]);
  Ran ran;
  char buffer[4096];
  for (ssize_t got; (got = read(channel[0], buffer, sizeof buffer)) > 0;)
    ran.events.append(buffer, static_cast<std::size_t>(got));
  close(channel[0]);
  waitpid(child, &ran.status, 0);
  ran.events = EventLines(ran.events).text();
  std::rewind(capture);
  for (std::size_t got; (got = std::fread(buffer, 1, sizeof buffer, capture)) > 0;) ran.output.append(buffer, got);
  std::fclose(capture);
  return ran;
}

/// The events of one test, without the list.
std::string events_of(const std::string& test) {
  std::string events = run_image({"--run=^" + test + "$"}).events;
  std::size_t listed = events.find("LISTED 1\n");
  return listed == std::string::npos ? events : events.substr(listed + 9);
}

TEST(RunLoop, ReportsAPassingTest) {
  Ran ran = run_image({"--run-all", "--run=TestPasses"});
  EXPECT_EQ(ran.events,
            "HELLO 3\nFOUND 0 1 TestPasses a.cc:1\nLISTED 1\nSTARTED 0\n"
            "MESSAGE 0 1 runtime_run_loop_test.cpp [] a log\nFINISHED 0 1\nDONE 0\n");
  EXPECT_EQ(ran.output, "printed\n");
  EXPECT_EQ(ran.status, 0);
}

TEST(RunLoop, ShowsBothSidesOfAFailedCheck) {
  std::string at = "runtime_run_loop_test.cpp [] ";
  EXPECT_EQ(events_of("TestChecks"),
            "STARTED 1\n"
            "MESSAGE 1 2 " +
                at +
                "CHECK(one == 2) failed: 1 == 2\n"
                "MESSAGE 1 2 " +
                at +
                "CHECK(text != \"x\\n\\\"\") failed: \"x\\n\\\"\" != \"x\\n\\\"\"\n"
                "MESSAGE 1 2 " +
                at +
                "CHECK(two == std::vector<int>{}) failed: {1, 2} == {}\n"
                "MESSAGE 1 2 " +
                at +
                "CHECK(Colour::kRed == Colour::kGreen) failed: 0 == 1\n"
                "MESSAGE 1 2 " +
                at +
                "CHECK(Opaque{} == Opaque{}) failed: {?} == {?}\n"
                "MESSAGE 1 2 " +
                at +
                "CHECK(0.1 + 0.2 == 0.3) failed: 0.30000000000000004 == 0.3\n"
                "MESSAGE 1 2 " +
                at +
                "CHECK('a' > 'b') failed: 'a' > 'b'\n"
                "MESSAGE 1 2 " +
                at +
                "CHECK(null) failed: nullptr\n"
                "MESSAGE 1 2 " +
                at +
                "CHECK(!one) failed\n"
                "MESSAGE 1 2 " +
                at +
                "CHECK(one == 1 && text.empty()) failed\n"
                "MESSAGE 1 3 " +
                at +
                "REQUIRE(one >= 5) failed: 1 >= 5\n"
                "FINISHED 1 2\nDONE 1\n");
}

TEST(RunLoop, RunsSubtestsAndCleanUps) {
  std::string at = "runtime_run_loop_test.cpp ";
  EXPECT_EQ(events_of("TestSubtests"),
            "STARTED 2\n"
            "SUB_STARTED 2 a_b\nSUB_STARTED 2 a_b/deep\n"
            "MESSAGE 2 3 " +
                at +
                "[a_b/deep] stop\n"
                "SUB_FINISHED 2 2 a_b/deep\nSUB_FINISHED 2 2 a_b\n"
                "MESSAGE 2 1 " +
                at +
                "[] and its parents fail\n"
                "SUB_STARTED 2 a_b#01\nMESSAGE 2 4 " +
                at +
                "[a_b#01] not now\nSUB_FINISHED 2 3 a_b#01\n"
                "SUB_STARTED 2 outer\nMESSAGE 2 3 " +
                at +
                "[] ends the test, not the subtest\nSUB_FINISHED 2 1 outer\n"
                "MESSAGE 2 1 " +
                at +
                "[] last clean-up runs first\n"
                "MESSAGE 2 1 " +
                at +
                "[] first clean-up runs last\n"
                "FINISHED 2 2\nDONE 1\n");
}

TEST(RunLoop, RepeatsInPlaceUntilATestFails) {
  std::string events = run_image({"--run-all", "--run=^TestPasses$", "--repeat=3"}).events;
  std::size_t starts = 0;
  for (std::size_t at = 0; (at = events.find("STARTED 0", at)) != std::string::npos; ++at) ++starts;
  EXPECT_EQ(starts, 3u) << events;
  EXPECT_TRUE(events.ends_with("FINISHED 0 1\nDONE 0\n")) << events;
  events = run_image({"--run-all", "--run=^TestThrows$", "--repeat=3", "--repeat-for=60000"}).events;
  EXPECT_EQ(events.find("STARTED"), events.rfind("STARTED")) << events;
  events = run_image({"--run-all", "--run=^TestPasses$", "--repeat-for=0"}).events;
  EXPECT_EQ(events.find("STARTED"), events.rfind("STARTED")) << events;
}

TEST(RunLoop, ShufflesWithoutChangingTheList) {
  std::string plain = run_image({"--run-all", "--run=^Test(Passes|Checks|Subtests|Throws)$"}).events;
  std::set<std::string> orders;
  for (const char* seed : {"--shuffle=1", "--shuffle=2", "--shuffle=3", "--shuffle=4"}) {
    std::string events = run_image({"--run-all", "--run=^Test(Passes|Checks|Subtests|Throws)$", seed}).events;
    std::size_t list = events.find("LISTED");
    EXPECT_EQ(events.substr(0, list), plain.substr(0, plain.find("LISTED")));
    std::string order;
    for (std::size_t at = list; (at = events.find("\nSTARTED ", at)) != std::string::npos; ++at)
      order += events[at + 9];
    EXPECT_EQ(std::set<char>(order.begin(), order.end()).size(), 4u) << order;
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 1u);
}

TEST(RunLoop, SelectsSubtests) {
  std::string events = run_image({"--run=TestSubtests/outer"}).events;
  EXPECT_EQ(events.find("a_b"), std::string::npos) << events;
  EXPECT_NE(events.find("SUB_STARTED 2 outer"), std::string::npos) << events;
}

TEST(RunLoop, ReportsAnExceptionAfterItsDestructors) {
  EXPECT_EQ(events_of("TestThrows"),
            "STARTED 3\nMESSAGE 3 1 runtime_run_loop_test.cpp [] destroyed\n"
            "MESSAGE 3 3 - [] threw std::runtime_error: oops\nFINISHED 3 2\nDONE 1\n");
}

TEST(RunLoop, ClosesWhatAJumpSkips) {
  std::string at = "runtime_run_loop_test.cpp ";
  EXPECT_EQ(events_of("TestJumps"),
            "STARTED 4\nSUB_STARTED 4 sub\nMESSAGE 4 3 f.c [] outer 1\n"
            "MESSAGE 4 1 " +
                at +
                "[sub] clean sub\nSUB_FINISHED 4 1 sub\n"
                "MESSAGE 4 1 " +
                at + "[] clean\nFINISHED 4 2\nDONE 1\n");
}

TEST(RunLoop, TakesChecksOfOtherThreads) {
  std::string at = "runtime_run_loop_test.cpp [] ";
  EXPECT_EQ(events_of("TestThread"), "STARTED 5\nMESSAGE 5 2 " + at +
                                         "CHECK(1 == 2) failed: 1 == 2\n"
                                         "MESSAGE 5 3 " +
                                         at +
                                         "REQUIRE(2 == 3) failed: 2 == 3\n"
                                         "MESSAGE 5 1 " +
                                         at + "joined\nFINISHED 5 2\nDONE 1\n");
}

TEST(RunLoop, RestoresDirectoryEnvironmentAndFiles) {
  EXPECT_EQ(run_image({"--run=TestChanges|TestRestored"}).events,
            "HELLO 3\nFOUND 6 1 TestChanges a.cc:7\nFOUND 7 1 TestRestored a.cc:8\nLISTED 2\n"
            "STARTED 6\nFINISHED 6 1\nSTARTED 7\nMESSAGE 7 4 runtime_run_loop_test.cpp [] reason 1\n"
            "FINISHED 7 3\nDONE 0\n");
}

TEST(RunLoop, HelperCarriesThePlaceOfItsCaller) {
  EXPECT_EQ(events_of("TestHelper"),
            "STARTED 8\nMESSAGE 8 2 runtime_run_loop_test.cpp [] wrong\nFINISHED 8 2\nDONE 1\n");
}

TEST(RunLoop, AForkedChildReportsNothing) { EXPECT_EQ(events_of("TestForks"), "STARTED 9\nFINISHED 9 1\nDONE 0\n"); }

TEST(RunLoop, TellsOfATestBeforeItCrashes) {
  Ran ran = run_image({"--run=TestPasses|TestCrashes"});
  EXPECT_TRUE(WIFSIGNALED(ran.status));
  EXPECT_EQ(ran.events.substr(ran.events.find("FINISHED")),
            "FINISHED 0 1\nSTARTED 10\nMESSAGE 10 1 runtime_run_loop_test.cpp [] before\nCRASHED 6\nSTACK 0 0\n");
}

TEST(RunLoop, JudgesAMainByWhatItReturns) {
  EXPECT_EQ(run_image({"--run=passing|failing"}).events,
            "HELLO 3\nFOUND 11 3 passing b.cc:1\nFOUND 12 3 failing c.cc:1\nLISTED 2\nSTARTED 11\nFINISHED 11 1\n"
            "STARTED 12\nMESSAGE 12 2 - [] main returned 3\nFINISHED 12 2\nDONE 1\n");
}

TEST(RunLoop, LeavesOutWhatIsDone) {
  Ran ran = run_image({"--done=0-10,12"});
  EXPECT_EQ(ran.events, "HELLO 3\nFOUND 11 3 passing b.cc:1\nLISTED 1\nSTARTED 11\nFINISHED 11 1\nDONE 0\n");
}

TEST(RunLoop, FailfastLeavesTheRestWithoutVerdict) {
  Ran ran = run_image({"--run=TestThrows|TestPasses|TestHelper", "--failfast"});
  EXPECT_EQ(ran.events.substr(ran.events.find("FINISHED 3")), "FINISHED 3 2\nDONE 1\n");
}

TEST(RunLoop, ListsWithoutRunning) {
  Ran ran = run_image({"--list", "--run=TestPasses|TestCrashes"});
  EXPECT_EQ(ran.events, "HELLO 3\nFOUND 0 1 TestPasses a.cc:1\nFOUND 10 1 TestCrashes a.cc:11\nLISTED 2\nDONE 0\n");
  EXPECT_EQ(ran.status, 0);
}

TEST(RunLoop, ExitsWithOneAfterAFailure) { EXPECT_EQ(WEXITSTATUS(run_image({"--run=TestThrows"}).status), 1); }

TEST(RunLoop, BadArgumentsEndItWithTwo) {
  Ran ran = run_image({"--run=("}, false);
  EXPECT_EQ(WEXITSTATUS(ran.status), 2);
  EXPECT_EQ(ran.output.find("some/package: bad regular expression '('"), 0u) << ran.output;
  EXPECT_EQ(run_image({"--what"}, false).output, "some/package: unknown argument: --what\n");
}

TEST(RunLoop, PrintsForAPerson) {
  Ran ran = run_image({"--run=TestPasses|TestJumps|failing"}, false);
  std::string at = "runtime_run_loop_test.cpp";
  std::string text;  // without directories, line numbers and times
  for (std::size_t i = 0; i < ran.output.size();) {
    std::size_t end = ran.output.find('\n', i);
    std::string line = ran.output.substr(i, end - i);
    if (std::size_t file = line.find(at); file != std::string::npos)
      line = "    " + line.substr(line.find(": ", file) + 2);
    text += line + "\n";
    i = end + 1;
  }
  text = std::regex_replace(text, std::regex(R"(\([0-9]+\.[0-9]{2}s\))"), "(0.00s)");
  EXPECT_EQ(text,
            "=== RUN   TestPasses\nprinted\n    a log\n--- PASS: TestPasses (0.00s)\n"
            "=== RUN   TestJumps\n=== RUN   TestJumps/sub\n    f.c:1: outer 1\n    clean sub\n"
            "    --- PASS: TestJumps/sub (0.00s)\n    clean\n--- FAIL: TestJumps (0.00s)\n"
            "=== RUN   failing\n    main returned 3\n--- FAIL: failing (0.00s)\nFAIL\n");
}

TEST(RunLoop, KnowsOnlyItsOwnAbi) { EXPECT_EQ(dyad_package_entry(DYAD_PACKAGE_ABI + 1), nullptr); }

}  // namespace
}  // namespace dyad::runtime
