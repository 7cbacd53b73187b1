#include "host/results/stored_result.hpp"

#include "host/inputs/byte_stream.hpp"

namespace dyad::results {

using inputs::ByteReader;
using inputs::ByteWriter;
using run::OutputPiece;
using run::PackageResult;
using run::TestResult;
using run::Verdict;

namespace {

template <class Enum>
Enum read_enum(ByteReader& reader, Enum last, bool& valid) {
  auto value = reader.u8();
  valid = valid && value <= static_cast<std::uint8_t>(last);
  return static_cast<Enum>(value);
}

void write(ByteWriter& writer, std::chrono::nanoseconds time) { writer.u64(static_cast<std::uint64_t>(time.count())); }
std::chrono::nanoseconds read_time(ByteReader& reader) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(reader.u64()));
}

void write(ByteWriter& writer, const std::vector<OutputPiece>& pieces) {
  writer.u32(static_cast<std::uint32_t>(pieces.size()));
  for (const auto& piece : pieces) {
    writer.u8(static_cast<std::uint8_t>(piece.kind));
    writer.text(piece.text);
    writer.text(piece.file);
    writer.u32(piece.line);
    writer.text(piece.subtest);
  }
}

std::vector<OutputPiece> read_pieces(ByteReader& reader, bool& valid) {
  std::vector<OutputPiece> pieces;
  for (auto count = reader.count(17); count > 0; --count) {
    OutputPiece piece{read_enum(reader, OutputPiece::Kind::kSkipReason, valid), {}, {}, 0, {}};
    piece.text = reader.text();
    piece.file = reader.text();
    piece.line = reader.u32();
    piece.subtest = reader.text();
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

void write(ByteWriter& writer, const TestResult& test) {
  writer.text(test.name);
  writer.text(test.file);
  writer.u32(test.line);
  writer.u8(static_cast<std::uint8_t>(test.verdict));
  writer.text(test.reason);
  write(writer, test.time);
  write(writer, test.output);
  writer.u32(static_cast<std::uint32_t>(test.subtests.size()));
  for (const auto& subtest : test.subtests) {
    writer.text(subtest.name);
    writer.u8(static_cast<std::uint8_t>(subtest.verdict));
    write(writer, subtest.time);
    writer.u64(subtest.begin);
  }
}

TestResult read_test(ByteReader& reader, bool& valid) {
  TestResult test;
  test.name = reader.text();
  test.file = reader.text();
  test.line = reader.u32();
  test.verdict = read_enum(reader, Verdict::kNotRun, valid);
  test.reason = reader.text();
  test.time = read_time(reader);
  test.output = read_pieces(reader, valid);
  for (auto count = reader.count(21); count > 0; --count) {
    run::Subtest subtest{std::string(reader.text()), read_enum(reader, Verdict::kNotRun, valid), {}, 0};
    subtest.time = read_time(reader);
    subtest.begin = reader.u64();
    valid = valid && subtest.begin <= test.output.size();
    test.subtests.push_back(std::move(subtest));
  }
  return test;
}

}  // namespace

std::string serialize(const PackageResult& result) {
  ByteWriter writer;
  writer.u32(static_cast<std::uint32_t>(result.tests.size()));
  for (const auto& test : result.tests) write(writer, test);
  write(writer, result.outside);
  write(writer, result.time);
  return writer.bytes();
}

bool deserialize(std::string_view bytes, PackageResult& result) {
  ByteReader reader(bytes);
  bool valid = true;
  std::vector<TestResult> tests;
  for (auto count = reader.count(37); count > 0 && reader.ok(); --count) tests.push_back(read_test(reader, valid));
  auto outside = read_pieces(reader, valid);
  auto time = read_time(reader);
  if (!valid || !reader.ok() || !reader.at_end()) return false;
  result.kind = PackageResult::Kind::kRan;
  result.discovered = tests.size();
  result.tests = std::move(tests);
  result.outside = std::move(outside);
  result.time = time;
  return true;
}

}  // namespace dyad::results
