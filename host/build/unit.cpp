#include "host/build/unit.hpp"

#include <nlohmann/json.hpp>

namespace dyad::build {

using nlohmann::json;

namespace {

/// Paths may hold any bytes: they travel as CBOR byte strings.
json bytes_of(const std::string& text) { return json::binary({text.begin(), text.end()}); }
std::string text_of(const json& value) {
  const auto& binary = value.get_binary();
  return {binary.begin(), binary.end()};
}

json list_of(const std::vector<std::string>& texts) {
  json list = json::array();
  for (const auto& text : texts) list.push_back(bytes_of(text));
  return list;
}
std::vector<std::string> texts_of(const json& list) {
  std::vector<std::string> texts;
  texts.reserve(list.size());
  for (const auto& item : list) texts.push_back(text_of(item));
  return texts;
}

std::string to_cbor(const json& value) {
  std::string bytes;
  json::to_cbor(value, bytes);
  return bytes;
}

}  // namespace

std::string serialize(const Unit& unit) {
  json tests = json::array();
  for (const auto& test : unit.tests)
    tests.push_back({bytes_of(test.name), bytes_of(test.symbol), bytes_of(test.file), test.line});
  json definitions = json::array();
  for (const auto& each : unit.definitions) definitions.push_back({bytes_of(each.name), bytes_of(each.identity)});
  json directories = json::array();
  for (const auto& directory : unit.directories) directories.push_back(bytes_of(directory.native()));
  json value{{"object", unit.object_id.hex()},
             {"diagnostics", bytes_of(unit.diagnostics)},
             {"tests", std::move(tests)},
             {"definitions", std::move(definitions)},
             {"strong", list_of(unit.strong)},
             {"weak", list_of(unit.weak)},
             {"undefined", list_of(unit.undefined)},
             {"directories", std::move(directories)},
             {"gtest", bytes_of(unit.gtest_include)},
             {"gmock", bytes_of(unit.gmock_include)}};
  if (unit.main_line) value["main"] = *unit.main_line;
  if (unit.prelude_object) value["prelude"] = unit.prelude_object->hex();
  return to_cbor(value);
}

std::optional<Unit> deserialize(const std::string& bytes) try {
  json value = json::from_cbor(bytes);
  Unit unit;
  auto object_id = cache::Digest::from_hex(value.at("object").get<std::string>());
  if (!object_id) return std::nullopt;
  unit.object_id = *object_id;
  unit.status = Unit::Status::kOk;
  unit.diagnostics = text_of(value.at("diagnostics"));
  for (const auto& test : value.at("tests"))
    unit.tests.push_back(
        {text_of(test.at(0)), text_of(test.at(1)), text_of(test.at(2)), test.at(3).get<std::uint32_t>()});
  for (const auto& each : value.at("definitions"))
    unit.definitions.push_back({text_of(each.at(0)), text_of(each.at(1))});
  unit.strong = texts_of(value.at("strong"));
  unit.weak = texts_of(value.at("weak"));
  unit.undefined = texts_of(value.at("undefined"));
  for (const auto& directory : texts_of(value.at("directories"))) unit.directories.emplace_back(directory);
  unit.gtest_include = text_of(value.at("gtest"));
  unit.gmock_include = text_of(value.at("gmock"));
  if (auto main = value.find("main"); main != value.end()) unit.main_line = main->get<std::uint32_t>();
  if (auto prelude = value.find("prelude"); prelude != value.end()) {
    unit.prelude_object = cache::Digest::from_hex(prelude->get<std::string>());
    if (!unit.prelude_object) return std::nullopt;
  }
  return unit;
} catch (const std::exception&) {
  return std::nullopt;
}

}  // namespace dyad::build
