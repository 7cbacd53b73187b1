// The image's one exported function and the main behind it: what an argument vector makes an image do.
#include "backends/abi/package.h"

#include <stdlib.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "backends/runtime/framework.h"
#include "backends/runtime/native_test.hpp"
#include "backends/runtime/order.hpp"
#include "backends/runtime/table.h"

extern "C" char** environ;

namespace dyad::runtime {
namespace {

/// The image's framework, or null.
const dyad_framework* image_framework() {
  // The address of a weak symbol: null if no adapter was linked.
  const dyad_framework* volatile framework = &dyad_framework_gtest;
  return framework;
}

/// As a program's main: an exception that leaves it ends the process.
int call_main(std::uint32_t index, char* argv0) noexcept {
  char* argv[] = {argv0, nullptr};
  return dyad_dispatch_main(index, 1, argv, environ);
}

void run_main_test(Run& run, std::uint32_t index, char* argv0) {
  run.started(index, /*at_once=*/false);
  int code = call_main(index, argv0);
  if (!run.in_test_process()) exit(code);  // a child that the program forked has returned from main
  if (code != 0) run.message(DYAD_ERROR, {}, "main returned " + std::to_string(code));
  run.finished(index, code == 0 ? DYAD_PASS : DYAD_FAIL);
}

void run_table_tests(Run& run) {
  bool at_once = false;
  for (std::uint32_t i : run_order(dyad_table_count, run.arguments().shuffle)) {
    if (run.stopped()) break;
    if (!run.is_selected(i)) continue;
    if (dyad_table_entries[i].kind == DYAD_TEST_MAIN) {
      run_main_test(run, i, run.arguments().for_framework.front());
      at_once = false;
    } else {
      run.started(i, std::exchange(at_once, true));
      run.finished(i, run_native_test(run, i, dyad_table_entries[i].name));
    }
  }
}

void run_table_tests_repeatedly(Run& run) {
  do {
    run_table_tests(run);
  } while (run.again());
}

/// A run of the framework's tests, also through the program's own main, which may end the process by exit().
class FrameworkRun {
 public:
  FrameworkRun(Run& run, const dyad_framework& framework) : run_(run), framework_(framework) {}

  int operator()() {
    start_time_ = std::chrono::steady_clock::now();
    output_ = run_.output_size();
    if (dyad_own_main != nullptr) {
      run_.enter_own_main();
      // Not std::atexit: the exit code is wanted. An image with a main of its own can therefore never be unloaded.
      on_exit(&FrameworkRun::on_process_exit, this);
    }
    std::vector<char*> argv = run_.arguments().for_framework;
    int argc = static_cast<int>(argv.size());
    argv.push_back(nullptr);
    return ended(framework_.run(argc, argv.data(), environ, dyad_own_main));
  }

 private:
  static void on_process_exit(int code, void* self) {
    FrameworkRun& framework_run = *static_cast<FrameworkRun*>(self);
    Run& run = framework_run.run_;
    // In a test it is the host that judges.
    if (!run.in_test_process() || run.is_finished() || run.is_running()) return;
    framework_run.ended(code);
  }

  /// The framework, or the program's own main, ended with `code`. Returns the exit code of the image.
  int ended(int code) {
    if (!run_.in_test_process()) exit(code);
    if (dyad_own_main == nullptr) {
      if (!run_.announced()) begin_without_framework_tests();
      return run_.finish(false);
    }
    if (!run_.announced()) {
      judge_program(code);
      return run_.finish(false);
    }
    if (code != 0 && !run_.has_failed()) run_.fail_outside("main returned " + std::to_string(code));
    return run_.finish(code != 0);
  }

  void begin_without_framework_tests() {
    run_.announce();
    if (!run_.arguments().list) run_table_tests_repeatedly(run_);
  }

  /// A program that has the framework but none of its tests: it is one test, known only now that it has run.
  void judge_program(int code) {
    const char* argv0 = run_.arguments().for_framework.front();
    const char* slash = std::strrchr(argv0, '/');
    std::uint32_t index = run_.found(DYAD_TEST_MAIN, slash == nullptr ? argv0 : slash + 1, "", 0);
    auto remarks = run_.take_early_remarks();
    run_.announce();
    if (run_.arguments().list) return;
    if (index != kNoTest) {
      run_.started_earlier(index, start_time_, output_);
      for (const auto& remark : remarks) {
        run_.message(code == 0 ? DYAD_LOG : remark.severity, {remark.file, remark.line}, remark.text);
      }
      if (code != 0) run_.message(DYAD_ERROR, {}, "main returned " + std::to_string(code));
      run_.finished(index, code == 0 ? DYAD_PASS : DYAD_FAIL);
    }
    run_table_tests(run_);
  }

  Run& run_;
  const dyad_framework& framework_;
  std::chrono::steady_clock::time_point start_time_;
  std::uint64_t output_ = 0;
};

int run_image(Run& run) {
  for (std::uint32_t i = 0; i < dyad_table_count; ++i) {
    const dyad_table_entry& entry = dyad_table_entries[i];
    run.found(static_cast<dyad_test_kind>(entry.kind), entry.name, entry.file, entry.line);
  }
  if (const dyad_framework* framework = image_framework()) {
    // Never freed: on_exit has its address.
    return (*new FrameworkRun(run, *framework))();
  }
  run.announce();
  if (!run.arguments().list) run_table_tests_repeatedly(run);
  return run.finish(false);
}

int usage_error(const std::string& problem) {
  std::fprintf(stderr, "%s: %s\n", dyad_table_package, problem.c_str());
  return 2;
}

int package_main(int argc, char** argv) {
  if (const dyad_framework* framework = image_framework(); framework != nullptr && framework->is_child(argc, argv)) {
    return framework->run_child(argc, argv, environ, dyad_own_main);
  }
  Arguments arguments;
  std::string problem = arguments.parse(argc, argv);
  if (!problem.empty()) return usage_error(problem);
  if (arguments.help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (argc < 1) return usage_error("called without argv[0]");
  Selection selection;
  problem = selection.parse(arguments.run, arguments.skip);
  if (!problem.empty()) return usage_error(problem);
  // Never freed: threads and exit handlers of tests may outlive this call.
  return run_image(*new Run(std::move(arguments), std::move(selection)));
}

/// As dyad_package.end says.
int package_end() {
  if (Run* run = Run::current()) run->end();
  return dyad_own_main == nullptr ? 1 : 0;  // FrameworkRun has registered on_exit()
}

}  // namespace
}  // namespace dyad::runtime

using dyad::runtime::Run;

uint32_t dyad_runtime_found(const dyad_framework_test* test) {
  Run* run = Run::current();
  return run->found(static_cast<dyad_test_kind>(dyad::runtime::image_framework()->kind), test->name,
                    test->file == nullptr ? "" : test->file, test->line, test->disabled != 0, test->left_out != 0);
}

int dyad_runtime_begin(void) {
  Run* run = Run::current();
  if (!run->in_test_process()) return 0;
  run->announce();
  if (run->arguments().list) _Exit(run->finish(false));
  dyad::runtime::run_table_tests(*run);
  return run->stopped() ? 0 : 1;
}

int dyad_runtime_again(void) {
  Run* run = Run::current();
  if (!run->announced() || dyad_own_main != nullptr || !run->again()) return 0;
  dyad::runtime::run_table_tests(*run);
  return run->stopped() ? 0 : 1;
}

uint32_t dyad_runtime_shuffle(void) { return dyad::runtime::framework_seed(Run::current()->arguments().shuffle); }

// What a framework's listeners and set-up do between two tests is the user's.
void dyad_runtime_started(uint32_t index) { Run::current()->started(index, /*at_once=*/false); }

int dyad_runtime_finished(uint32_t index, uint32_t verdict) {
  Run* run = Run::current();
  if (!run->in_test_process()) {
    // A child that the test forked has come out of the test. It must not go on with the next.
    std::fflush(nullptr);
    _Exit(1);
  }
  run->finished(index, static_cast<dyad_verdict>(verdict));
  return run->stopped() ? 1 : 0;
}

void dyad_runtime_message(uint32_t severity, const char* file, int line, const char* text, size_t size) {
  dyad::runtime::Place place{file == nullptr ? "" : file, line > 0 ? static_cast<std::uint32_t>(line) : 0};
  Run::current()->message(static_cast<dyad_severity>(severity), place, {text, size});
}

void dyad_runtime_flush(void) { Run::current()->flush(); }

extern "C" __attribute__((visibility("default"))) const dyad_package* dyad_package_entry(uint32_t abi) {
  static const dyad_package package = {DYAD_PACKAGE_ABI, sizeof(dyad_package), dyad_table_package,
                                       &dyad::runtime::package_main, &dyad::runtime::package_end};
  return abi == DYAD_PACKAGE_ABI ? &package : nullptr;
}
