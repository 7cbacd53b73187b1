/// A compiled source and everything the compiler said about it: plain data, the same whether it was compiled now or taken
/// from the cache.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace dyad::build {

struct NativeTest {
  std::string name;
  std::string symbol;
  std::string file;  ///< absolute
  std::uint32_t line = 0;
};

/// A file, directory or absence that the compilation depended on.
struct Input {
  enum class Kind : std::uint8_t { kFile = 1, kMissing = 2, kDirectory = 3 };
  Kind kind;
  std::string path;
};

/// Something that another file of the image may only define too if its identity is the same and not empty (codegen.h).
struct Definition {
  std::string name, identity;
  bool operator==(const Definition&) const = default;
};

struct Unit {
  enum class Status : std::uint8_t { kOk, kFailed, kCrashed };
  std::filesystem::path source;
  Status status = Status::kFailed;
  std::string diagnostics;       ///< as Clang prints them, with ANSI colours; warnings too
  std::filesystem::path object;  ///< where its bytes are; only when kOk
  std::vector<NativeTest> tests;
  std::vector<Definition> definitions;
  std::vector<std::string> strong, weak, undefined;  ///< external symbols, mangled
  std::optional<std::uint32_t> main_line;            ///< the source defines main, renamed to main_symbol
  std::string main_symbol;
  std::vector<Input> inputs;

  bool ok() const { return status == Status::kOk; }
};

/// The cached form: CBOR (RFC 8949) of everything but `source`, `main_symbol` and `object`; the object is named by
/// `object_id` (hex). Returns nothing if the bytes are not what serialize() made.
std::string serialize(const Unit& unit, const std::string& object_id);
struct StoredUnit {
  Unit unit;
  std::string object_id;
};
std::optional<StoredUnit> deserialize(const std::string& bytes);

std::string serialize(const std::vector<Input>& inputs);
std::optional<std::vector<Input>> deserialize_inputs(const std::string& bytes);

}  // namespace dyad::build
