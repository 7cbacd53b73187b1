#include "codegen/link.hpp"

#include <lld/Common/Driver.h>
#include <llvm/Demangle/Demangle.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "codegen/boundary.hpp"
#include "codegen/crash_guard.hpp"
#include "codegen/driver_arguments.hpp"
#include "codegen/link_slices.hpp"
#include "codegen/linker_inputs.hpp"
#include "codegen/linker_output.hpp"
#include "codegen/linker_process.hpp"
#include "codegen/linker_reads.hpp"
#include "codegen/recording_file_system.hpp"

LLD_HAS_DRIVER(elf)

namespace dyad::codegen {

namespace {

// What an image shows to whoever loads it: the entry of backends/abi/package.h.
constexpr char kVersionScript[] = "{ global: dyad_package_entry; local: *; };\n";

bool has_sanitizer(const std::vector<std::string>& arguments) {
  for (llvm::StringRef argument : arguments)
    if (argument.starts_with("-fsanitize=")) return true;
  return false;
}

/// The linker's arguments in order: the driver's, with the inputs and the output put in, then ours, which win.
std::vector<std::string> arrange(const DriverResult& driver, const dyad_link& what, const std::string& output,
                                 const std::string& version_script, bool needs_all_symbols) {
  std::vector<std::string> result;
  for (const std::string& argument : driver.arguments) {
    if (argument == kOutputPlaceholder) {
      result.push_back(output);
    } else if (argument == kObjectsPlaceholder) {
      for (std::string& path : strings(what.objects)) result.push_back(std::move(path));
      if (what.libraries.count == 0) continue;
      result.emplace_back("--start-lib");
      for (std::string& path : strings(what.libraries)) result.push_back(std::move(path));
      result.emplace_back("--end-lib");
    } else {
      result.push_back(argument);
    }
  }
  for (const char* option : {"--gc-sections", "--build-id=none", "--hash-style=gnu", "-z", "pack-relative-relocs",
                             "--error-limit=0", "--no-demangle", "--color-diagnostics=never"})
    result.emplace_back(option);
  if (what.kind == DYAD_IMAGE_SHARED) {
    result.insert(result.end(), {"-Bsymbolic", "--version-script=" + version_script});
    if (needs_all_symbols) result.insert(result.end(), {"-z", "defs"});
  }
  result.push_back("--threads=" + std::to_string(std::max(what.threads, 1U)));
  return result;
}

/// Are these the arguments that the driver has for a link of which the user says nothing? Then all inputs are known, no
/// symbol is named, and no archive's members are linked that nobody asks for. What a configuration file of the driver's
/// adds is not usual.
bool are_usual(llvm::ArrayRef<std::string> arguments) {
  using namespace llvm;
  constexpr StringLiteral kWithValue[] = {"-o", "-m", "-z", "-dynamic-linker"};
  constexpr StringLiteral kAlone[] = {"-shared", "-pie", "--eh-frame-hdr", "--as-needed", "--no-as-needed", "-lstdc++",
                                      "-lm", "-lgcc_s", "-lgcc", "-lc", "-lpthread", "-Bsymbolic",
                                      "--gc-sections", "--start-lib", "--end-lib", "--no-demangle"};
  constexpr StringLiteral kBegins[] = {"/", "-L", "--hash-style=", "--build-id", "--version-script=/proc/self/fd/",
                                       "--threads=", "--error-limit=", "--color-diagnostics=", "--dependency-file="};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const StringRef argument = arguments[i];
    if (is_contained(kWithValue, argument))
      ++i;
    else if (!is_contained(kAlone, argument) &&
             none_of(kBegins, [&](StringRef begin) { return argument.starts_with(begin); }))
      return false;
  }
  return true;
}

/// What the linker's arguments name besides the user's own: start files, libraries, scripts.
std::vector<std::string> toolchain_inputs(const std::vector<std::string>& arguments,
                                          const std::vector<LinkerInput>& libraries) {
  std::vector<std::string> paths;
  for (const LinkerInput& library : libraries)
    if (library.kind == DYAD_INPUT_FILE) paths.push_back(library.path);
  for (llvm::StringRef argument : arguments) {
    argument.consume_front("--version-script=");
    if (argument.starts_with("/")) paths.push_back(argument.str());
  }
  return paths;
}

/// The file that lld writes; it goes with the object if it is not moved to the output. It lies beside the output, but
/// lld writes by way of yet another file, in whose name LLVM makes each % of the path a random digit: an output whose
/// path has one is written in a directory of its own.
class LinkPlace {
 public:
  explicit LinkPlace(const std::string& output) : file_(temporary_name(output)) {
    if (file_.find('%') == std::string::npos) return;
    if (!llvm::sys::fs::createUniqueDirectory("dyad-link", directory_)) file_ = std::string(directory_) + "/image";
  }
  LinkPlace(const LinkPlace&) = delete;
  LinkPlace& operator=(const LinkPlace&) = delete;
  ~LinkPlace() {
    llvm::sys::fs::remove(file_);
    if (!directory_.empty()) llvm::sys::fs::remove(directory_);
  }
  const std::string& file() const { return file_; }

  std::error_code move_to(const std::string& output) const {
    if (!llvm::sys::fs::rename(file_, output)) return {};
    // On another file system. Whatever lies at `output` is replaced, not written to.
    const std::string beside = temporary_name(output);
    std::error_code error = llvm::sys::fs::copy_file(file_, beside);
    if (!error)
      error = llvm::sys::fs::setPermissions(
          beside, llvm::sys::fs::all_read | llvm::sys::fs::all_exe | llvm::sys::fs::owner_write);
    if (!error) error = llvm::sys::fs::rename(beside, output);
    if (error) llvm::sys::fs::remove(beside);
    return error;
  }

 private:
  std::string file_;
  llvm::SmallString<128> directory_;
};

/// One link at a time. In process as long as lld says that it can run again. If it does not succeed with parts of
/// libraries, it gets whole ones.
LinkerRun run_lld(const std::vector<std::string>& arguments, LinkSlices& slices,
                  const std::vector<const UnnamedFile*>& files, std::uint32_t& cut_libraries) {
  static std::mutex mutex;
  static bool can_run_in_process = true;
  {
    const std::lock_guard lock(mutex);
    while (can_run_in_process) {
      std::vector<const char*> argv{"ld.lld"};
      for (const std::string& argument : arguments) argv.push_back(argument.c_str());
      std::string messages;
      llvm::raw_string_ostream stream(messages);
      const LinkerReads reads([&](llvm::StringRef path, llvm::StringRef bytes) { return slices.see(path, bytes); });
      // lld keeps what each thread made until the thread ends, 5 MB a link: so this one ends, and there is no other.
      lld::Result result{};
      std::thread([&] { result = lld::lldMain(argv, stream, stream, {{lld::Gnu, &lld::elf::link}}); }).join();
      can_run_in_process = result.canRunAgain;
      cut_libraries = slices.cut_libraries();
      const bool is_final = cut_libraries == 0 || (slices.were_foreseen() && result.retCode == 0);
      slices.use_whole_libraries();
      if (!is_final) continue;
      if (result.canRunAgain || result.retCode == 1) return {result.retCode, std::move(messages)};
      // It crashed. As a process it may not, and if it does it will say so.
    }
  }
  auto run = run_linker(linker_program(), arguments, files);
  if (!run) return {1, "error: " + run.error().text + "\n"};
  return *run;
}

void report(const LinkerReport& report, const dyad_link_sink& sink) {
  if (sink.undefined) {
    for (const LinkerSymbol& symbol : report.undefined) {
      const std::string shown = llvm::demangle(symbol.name);
      if (symbol.objects.empty()) sink.undefined(sink.user, str(symbol.name), str(shown), {nullptr, 0});
      for (const std::string& object : symbol.objects)
        sink.undefined(sink.user, str(symbol.name), str(shown), str(object));
    }
  }
  if (sink.duplicate) {
    for (const LinkerSymbol& symbol : report.duplicate) {
      if (symbol.objects.size() < 2) continue;
      sink.duplicate(sink.user, str(symbol.name), str(llvm::demangle(symbol.name)), str(symbol.objects[0]),
                     str(symbol.objects[1]));
    }
  }
  if (sink.diagnostics && !report.text.empty()) sink.diagnostics(sink.user, str(report.text));
}

/// The arguments with those of response files (@FILE) in their place; which files these are, `files` knows then.
llvm::Expected<std::vector<std::string>> expand(const std::vector<std::string>& arguments, RecordingFileSystem& files) {
  llvm::BumpPtrAllocator allocator;
  llvm::cl::ExpansionContext context(allocator, llvm::cl::TokenizeGNUCommandLine);
  context.setVFS(&files);
  llvm::SmallVector<const char*> words;
  for (const std::string& argument : arguments) words.push_back(argument.c_str());
  if (llvm::Error error = context.expandResponseFiles(words)) return error;
  return std::vector<std::string>(words.begin(), words.end());
}

/// Tells what the link read, the caller's own files too, what others looked for before (the driver for gcc's start
/// files) and `inputs`, and removes the dependency file.
void report_inputs(std::initializer_list<const RecordingFileSystem*> recorded, const std::string& dependencies,
                   const std::vector<std::string>& arguments, std::vector<LinkerInput> inputs,
                   const LinkSlices& slices, const dyad_link_sink& sink) {
  for (const RecordingFileSystem* files : recorded)
    for (const Input* input : files->inputs()) inputs.push_back({input->kind, input->path});
  if (auto text = llvm::MemoryBuffer::getFile(dependencies)) {
    std::vector<std::string> files = read_dependencies((*text)->getBuffer().str());
    std::ranges::transform(files, files.begin(), [&](const std::string& path) { return slices.whole_of(path); });
    for (const std::string& path : files) inputs.push_back({DYAD_INPUT_FILE, path});
    for (auto& more : {find_shadowing_places(files, arguments), find_thin_members(files)})
      inputs.insert(inputs.end(), more.begin(), more.end());
  }
  llvm::sys::fs::remove(dependencies);
  if (!sink.input) return;
  for (const LinkerInput& input : inputs) sink.input(sink.user, input.kind, str(input.path));
}

std::uint32_t fail_with(const std::string& text, const dyad_link_sink& sink) {
  const std::string line = "error: " + text + "\n";
  if (sink.diagnostics) sink.diagnostics(sink.user, str(line));
  return 1;
}

}  // namespace

std::uint32_t link(const dyad_link& what, const dyad_link_sink& sink) {
  initialise_llvm();
  llvm::SmallString<128> directory;
  llvm::sys::fs::current_path(directory);
  const auto response_files = llvm::makeIntrusiveRefCnt<RecordingFileSystem>(directory);
  auto expanded = expand(strings(what.args), *response_files);
  if (!expanded) return fail_with(llvm::toString(expanded.takeError()), sink);
  const std::vector<std::string>& arguments = *expanded;
  const auto driver = linker_arguments(what.kind == DYAD_IMAGE_SHARED, arguments);
  if (!driver->ok) {
    if (sink.diagnostics) sink.diagnostics(sink.user, str(driver->diagnostics));
    return 1;
  }
  auto script = UnnamedFile::make(kVersionScript);
  if (!script) return fail_with(script.error().text, sink);

  const std::string output = view(what.output).str();
  const LinkPlace place(output);
  const std::string& temporary = place.file();
  std::vector<std::string> command = arrange(*driver, what, temporary, script->path(), !has_sanitizer(arguments));
  const std::string dependencies = temporary + ".d";
  command.push_back("--dependency-file=" + dependencies);
  const std::vector<LinkerInput> libraries = find_library_lookups(command);
  LinkSlices slices;
  if (arguments.empty() && are_usual(command))
    slices = LinkSlices(strings(what.objects), strings(what.libraries), toolchain_inputs(command, libraries));
  std::vector<const UnnamedFile*> files = slices.files();
  files.push_back(&*script);
  std::uint32_t cut_libraries = 0;
  const LinkerRun run = run_lld(slices.put_into(command), slices, files, cut_libraries);
  if (sink.cut) sink.cut(sink.user, cut_libraries);
  report_inputs({driver->files.get(), response_files.get()}, dependencies, command, libraries, slices, sink);
  LinkerReport said = read_linker_output(slices.name_wholes(run.messages));
  said.text.insert(0, driver->diagnostics);
  report(said, sink);
  if (run.exit_code != 0) return 1;
  if (std::error_code error = place.move_to(output)) {
    return fail_with("cannot replace " + output + ": " + error.message(), sink);
  }
  return 0;
}

}  // namespace dyad::codegen
