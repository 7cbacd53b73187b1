// Of bench/bounds: runs the tests of packages in three kinds of processes, in turn, and says how long that takes.
//
// usage: bounds TURNS IMAGE...   for each IMAGE there is a program of that name and a shared library IMAGE.so
#include <dlfcn.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

extern "C" char** environ;

namespace {

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "bounds: %s\n", what.c_str());
  std::exit(1);
}

/// User and system time of this process and of those that it has waited for, in microseconds.
double processor_time() {
  double sum = 0;
  for (int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage;
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) sum += 1e6 * double(time.tv_sec) + double(time.tv_usec);
  }
  return sum;
}

int load_and_run(const std::string& image, bool unload) {
  void* library = dlopen((image + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) die(dlerror());
  auto run_tests = reinterpret_cast<int (*)(int, char**)>(dlsym(library, "run_tests"));
  if (run_tests == nullptr) die(dlerror());
  char name[] = "tests";
  char* argv[] = {name, nullptr};
  const int code = run_tests(1, argv);
  if (unload) dlclose(library);
  return code;
}

int wait_for(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) die("waitpid");
  return status;
}

int run_here(const std::string& image) { return load_and_run(image, true); }

int run_forked(const std::string& image) {
  const pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) _exit(load_and_run(image, false));
  return wait_for(child);
}

int run_program(const std::string& image) {
  std::string name = image;
  char* argv[] = {name.data(), nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, image.c_str(), nullptr, nullptr, argv, environ) != 0) die("cannot start " + image);
  return wait_for(child);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) die("usage: bounds TURNS IMAGE...");
  const int turns = std::atoi(argv[1]);
  const std::vector<std::string> images(argv + 2, argv + argc);
  struct Kind {
    const char* name;
    std::function<int(const std::string&)> run;
    std::vector<double> wall{}, processor{};
  };
  std::vector<Kind> kinds{{"one for all", run_here}, {"forked for each", run_forked}, {"started for each", run_program}};
  for (int turn = 0; turn <= turns; ++turn) {
    for (Kind& kind : kinds) {
      const double before = processor_time();
      const auto begin = std::chrono::steady_clock::now();
      for (const std::string& image : images)
        if (kind.run(image) != 0) die(image + ": its tests fail");
      const std::chrono::duration<double, std::micro> wall = std::chrono::steady_clock::now() - begin;
      if (turn == 0) continue;  // it warms up
      kind.wall.push_back(wall.count() / double(images.size()));
      kind.processor.push_back((processor_time() - before) / double(images.size()));
    }
  }
  std::printf("| a process | wall time | CPU | of a process started for each |\n|---|---|---|---|\n");
  const double whole = median(kinds.back().wall);
  for (const Kind& kind : kinds)
    std::printf("| %s | %.0f us | %.0f us | %.3f |\n", kind.name, median(kind.wall), median(kind.processor),
                median(kind.wall) / whole);
}
