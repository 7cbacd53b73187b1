// GoogleTest behind the interface of framework.h. Compiled with the flags of the user's tests against the header that
// they include (GoogleTest 1.8 to 1.15; C++11), with -DDYAD_GMOCK=1 where they use GoogleMock.
//
// A listener reports; the tests to run are chosen when RUN_ALL_TESTS begins. Only then is it known which tests there
// are: TEST_P are registered by InitGoogleTest, which a program's own main calls when it likes. --gtest_filter cannot
// be used: an own main may set it, and a filter of thousands of exact names is slow. So the adapter reads and clears
// GoogleTest's own "should run" marks, which are private. Everything else stands on the public interface.
#if DYAD_GMOCK
#include <gmock/gmock.h>
#endif
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "backends/abi/wire.h"
#include "backends/runtime/framework.h"

namespace dyad_gtest_adapter {
namespace {

// GoogleTest 1.10 renamed test cases to test suites.
#ifdef INSTANTIATE_TEST_SUITE_P
typedef testing::TestSuite Suite;
int suite_count(const testing::UnitTest& program) { return program.total_test_suite_count(); }
const Suite* suite_at(const testing::UnitTest& program, int i) { return program.GetTestSuite(i); }
const char* suite_name(const testing::TestInfo& test) { return test.test_suite_name(); }
#else
typedef testing::TestCase Suite;
int suite_count(const testing::UnitTest& program) { return program.total_test_case_count(); }
const Suite* suite_at(const testing::UnitTest& program, int i) { return program.GetTestCase(i); }
const char* suite_name(const testing::TestInfo& test) { return test.test_case_name(); }
#endif

// Access to private members: explicit instantiation is exempt from access checks ([temp.spec.general]/6).
template <class Tag, typename Tag::Type kMember>
struct Grant {
  friend typename Tag::Type reach(Tag) { return kMember; }
};
struct TestMark {
  typedef bool testing::TestInfo::*Type;
  friend Type reach(TestMark);
};
template struct Grant<TestMark, &testing::TestInfo::should_run_>;
struct DisabledMark {
  typedef bool testing::TestInfo::*Type;
  friend Type reach(DisabledMark);
};
template struct Grant<DisabledMark, &testing::TestInfo::is_disabled_>;
struct FilterMark {
  typedef bool testing::TestInfo::*Type;
  friend Type reach(FilterMark);
};
template struct Grant<FilterMark, &testing::TestInfo::matches_filter_>;
struct SuiteMark {
  typedef bool Suite::*Type;
  friend Type reach(SuiteMark);
};
template struct Grant<SuiteMark, &Suite::should_run_>;

void forbid(const testing::TestInfo& test) { const_cast<testing::TestInfo&>(test).*reach(TestMark()) = false; }
void forbid(const Suite& suite) { const_cast<Suite&>(suite).*reach(SuiteMark()) = false; }

class Listener : public testing::EmptyTestEventListener {
 public:
  explicit Listener(bool own_main) : own_main_(own_main) {}

  void OnTestProgramStart(const testing::UnitTest& program) override {
    if (!announced_) announce(program);
    if (announced_) select(program);
  }

  void OnTestStart(const testing::TestInfo& test) override {
    std::map<const testing::TestInfo*, Entry>::iterator entry = entries_.find(&test);
    if (entry == entries_.end() || entry->second.index == DYAD_NO_TEST) return;
    running_ = &entry->second;
    dyad_runtime_started(running_->index);
  }

  void OnTestPartResult(const testing::TestPartResult& result) override {
    uint32_t severity = DYAD_LOG;
    switch (result.type()) {
      case testing::TestPartResult::kSuccess:
        return;
      case testing::TestPartResult::kNonFatalFailure:
        severity = DYAD_ERROR;
        break;
      case testing::TestPartResult::kFatalFailure:
        severity = DYAD_FATAL;
        break;
      default:
        severity = DYAD_SKIPPED;
        break;  // kSkip, since 1.10
    }
    std::string text = result.message();
    while (!text.empty() && text[text.size() - 1] == '\n') text.erase(text.size() - 1);
    dyad_runtime_message(severity, result.file_name(), result.line_number(), text.data(), text.size());
  }

  void OnTestEnd(const testing::TestInfo& test) override {
    if (running_ == nullptr) return;
    Entry& entry = *running_;
    running_ = nullptr;
    bool stop = dyad_runtime_finished(entry.index, verdict_of(*test.result())) != 0;
    // The suite's tear-down and the environments' may crash.
    if (entry.last || dyad_runtime_shuffle() != 0) dyad_runtime_flush();
    if (!stop) return;
    forbid_all_ = true;
    forbid_all(*testing::UnitTest::GetInstance());
  }

 private:
  struct Entry {
    uint32_t index;
    bool last;  // of its suite, in the order of registration
  };

  static uint32_t verdict_of(const testing::TestResult& result) {
    if (result.Failed()) return DYAD_FAIL;
    for (int i = 0; i < result.total_part_count(); ++i) {
      testing::TestPartResult::Type type = result.GetTestPartResult(i).type();
      if (type != testing::TestPartResult::kSuccess && !result.GetTestPartResult(i).failed()) return DYAD_SKIP;
    }
    return DYAD_PASS;
  }

  void announce(const testing::UnitTest& program) {
    for (int i = 0; i < suite_count(program); ++i) {
      const Suite& suite = *suite_at(program, i);
      Entry* last = nullptr;
      for (int j = 0; j < suite.total_test_count(); ++j) {
        const testing::TestInfo& test = *suite.GetTestInfo(j);
        Entry& entry = entries_[&test];
        entry.index = announce(test);
        entry.last = false;
        if (entry.index != DYAD_NO_TEST) last = &entry;
      }
      if (last != nullptr) last->last = true;
    }
    if (entries_.empty()) return;
    announced_ = true;
    if (!dyad_runtime_begin()) forbid_all_ = true;
  }

  uint32_t announce(const testing::TestInfo& test) const {
    std::string name = std::string(suite_name(test)) + "." + test.name();
    dyad_framework_test found;
    found.name = name.c_str();
    found.file = test.file();
    found.line = test.line() > 0 ? static_cast<uint32_t>(test.line()) : 0;
    bool disabled = test.*reach(DisabledMark());
    found.disabled = disabled && !test.should_run();
    // Not those that --gtest_filter or GTEST_TOTAL_SHARDS leave to others. A main of its own may use the filter as it
    // likes, and another one in each RUN_ALL_TESTS.
    found.left_out = !own_main_ && !test.should_run() && !(disabled && test.*reach(FilterMark()));
    return dyad_runtime_found(&found);
  }

  /// Called again by each RUN_ALL_TESTS, which sets the marks anew.
  void select(const testing::UnitTest& program) {
    if (forbid_all_) return forbid_all(program);
    for (int i = 0; i < suite_count(program); ++i) {
      const Suite& suite = *suite_at(program, i);
      bool any = false;
      for (int j = 0; j < suite.total_test_count(); ++j) {
        const testing::TestInfo& test = *suite.GetTestInfo(j);
        std::map<const testing::TestInfo*, Entry>::const_iterator entry = entries_.find(&test);
        if (entry != entries_.end() && entry->second.index == DYAD_NO_TEST) forbid(test);
        any = any || test.should_run();
      }
      if (!any) forbid(suite);
    }
  }

  static void forbid_all(const testing::UnitTest& program) {
    for (int i = 0; i < suite_count(program); ++i) {
      const Suite& suite = *suite_at(program, i);
      for (int j = 0; j < suite.total_test_count(); ++j) forbid(*suite.GetTestInfo(j));
      forbid(suite);
    }
  }

  bool own_main_;
  bool announced_ = false;
  bool forbid_all_ = false;
  std::map<const testing::TestInfo*, Entry> entries_;
  Entry* running_ = nullptr;
};

int run_program(int argc, char** argv, char** envp, dyad_main_fn own_main) {
  if (own_main != nullptr) return own_main(argc, argv, envp);
#if DYAD_GMOCK
  testing::InitGoogleMock(&argc, argv);
#else
  testing::InitGoogleTest(&argc, argv);
#endif
  return RUN_ALL_TESTS();
}

#if GTEST_HAS_ABSL
template <class Flag, class Value>
void set_flag(Flag& flag, Value value) {
  absl::SetFlag(&flag, value);
}
#else
template <class Flag, class Value>
void set_flag(Flag& flag, Value value) {
  flag = value;
}
#endif

int run(int argc, char** argv, char** envp, dyad_main_fn own_main) {
  testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
  // What the tests print is to stand alone.
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new Listener(own_main != nullptr));
  // Its shuffle is of all tests, whichever are to run. A main of its own, or an argument, has the last word.
  if (dyad_runtime_shuffle() != 0) {
    set_flag(testing::GTEST_FLAG(shuffle), true);
    set_flag(testing::GTEST_FLAG(random_seed), static_cast<int32_t>(dyad_runtime_shuffle()));
  }
  int code = run_program(argc, argv, envp, own_main);
  while (dyad_runtime_again()) code = RUN_ALL_TESTS();
  return code;
}

int is_child(int argc, char** argv) {
  static const char kFlag[] = "--gtest_internal_run_death_test=";
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], kFlag, sizeof kFlag - 1) == 0) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace dyad_gtest_adapter

extern "C" __attribute__((visibility("hidden")))
const dyad_framework dyad_framework_gtest = {sizeof(dyad_framework),
                                             DYAD_TEST_GTEST,
                                             "GoogleTest",
                                             &dyad_gtest_adapter::run,
                                             &dyad_gtest_adapter::is_child,
                                             &dyad_gtest_adapter::run_program};
