/// Links images through libdyad_codegen and the cache: what was linked from the same objects with the same flags, and
/// finds the same libraries, is not linked again.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "backends/abi/wire.h"
#include "host/base/result.hpp"
#include "host/build/statistics.hpp"
#include "host/build/toolchain.hpp"
#include "host/build/unit_inputs.hpp"
#include "host/inputs/world.hpp"

namespace dyad::build {

struct LinkInput {
  std::filesystem::path file;
  cache::Digest content;
};

/// A row of the test table; codegen.h.
struct TableRow {
  std::string name, file;
  std::uint32_t line = 0;
  std::uint32_t kind = DYAD_TEST_NATIVE;
  std::string symbol;
};

/// The test table that is generated into an image.
struct Table {
  std::string package;
  std::vector<TableRow> rows;
  std::string own_main;
};

struct LinkJob {
  bool executable = false;
  std::vector<LinkInput> objects;  ///< always linked, before the table
  Table table;
  std::vector<LinkInput> libraries;  ///< linked where a symbol is wanted
  std::vector<std::string> arguments;
  std::filesystem::path output;
};

struct UndefinedSymbol {
  std::string symbol, demangled;
  std::filesystem::path object;  ///< that wants it
};

struct DuplicateSymbol {
  std::string demangled;
  std::filesystem::path first, second;
};

struct LinkOutcome {
  bool ok = false;
  std::filesystem::path file;        ///< the image: in the cache, or LinkJob::output
  std::optional<cache::Digest> key;  ///< of everything it was made from; nothing if that could not be kept
  cache::Digest image;               ///< of its bytes
  inputs::FactSet facts;             ///< libraries that were found and not found
  std::vector<UndefinedSymbol> undefined;
  std::vector<DuplicateSymbol> duplicates;
  std::string diagnostics;  ///< all that the linker said
};

class Linker {
 public:
  struct Parts {
    const Toolchain& toolchain;
    inputs::World& world;
    UnitInputs& inputs;
    Statistics& statistics;
    Mismatches* mismatches;  ///< not null: link everything again and compare
    bool in_place;           ///< images are wanted at LinkJob::output
  };
  explicit Linker(Parts parts) : parts_(parts) {}

  /// Fails if the linker cannot be loaded or a file cannot be written; what it thinks of the objects is the outcome.
  Result<LinkOutcome> link(const LinkJob& job);

  /// Where the image of these bytes can be run from: in the cache; copied to `place` if images are wanted there, or the
  /// cache's file system does not allow execution. Nothing if the cache has lost it.
  std::optional<std::filesystem::path> find_image(const cache::Digest& image, const std::filesystem::path& place) const;

  /// Writes the table's object (or bitcode) to `place`.
  Result<void> write_table(const Table& table, const std::filesystem::path& place, bool bitcode) const;

 private:
  cache::ActionId lookup_action(const LinkJob& job) const;
  Result<LinkOutcome> run(const LinkJob& job, const cache::ActionId& lookup);
  void keep(const LinkJob& job, const cache::ActionId& lookup, const std::vector<UnitInput>& read,
            LinkOutcome& outcome);

  Parts parts_;
};

}  // namespace dyad::build
