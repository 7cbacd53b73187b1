#include "codegen/prelude_notes.hpp"

namespace dyad::codegen {

namespace {
constexpr llvm::StringLiteral kTitle = "dyad-prelude 1";
}

std::string PreludeNotes::serialize() const {
  std::string text = kTitle.str() + "\n";
  auto add = [&text](llvm::StringRef kind, const std::string& value) {
    text += kind;
    text += value;
    text += '\n';
  };
  for (const std::string& each : wanted) add("w ", each);
  for (const std::string& each : headers) add("h ", each);
  for (const std::string& each : identifiers) add("i ", each);
  for (const std::string& each : global_names) add("g ", each);
  for (const std::string& each : macros) add("m ", each);
  for (const std::string& each : roots) add("r ", each);
  for (const IncludeSpelling& each : spellings)
    add(std::string("s ") + static_cast<char>(each.found) + (each.angled ? " a " : " q "), each.name);
  for (const auto& [name, content] : sources)
    text += "t " + std::to_string(content.size()) + " " + name + "\n" + content + "\n";
  if (counts) text += "c\n";
  return text;
}

std::optional<PreludeNotes> PreludeNotes::deserialize(llvm::StringRef text) {
  PreludeNotes notes;
  auto [title, rest] = text.split('\n');
  if (title != kTitle) return std::nullopt;
  while (!rest.empty()) {
    llvm::StringRef line;
    std::tie(line, rest) = rest.split('\n');
    if (line == "c") {
      notes.counts = true;
      continue;
    }
    if (line.size() < 3 || line[1] != ' ') return std::nullopt;
    const llvm::StringRef value = line.drop_front(2);
    switch (line[0]) {
      case 'w':
        notes.wanted.push_back(value.str());
        break;
      case 'h':
        notes.headers.push_back(value.str());
        break;
      case 'i':
        notes.identifiers.push_back(value.str());
        break;
      case 'g':
        notes.global_names.push_back(value.str());
        break;
      case 'm':
        notes.macros.push_back(value.str());
        break;
      case 'r':
        notes.roots.push_back(value.str());
        break;
      case 't': {
        const auto [digits, name] = value.split(' ');
        std::size_t size = 0;
        if (digits.getAsInteger(10, size) || size >= rest.size()) return std::nullopt;
        notes.sources.emplace_back(name.str(), rest.take_front(size).str());
        rest = rest.drop_front(size + 1);
        break;
      }
      case 's':
        if (value.size() < 5 || value[1] != ' ' || value[3] != ' ') return std::nullopt;
        notes.spellings.push_back(
            {value.drop_front(4).str(), value[2] == 'a', static_cast<IncludeSpelling::Found>(value[0])});
        break;
      default:
        return std::nullopt;
    }
  }
  return notes;
}

}  // namespace dyad::codegen
