#include "codegen/header_text.hpp"

#include <llvm/ADT/StringExtras.h>
#include <llvm/ADT/StringSwitch.h>
#include <llvm/Support/Path.h>

#include <algorithm>

#include "codegen/driver_arguments.hpp"

namespace dyad::codegen {

namespace {

/// `text` without comments; strings are kept as they are.
std::string without_comments(llvm::StringRef text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (text.substr(i, 2) == "//") {
      i = std::min(text.find('\n', i), text.size());
    } else if (text.substr(i, 2) == "/*") {
      const std::size_t end = text.find("*/", i + 2);
      if (end == llvm::StringRef::npos) break;
      // Lines stay lines: a directive behind a comment of several lines begins a line of its own.
      for (char c : text.slice(i, end))
        if (c == '\n') out += '\n';
      i = end + 2;
      out += ' ';
    } else if (text[i] == '"') {
      const std::size_t start = i++;
      while (i < text.size() && text[i] != '"' && text[i] != '\n') i += text[i] == '\\' ? 2 : 1;
      i = std::min(i + 1, text.size());
      out += text.slice(start, i);
    } else {
      out += text[i++];
    }
  }
  return out;
}

}  // namespace

std::string pragma_text(const clang::SourceManager& sources, clang::SourceLocation location) {
  location = sources.getSpellingLoc(location);
  bool invalid = false;
  const char* at = sources.getCharacterData(location, &invalid);
  if (invalid) return {};
  llvm::StringRef line(at);
  line = line.take_until([](char c) { return c == '\n'; });
  std::string unquoted;
  if (line.consume_front("_Pragma")) {
    line = line.drop_front(std::min(line.find('"'), line.size())).drop_front(line.contains('"') ? 1 : 0);
    for (std::size_t i = 0; i < line.size() && line[i] != '"'; ++i) {
      if (line[i] == '\\' && i + 1 < line.size()) ++i;
      unquoted += line[i];
    }
    line = unquoted;
  } else {
    line = line.split("//").first.split("/*").first;
    line.consume_front("#");
    line = line.ltrim();
    line.consume_front("pragma");
  }
  llvm::SmallVector<llvm::StringRef> words;
  llvm::SplitString(line, words);
  return llvm::join(words, " ");
}

bool is_guarded_text(llvm::StringRef text) {
  const std::string plain = without_comments(text);
  llvm::StringRef guard;
  bool is_open = false;
  int depth = 0;
  llvm::StringRef rest = plain;
  while (!rest.empty()) {
    llvm::StringRef line;
    std::tie(line, rest) = rest.split('\n');
    line = line.trim();
    if (line.empty()) continue;
    if (!is_open && !guard.empty()) return false;  // something behind the last #endif
    if (!line.consume_front("#")) {
      if (!is_open) return false;
      continue;
    }
    line = line.ltrim();
    const llvm::StringRef word = line.take_while(llvm::isAlpha);
    const llvm::StringRef value = line.drop_front(word.size()).trim();
    if (!is_open) {
      if (word == "pragma" && value == "once") return true;
      if (word == "pragma" || word.starts_with("include")) continue;
      if (word == "ifndef") {
        guard = value;
      } else if (word == "if" && value.starts_with("!defined")) {
        guard = value.drop_front(8).trim(" \t()");
        if (guard.find_first_of(" \t&|()") != llvm::StringRef::npos) return false;
      } else {
        return false;
      }
      is_open = true;
      depth = 1;
    } else if (word.starts_with("if")) {
      ++depth;
    } else if (word == "endif") {
      is_open = --depth > 0;
    } else if (depth == 1 && word.starts_with("el")) {
      return false;
    }
  }
  return !guard.empty() && !is_open && plain.find("define " + guard.str()) != std::string::npos;
}

bool is_used_in_parts(llvm::StringRef path) {
  static const std::string resources = resource_directory() + "/";
  return path.starts_with(resources) && llvm::StringSwitch<bool>(llvm::sys::path::filename(path))
                                            .Cases({"stddef.h", "stdarg.h", "limits.h", "float.h"}, true)
                                            .Default(false);
}

}  // namespace dyad::codegen
