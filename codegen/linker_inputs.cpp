#include "codegen/linker_inputs.hpp"

#include <llvm/ADT/StringRef.h>
#include <llvm/Support/FileSystem.h>

#include "codegen/codegen.h"

namespace dyad::codegen {

std::vector<std::string> read_dependencies(const std::string& text) {
  std::vector<std::string> files;
  // "output: \\\n  first \\\n  second\n\nfirst:\n\nsecond:\n"
  std::size_t at = text.find(": ");
  if (at == std::string::npos) return files;
  std::string file;
  for (at += 2; at < text.size(); ++at) {
    char c = text[at];
    bool escapes = c == '\\' && at + 1 < text.size();
    if (escapes && text[at + 1] != '\n') {
      file += text[++at];
    } else if (c == '$' && at + 1 < text.size() && text[at + 1] == '$') {
      file += text[++at];
    } else if (escapes || c == ' ' || c == '\n') {
      if (!file.empty()) files.push_back(std::move(file));
      file.clear();
      if (c == '\n') break;
      at += escapes;
    } else {
      file += c;
    }
  }
  return files;
}

std::vector<LinkerInput> find_library_lookups(const std::vector<std::string>& arguments) {
  std::vector<LinkerInput> inputs;
  std::vector<std::string> directories;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    llvm::StringRef argument = arguments[i];
    if (argument == "-L" && i + 1 < arguments.size())
      directories.push_back(arguments[++i]);
    else if (argument.consume_front("-L"))
      directories.push_back(argument.str());
  }
  bool is_static = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    llvm::StringRef argument = arguments[i];
    if (argument == "-Bstatic" || argument == "-static") is_static = true;
    if (argument == "-Bdynamic") is_static = false;
    std::string name;
    if (argument == "-l" && i + 1 < arguments.size())
      name = arguments[++i];
    else if (argument.consume_front("-l"))
      name = argument.str();
    if (name.empty()) continue;
    auto found = [&] {
      for (const std::string& directory : directories)
        for (const char* suffix : {".so", ".a"}) {
          if (is_static && suffix == std::string(".so")) continue;
          std::string path = directory + "/" + (name[0] == ':' ? name.substr(1) : "lib" + name + suffix);
          bool exists = llvm::sys::fs::exists(path);
          inputs.push_back({exists ? DYAD_INPUT_FILE : DYAD_INPUT_MISSING, std::move(path)});
          if (exists) return;
          if (name[0] == ':') break;
        }
    };
    found();
  }
  return inputs;
}

}  // namespace dyad::codegen
