#include "codegen/driver_arguments.hpp"

#include <clang/Driver/Compilation.h>
#include <clang/Driver/Driver.h>
#include <clang/Driver/Job.h>
#include <clang/Driver/Tool.h>
#include <clang/Options/OptionUtils.h>
#include <llvm/Support/Path.h>
#include <llvm/TargetParser/Host.h>

#include <future>
#include <map>
#include <mutex>

#include "codegen/diagnostics.hpp"
#include "codegen/recording_file_system.hpp"

namespace dyad::codegen {

namespace {

constexpr llvm::StringLiteral kSourceStem = "/dyad-source";
constexpr llvm::StringLiteral kDirectoryPlaceholder = "/dyad-directory";

/// Runs `make` once per key; later callers, and those that come meanwhile, get the same result.
class Once {
 public:
  template <class Make>
  std::shared_ptr<const DriverResult> get(const std::vector<std::string>& key, Make make) {
    std::promise<std::shared_ptr<const DriverResult>> promise;
    {
      std::unique_lock lock(mutex_);
      auto [it, is_new] = results_.try_emplace(key);
      if (!is_new) {
        auto result = it->second;
        lock.unlock();
        return result.get();
      }
      it->second = promise.get_future().share();
    }
    auto result = std::make_shared<const DriverResult>(make());
    promise.set_value(result);
    return result;
  }

  void forget() {
    const std::lock_guard lock(mutex_);
    results_.clear();
  }

 private:
  std::mutex mutex_;
  std::map<std::vector<std::string>, std::shared_future<std::shared_ptr<const DriverResult>>> results_;
};

Once compilations, links;

std::string clang_program() { return std::string(DYAD_LLVM_BIN "/clang"); }

/// Runs the driver on `command` (without the program) and returns the arguments of its only job.
DriverResult run_driver(bool cxx, std::vector<std::string> command, llvm::StringRef directory) {
  DriverResult result;
  DiagnosticText text(/*colour=*/false);
  clang::DiagnosticOptions options;
  DiagnosticPrinter printer(text, options);
  printer.setPrefix("clang");
  clang::DiagnosticsEngine diagnostics(llvm::makeIntrusiveRefCnt<clang::DiagnosticIDs>(), options, &printer,
                                       /*ShouldOwnClient=*/false);
  const std::string program = clang_program();
  auto files = llvm::makeIntrusiveRefCnt<RecordingFileSystem>(directory);
  clang::driver::Driver driver(program, llvm::sys::getDefaultTargetTriple(), diagnostics, "clang", files);
  driver.setCheckInputsExist(false);
  driver.setProbePrecompiled(false);

  std::vector<const char*> argv{program.c_str(), cxx ? "--driver-mode=g++" : "--driver-mode=gcc"};
  for (const std::string& argument : command) argv.push_back(argument.c_str());
  const std::unique_ptr<clang::driver::Compilation> compilation(driver.BuildCompilation(argv));
  result.diagnostics = text.text;
  files->finish();
  result.files = files;
  if (!compilation || compilation->containsError() || diagnostics.hasErrorOccurred()) return result;

  const auto& jobs = compilation->getJobs();
  if (jobs.size() != 1) {
    result.diagnostics +=
        "clang: error: the arguments ask for " + std::to_string(jobs.size()) + " steps instead of one object file\n";
    return result;
  }
  for (const char* argument : jobs.begin()->getArguments()) result.arguments.emplace_back(argument);
  result.ok = true;
  return result;
}

/// Does the driver pass `argument` on to cc1 as it is, whatever it is? Then `*separate` says if its value is the next
/// one.
bool is_passed_on(llvm::StringRef argument, bool* separate) {
  for (llvm::StringRef option : {"-iquote", "-isystem", "-idirafter", "-I", "-D", "-U"}) {
    if (!argument.starts_with(option) || argument.starts_with("-isystem-after") || argument == "-I-") continue;
    *separate = argument.size() == option.size();
    return true;
  }
  return false;
}

/// Could the driver look at a file whose name is relative to the working directory because of `argument`?
bool may_name_a_file(llvm::StringRef argument) {
  if (argument.starts_with("-f") || argument.starts_with("-m"))
    return argument.contains('=') && !argument.starts_with("-fvisibility=") && !argument.starts_with("-march=") &&
           !argument.starts_with("-mtune=") && !argument.starts_with("-fsanitize=");
  for (llvm::StringRef harmless : {"-std=", "-O", "-g", "-W", "-pthread", "-w", "-pedantic", "-ansi"})
    if (argument.starts_with(harmless)) return argument.starts_with("-Wp,") || argument.starts_with("-Wa,");
  return true;
}

/// Arguments that would make something else than one object of one source.
std::string objection_to(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const llvm::StringRef argument = arguments[i];
    if (argument == "-o" || argument == "-###" || argument == "-E" || argument == "-S" || argument == "-c" ||
        argument == "-fsyntax-only" || argument == "-save-temps" || argument.starts_with("--save-temps") ||
        argument == "-x" || argument == "-emit-llvm" || argument == "-")
      return arguments[i];
    if (argument == "-mllvm" || argument.starts_with("-fplugin") || argument.starts_with("-fpass-plugin"))
      return arguments[i];
  }
  return {};
}

bool is_cxx(llvm::StringRef extension) { return extension != ".c" && extension != ".ll" && extension != ".bc"; }

}  // namespace

DriverResult cc1_arguments(llvm::StringRef source, llvm::StringRef directory,
                           const std::vector<std::string>& arguments) {
  if (const std::string objection = objection_to(arguments); !objection.empty()) {
    DriverResult result;
    result.diagnostics = "clang: error: argument '" + objection + "' is not possible here: dyad decides what is made\n";
    return result;
  }

  const std::string extension = llvm::sys::path::extension(source).str();
  std::vector<std::string> passed_on;
  std::vector<std::string> key{extension};
  bool depends_on_directory = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    bool separate = false;
    if (is_passed_on(arguments[i], &separate) && (!separate || i + 1 < arguments.size())) {
      passed_on.push_back(arguments[i]);
      if (separate) passed_on.push_back(arguments[++i]);
    } else {
      key.push_back(arguments[i]);
      depends_on_directory = depends_on_directory || may_name_a_file(arguments[i]);
    }
  }
  const std::string cwd = depends_on_directory ? directory.str() : kDirectoryPlaceholder.str();
  std::vector<std::string> with_directory = key;
  with_directory.push_back(cwd);

  const std::string placeholder = kSourceStem.str() + extension;
  const auto cached = compilations.get(with_directory, [&] {
    // Arguments that the language has no use for (-I for LLVM IR) are no reason for a warning.
    std::vector<std::string> command{"-c", "-Qunused-arguments"};
    command.insert(command.end(), key.begin() + 1, key.end());
    command.push_back(placeholder);
    DriverResult made = run_driver(is_cxx(extension), std::move(command), cwd);
    if (made.ok &&
        (made.arguments.size() < 2 || made.arguments.front() != "-cc1" || made.arguments.back() != placeholder)) {
      made.ok = false;
      made.diagnostics += "clang: error: the arguments ask for something else than one object file\n";
    }
    return made;
  });

  DriverResult result;
  result.diagnostics = cached->diagnostics;
  result.ok = cached->ok;
  result.files = cached->files;
  if (!result.ok) return result;
  result.arguments.reserve(cached->arguments.size() + passed_on.size());
  const std::string placeholder_name = llvm::sys::path::filename(placeholder).str();
  for (std::size_t i = 1; i + 1 < cached->arguments.size(); ++i) {  // without "-cc1" and the source
    const std::string& argument = cached->arguments[i];
    if (argument == placeholder_name && cached->arguments[i - 1] == "-main-file-name") {
      result.arguments.push_back(llvm::sys::path::filename(source).str());
    } else if (llvm::StringRef value(argument); value.ends_with(cwd) && value.contains("-compilation-dir=")) {
      result.arguments.push_back(value.drop_back(cwd.size()).str() + directory.str());
    } else {
      result.arguments.push_back(argument);
    }
  }
  result.arguments.insert(result.arguments.end(), passed_on.begin(), passed_on.end());
  result.arguments.push_back(source.str());
  return result;
}

std::shared_ptr<const DriverResult> linker_arguments(bool shared, const std::vector<std::string>& arguments) {
  std::vector<std::string> key{shared ? "-shared" : "-pie", "-fuse-ld=lld"};
  key.insert(key.end(), arguments.begin(), arguments.end());
  return links.get(key, [&] {
    std::vector<std::string> command{shared ? "-shared" : "-pie", "-fuse-ld=lld", "-pthread",
                                     "-Qunused-arguments",        "-o",           kOutputPlaceholder.str(),
                                     kObjectsPlaceholder.str()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run_driver(/*cxx=*/true, std::move(command), "/");
  });
}

void forget_driver_results() {
  compilations.forget();
  links.forget();
}

std::string resource_directory() { return clang::GetResourcesPath(clang_program()); }

std::string linker_program() { return DYAD_LLVM_BIN "/ld.lld"; }

}  // namespace dyad::codegen
