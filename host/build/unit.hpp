/// A compiled source and everything the compiler said about it: plain data, the same whether it was compiled now or
/// taken from the cache.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cache/digest.hpp"
#include "host/inputs/world.hpp"

namespace dyad::build {

struct NativeTest {
  std::string name;
  std::string symbol;
  std::string file;  ///< absolute
  std::uint32_t line = 0;
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
  cache::Digest object_id;       ///< of these bytes
  std::vector<NativeTest> tests;
  std::vector<Definition> definitions;
  std::vector<std::string> strong, weak, undefined;  ///< external symbols, mangled
  std::optional<std::uint32_t> main_line;            ///< the source defines main, renamed to main_symbol
  std::string main_symbol;
  std::vector<std::filesystem::path> directories;  ///< of the workspace, whose files it read, in that order
  std::string gtest_include, gmock_include;        ///< where it found gtest/gtest.h and gmock/gmock.h, or empty
  std::string unrepeatable;                        ///< why the output is not determined by its facts, or empty
  std::optional<cache::Digest> prelude_object;     ///< of a prelude's object that it needs where it is linked
  std::filesystem::path prelude_file;              ///< where that is
  inputs::FactSet facts;                           ///< all that it depends on; not part of the cached form

  bool ok() const { return status == Status::kOk; }
};

/// The cached form: CBOR (RFC 8949) of everything but `source`, `main_symbol`, `facts` and where files are. Returns
/// nothing if the bytes are not what serialize() made.
std::string serialize(const Unit& unit);
std::optional<Unit> deserialize(const std::string& bytes);

}  // namespace dyad::build
