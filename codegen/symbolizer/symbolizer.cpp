// dyad-symbolizer: what addresses in object files mean. Reads `CODE "OBJECT" 0xOFFSET` lines and answers each as
// llvm-symbolizer does: for each call, innermost first, a line with the function and one with FILE:LINE:COLUMN, and
// then an empty line. In a program of its own, with the parts of LLVM that it needs and no others: to start
// llvm-symbolizer takes longer than to run a thousand tests, nearly all of it to bind libLLVM, and debug information
// may be damaged.
#include <llvm/DebugInfo/DIContext.h>
#include <llvm/DebugInfo/Symbolize/Symbolize.h>
#include <llvm/Object/ObjectFile.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>

namespace {

using llvm::symbolize::LLVMSymbolizer;

/// False if `line` is not a question.
bool read_question(std::string_view line, std::string& object, std::uint64_t& offset) {
  constexpr std::string_view kBegin = "CODE \"", kMiddle = "\" 0x";
  const std::size_t middle = line.rfind(kMiddle);
  if (!line.starts_with(kBegin) || middle == line.npos || middle < kBegin.size()) return false;
  object = line.substr(kBegin.size(), middle - kBegin.size());
  const char* end = line.data() + line.size();
  return std::from_chars(line.data() + middle + kMiddle.size(), end, offset, 16).ptr == end;
}

void answer(LLVMSymbolizer& symbolizer, const std::string& line) {
  std::string object;
  std::uint64_t offset = 0;
  if (read_question(line, object, offset)) {
    auto calls = symbolizer.symbolizeInlinedCode(object, {offset, llvm::object::SectionedAddress::UndefSection});
    if (!calls) llvm::consumeError(calls.takeError());
    for (std::uint32_t i = 0; calls && i < calls->getNumberOfFrames(); ++i) {
      const llvm::DILineInfo& call = calls->getFrame(i);
      // An empty line would end the answer.
      auto shown = [](const std::string& text) {
        const bool is_known = text != llvm::DILineInfo::BadString && !text.empty() && text.find('\n') == text.npos;
        return is_known ? text.c_str() : "??";
      };
      std::printf("%s\n%s:%u:%u\n", shown(call.FunctionName), shown(call.FileName), call.Line, call.Column);
    }
  }
  std::puts("");
  std::fflush(stdout);
}

}  // namespace

int main() {
  LLVMSymbolizer symbolizer;
  for (std::string line; std::getline(std::cin, line);) answer(symbolizer, line);
}
