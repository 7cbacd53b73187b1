/// What the tests of libdyad_codegen share: the library as the host sees it (dlopen, codegen.h, no LLVM header), a
/// directory with sources that goes away, and sinks that keep what they are given.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "codegen/codegen.h"

namespace dyad::codegen_test {

inline const dyad_codegen& library() {
  static const dyad_codegen* functions = [] {
    void* handle = dlopen(DYAD_BINARY_DIR "/lib/dyad/libdyad_codegen.so", RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
      std::fprintf(stderr, "%s\n", dlerror());
      std::abort();
    }
    auto entry = reinterpret_cast<dyad_codegen_entry_fn>(dlsym(handle, DYAD_CODEGEN_SYMBOL));
    return entry(DYAD_CODEGEN_ABI);
  }();
  return *functions;
}

inline dyad_str str(const std::string& text) { return {text.data(), text.size()}; }
inline std::string text(dyad_str value) { return {value.data ? value.data : "", value.size}; }

struct Strings {
  explicit Strings(const std::vector<std::string>& values) {
    for (const std::string& value : values) items.push_back(str(value));
  }
  dyad_strs list() const { return {items.data(), items.size()}; }
  std::vector<dyad_str> items;
};

struct FoundTest {
  std::string name, symbol, file;
  unsigned line;
};

struct Compiled {
  unsigned status = 99;
  std::string output, diagnostics;
  std::vector<std::pair<std::string, std::string>> files;  // path, bytes
  std::vector<std::string> missing, directories, definitions, shared_definitions, undefined, strong, weak;
  std::vector<FoundTest> tests;
  int main_line = -1;
  struct Time {
    std::int64_t begin_ns, end_ns, busy_ns;
  };
  std::map<unsigned, std::vector<Time>> times;  // by phase, if they were asked for

  bool read(const std::string& path) const {
    return std::ranges::any_of(files, [&](const auto& file) { return file.first == path; });
  }
};

inline bool has(const std::vector<std::string>& list, const std::string& value) {
  return std::ranges::find(list, value) != list.end();
}

inline dyad_compile_sink sink_into(Compiled& result) {
  dyad_compile_sink sink{};
  sink.size = sizeof sink;
  sink.user = &result;
  sink.output = [](void* user, const void* bytes, size_t size) {
    static_cast<Compiled*>(user)->output.assign(static_cast<const char*>(bytes), size);
  };
  sink.diagnostics = [](void* user, dyad_str value) { static_cast<Compiled*>(user)->diagnostics += text(value); };
  sink.input = [](void* user, uint32_t kind, dyad_str path, const void* bytes, size_t size) {
    auto* compiled = static_cast<Compiled*>(user);
    if (kind == DYAD_INPUT_FILE)
      compiled->files.emplace_back(text(path), std::string(static_cast<const char*>(bytes), size));
    if (kind == DYAD_INPUT_MISSING) compiled->missing.push_back(text(path));
    if (kind == DYAD_INPUT_DIRECTORY) compiled->directories.push_back(text(path));
  };
  sink.test = [](void* user, const dyad_found_test* test) {
    static_cast<Compiled*>(user)->tests.push_back({text(test->name), text(test->symbol), text(test->file), test->line});
  };
  sink.definition = [](void* user, dyad_str name, dyad_str identity) {
    auto& to = *static_cast<Compiled*>(user);
    (identity.size == 0 ? to.definitions : to.shared_definitions)
        .push_back(text(name) + (identity.size == 0 ? "" : " of " + text(identity)));
  };
  sink.symbol = [](void* user, uint32_t kind, dyad_str name) {
    auto* compiled = static_cast<Compiled*>(user);
    (kind == DYAD_SYMBOL_UNDEFINED ? compiled->undefined
     : kind == DYAD_SYMBOL_STRONG  ? compiled->strong
                                   : compiled->weak)
        .push_back(text(name));
  };
  sink.main = [](void* user, uint32_t line) { static_cast<Compiled*>(user)->main_line = static_cast<int>(line); };
  return sink;
}

struct Linked {
  unsigned status = 99;
  unsigned cut_libraries = 0;
  std::string diagnostics;
  struct Undefined {
    std::string symbol, demangled, object;
  };
  struct Duplicate {
    std::string symbol, demangled, first, second;
  };
  std::vector<Undefined> undefined;
  std::vector<Duplicate> duplicate;
};

class CodegenTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "dyad-codegen-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = std::filesystem::canonical(pattern);
  }
  void TearDown() override {
    if (!HasFailure()) std::filesystem::remove_all(root_);
  }

  std::string path(const std::string& name) const { return (root_ / name).string(); }

  std::string write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << content;
    return path(name);
  }

  static std::string read(const std::string& file) {
    std::ostringstream all;
    all << std::ifstream(file, std::ios::binary).rdbuf();
    return all.str();
  }

  /// Compiles `name` of the root in the root, with `args` after the host's usual ones.
  Compiled compile(const std::string& name, std::vector<std::string> args = {}, unsigned output = DYAD_OUTPUT_OBJECT,
                   bool colour = false) const {
    return compile_with(name, usual(std::move(args)), output, colour);
  }

  static std::vector<std::string> usual(std::vector<std::string> args) {
    args.insert(args.begin(), {"-O0", "-fPIC", "-fno-omit-frame-pointer", "-gline-tables-only", "-fvisibility=hidden"});
    return args;
  }

  Compiled compile_with(const std::string& name, const std::vector<std::string>& args,
                        unsigned output = DYAD_OUTPUT_OBJECT, bool colour = false) const {
    return compile_renaming("dyad_main_of_" + name, name, args, output, colour);
  }

  Compiled compile_renaming(const std::string& main_symbol, const std::string& name,
                            const std::vector<std::string>& args, unsigned output, bool colour,
                            decltype(dyad_compile_sink::phase) phase = nullptr) const {
    Compiled result;
    compile_into(result, main_symbol, name, args, [&](dyad_compile& what, dyad_compile_sink& sink) {
      what.output = output;
      what.colour = colour;
      sink.phase = phase;
    });
    return result;
  }

  /// `adjust(dyad_compile&, dyad_compile_sink&)` may change what is asked for, and who hears of it.
  template <class Adjust>
  void compile_into(Compiled& result, const std::string& main_symbol, const std::string& name,
                    const std::vector<std::string>& args, Adjust adjust) const {
    const std::string source = path(name), directory = root_.string();
    const Strings arguments(args);
    dyad_compile what{};
    what.size = sizeof what;
    what.source = str(source);
    what.directory = str(directory);
    what.args = arguments.list();
    what.main_symbol = str(main_symbol);
    what.output = DYAD_OUTPUT_OBJECT;
    dyad_compile_sink sink = sink_into(result);
    adjust(what, sink);
    result.status = library().compile(&what, &sink);
  }

  /// Compiles and stores the object; "" and a failed test if that is not possible.
  std::string object(const std::string& name, std::vector<std::string> args = {},
                     unsigned output = DYAD_OUTPUT_OBJECT) const {
    return object(name, std::move(args), output, "dyad_main_of_" + name);
  }

  std::string object(const std::string& name, std::vector<std::string> args, unsigned output,
                     const std::string& main_symbol) const {
    const Compiled compiled = compile_renaming(main_symbol, name, usual(std::move(args)), output, false);
    EXPECT_EQ(compiled.status, unsigned{DYAD_COMPILE_OK}) << compiled.diagnostics;
    return compiled.output.empty() ? "" : write(name + ".o", compiled.output);
  }

  Linked link(unsigned kind, const std::string& output, const std::vector<std::string>& objects,
              const std::vector<std::string>& libraries = {}, const std::vector<std::string>& args = {}) const {
    const Strings object_list(objects), library_list(libraries), arguments(args);
    dyad_link what{};
    what.size = sizeof what;
    what.kind = kind;
    what.objects = object_list.list();
    what.libraries = library_list.list();
    what.args = arguments.list();
    what.output = str(output);
    Linked result;
    dyad_link_sink sink{};
    sink.size = sizeof sink;
    sink.user = &result;
    sink.undefined = [](void* user, dyad_str symbol, dyad_str demangled, dyad_str from) {
      static_cast<Linked*>(user)->undefined.push_back({text(symbol), text(demangled), text(from)});
    };
    sink.duplicate = [](void* user, dyad_str symbol, dyad_str demangled, dyad_str first, dyad_str second) {
      static_cast<Linked*>(user)->duplicate.push_back({text(symbol), text(demangled), text(first), text(second)});
    };
    sink.diagnostics = [](void* user, dyad_str said) { static_cast<Linked*>(user)->diagnostics += text(said); };
    sink.cut = [](void* user, std::uint32_t count) { static_cast<Linked*>(user)->cut_libraries = count; };
    result.status = library().link(&what, &sink);
    return result;
  }

  std::filesystem::path root_;
};

/// Stands for <dyad/testing.h>: the types by which tests are known.
inline const char kTestingHeader[] = R"(#pragma once
#ifdef __cplusplus
extern "C" {
#endif
typedef struct dyad_T { int calls; } dyad_T;
#ifdef __cplusplus
}
namespace dyad { class T : public dyad_T {}; }
#endif
)";

}  // namespace dyad::codegen_test
