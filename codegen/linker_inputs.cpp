#include "codegen/linker_inputs.hpp"

#include <llvm/ADT/StringRef.h>
#include <llvm/Object/Archive.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/Path.h>

#include <algorithm>

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

namespace {

std::vector<std::string> library_directories(const std::vector<std::string>& arguments) {
  std::vector<std::string> directories;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    llvm::StringRef argument = arguments[i];
    if ((argument == "-L" || argument == "--library-path") && i + 1 < arguments.size())
      directories.push_back(arguments[++i]);
    else if (argument.consume_front("-L") || argument.consume_front("--library-path="))
      directories.push_back(argument.str());
  }
  return directories;
}

LinkerInput look_up(std::string path) {
  const bool exists = llvm::sys::fs::exists(path);
  return {exists ? DYAD_INPUT_FILE : DYAD_INPUT_MISSING, std::move(path)};
}

}  // namespace

std::vector<LinkerInput> find_library_lookups(const std::vector<std::string>& arguments) {
  std::vector<LinkerInput> inputs;
  const std::vector<std::string> directories = library_directories(arguments);
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
          inputs.push_back(look_up(std::move(path)));
          if (inputs.back().kind == DYAD_INPUT_FILE) return;
          if (name[0] == ':') break;
        }
    };
    found();
  }
  return inputs;
}

std::vector<LinkerInput> find_shadowing_places(const std::vector<std::string>& files,
                                               const std::vector<std::string>& arguments) {
  std::vector<LinkerInput> inputs;
  const std::vector<std::string> directories = library_directories(arguments);
  for (llvm::StringRef file : files) {
    const llvm::StringRef name = llvm::sys::path::filename(file);
    const llvm::StringRef own = file.drop_back(name.size());
    auto place = std::ranges::find_if(directories, [&](const std::string& each) { return own == each + "/"; });
    if (place == directories.end()) continue;
    for (auto earlier = directories.begin(); earlier != place; ++earlier)
      inputs.push_back(look_up(*earlier + "/" + name.str()));
    if (!name.starts_with("lib") || !name.ends_with(".a")) continue;
    for (auto before = directories.begin(); before != place + 1; ++before)
      inputs.push_back(look_up(*before + "/" + name.drop_back(2).str() + ".so"));
  }
  return inputs;
}

std::vector<LinkerInput> find_thin_members(const std::vector<std::string>& files) {
  std::vector<LinkerInput> inputs;
  for (const std::string& file : files) {
    auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!buffer || !(*buffer)->getBuffer().starts_with(llvm::object::ThinArchiveMagic)) continue;
    auto archive = llvm::object::Archive::create(**buffer);
    if (!archive) {
      llvm::consumeError(archive.takeError());
      continue;
    }
    llvm::Error problem = llvm::Error::success();
    for (const auto& member : (*archive)->children(problem)) {
      if (auto path = member.getFullName())
        inputs.push_back(look_up(*std::move(path)));
      else
        llvm::consumeError(path.takeError());
    }
    llvm::consumeError(std::move(problem));
  }
  return inputs;
}

}  // namespace dyad::codegen
