#include "codegen/linker_output.hpp"

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringRef.h>
#include <llvm/Demangle/Demangle.h>

namespace dyad::codegen {

namespace {

/// The object of a line like ">>>               /x/a.o:(.text+0x1)" or ">>> referenced by /x/a.o:(f)", or nothing.
llvm::StringRef object_of(llvm::StringRef line) {
  if (!line.consume_front(">>>")) return {};
  line = line.ltrim();
  if (!line.consume_front("referenced by ")) line.consume_front("defined at ");
  const std::size_t end = line.rfind(":(");
  if (end == llvm::StringRef::npos || !line.ends_with(")")) return {};
  return line.take_front(end);
}

}  // namespace

LinkerReport read_linker_output(const std::string& messages) {
  LinkerReport report;
  LinkerSymbol* current = nullptr;
  llvm::SmallVector<llvm::StringRef, 0> lines;
  llvm::StringRef(messages).split(lines, '\n', -1, /*KeepEmpty=*/true);
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  for (llvm::StringRef line : lines) {
    llvm::StringRef shown = line;
    for (llvm::StringRef linker : {"ld.lld: ", "lld: "})
      if (shown.consume_front(linker)) break;
    std::string text = shown.str();
    if (!line.starts_with(">>>")) {
      current = nullptr;
      llvm::StringRef name;
      std::vector<LinkerSymbol>* list = nullptr;
      for (llvm::StringRef kind : {"undefined symbol: ", "undefined hidden symbol: ", "undefined protected symbol: ",
                                   "undefined internal symbol: ", "duplicate symbol: "}) {
        const std::size_t at = shown.find(kind);
        if (at == llvm::StringRef::npos) continue;
        name = shown.substr(at + kind.size()).rtrim();
        list = kind.starts_with("undefined") ? &report.undefined : &report.duplicate;
        text = shown.take_front(at + kind.size()).str() + llvm::demangle(name);
        break;
      }
      if (list) {
        list->push_back({name.str(), {}});
        current = &list->back();
      }
    } else if (current) {
      const llvm::StringRef object = object_of(line);
      if (!object.empty() && !llvm::is_contained(current->objects, object)) current->objects.push_back(object.str());
    }
    report.text += text + "\n";
  }
  return report;
}

}  // namespace dyad::codegen
