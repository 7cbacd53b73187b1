// sources: backends/runtime/wire_writer_posix.cpp backends/runtime/kept_descriptors_posix.cpp
// sources: host/run/wire_reader.cpp
// The wire format from end to end: what the runtime writes (backends/runtime/wire_writer.hpp), whatever texts, numbers
// and lengths tests give it, is what the host reads (host/run/wire_reader.hpp), in whatever pieces it arrives, but for
// the end of texts that are too long.
//
// The input is a list of calls of the writer: a byte for which one, and its arguments.
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "backends/runtime/wire_writer.hpp"
#include "host/run/wire_reader.hpp"
#include "tests/fuzz/fuzz_input.hpp"

namespace {

using namespace dyad;

class Input : public fuzz::Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : fuzz::Input({reinterpret_cast<const char*>(data), size}) {}
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (; bytes > 0; --bytes) value = value << 8 | byte();
    return value;
  }
  template <class Enum>
  Enum one_of(Enum last) {
    return static_cast<Enum>(1 + byte() % static_cast<unsigned>(last));
  }
  /// A few bytes of the input, or these again and again, so that the writer may have to cut.
  std::string text() {
    const unsigned size = byte();
    std::string bytes(take(size % 32));
    if (size >= 224 && !bytes.empty()) {
      const std::size_t wanted = DYAD_WIRE_MAX_TEXT + byte() - 128;
      while (bytes.size() < wanted) bytes.append(bytes.substr(0, wanted - bytes.size()));
    }
    return bytes;
  }
};

std::string cut(std::string text) {
  constexpr std::string_view kCut = " [cut]";
  if (text.size() <= DYAD_WIRE_MAX_TEXT) return text;
  text.resize(DYAD_WIRE_MAX_TEXT - kCut.size());
  return text.append(kCut);
}

/// A line for each event; texts with their lengths, so that no two events have the same line.
struct Line {
  template <class... Fields>
  static std::string of(std::string_view name, const Fields&... fields) {
    std::string line(name);
    (append(line, fields), ...);
    return line;
  }
  static void append(std::string& line, const std::string& text) { line += fmt::format(" {}:", text.size()) + text; }
  static void append(std::string& line, std::uint64_t value) { line += fmt::format(" {}", value); }

  std::string operator()(const run::Hello& e) const { return of("hello", e.version, e.pid); }
  std::string operator()(const run::Found& e) const { return of("found", e.index, e.kind, e.line, e.name, e.file); }
  std::string operator()(const run::Listed& e) const { return of("listed", e.count); }
  std::string operator()(const run::Started& e) const { return of("started", e.index, e.output); }
  std::string operator()(const run::Finished& e) const {
    return of("finished", e.index, e.verdict, e.nanoseconds, e.output);
  }
  std::string operator()(const run::Message& e) const {
    return of("message", e.index, e.severity, e.line, e.output, e.subtest, e.file, e.text);
  }
  std::string operator()(const run::SubStarted& e) const { return of("sub", e.index, e.output, e.subtest); }
  std::string operator()(const run::SubFinished& e) const {
    return of("sub finished", e.index, e.verdict, e.nanoseconds, e.output, e.subtest);
  }
  std::string operator()(const run::Outside& e) const {
    return of("outside", e.severity, e.line, e.output, e.file, e.text);
  }
  std::string operator()(const run::AllDone& e) const { return of("done", e.failed, e.output); }
  std::string operator()(const run::Crashed& e) const { return of("crashed", e.signal, e.by_fault, e.address); }
  std::string operator()(const run::Stack& e) const {
    return of("stack", e.thread, e.more, e.dropped, e.before, e.frames);
  }
  std::string operator()(const run::Limit& e) const { return of("limit", e.index, e.nanoseconds); }
  std::string operator()(const run::Report& e) const { return of("report", e.text); }
  std::string operator()(const run::Note& e) const { return of("note", e.index, e.text); }
};

/// Makes the calls that the input lists. Returns the lines of the events that they should be.
std::vector<std::string> write_events(Input& in, runtime::WireWriter& writer) {
  std::vector<std::string> lines;
  while (!in.empty()) {
    const unsigned which = in.byte() % 13;
    runtime::FoundTest test{
        .index = static_cast<std::uint32_t>(in.number(4)), .kind = DYAD_TEST_NATIVE, .name = "", .file = "", .line = 0};
    const auto verdict = in.one_of(DYAD_SKIP);
    const auto severity = in.one_of(DYAD_SKIPPED);
    const auto line = static_cast<std::uint32_t>(in.number(3));
    const std::uint64_t output = in.number(8), nanoseconds = in.number(8);
    const auto time = std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds));
    switch (which) {
      case 0:
        writer.hello(test.index);
        lines.push_back(Line::of("hello", DYAD_WIRE_VERSION, test.index));
        break;
      case 1:
        test.kind = in.one_of(DYAD_TEST_MAIN);
        test.name = in.text();
        test.file = in.text();
        test.line = line;
        writer.found(test);
        lines.push_back(Line::of("found", test.index, test.kind, line, cut(test.name), cut(test.file)));
        break;
      case 2:
        writer.listed(test.index);
        lines.push_back(Line::of("listed", test.index));
        break;
      case 3:
        writer.started(test, output);
        lines.push_back(Line::of("started", test.index, output));
        break;
      case 4:
        writer.finished(test, verdict, time, output);
        lines.push_back(Line::of("finished", test.index, verdict, nanoseconds, output));
        break;
      case 5: {
        const std::string subtest = in.text(), file = in.text(), text = in.text();
        writer.message(test, severity, {file, line}, output, subtest, text);
        lines.push_back(Line::of("message", test.index, severity, line, output, cut(subtest), cut(file), cut(text)));
        break;
      }
      case 6: {
        const std::string subtest = in.text();
        writer.sub_started(test, output, subtest);
        lines.push_back(Line::of("sub", test.index, output, cut(subtest)));
        break;
      }
      case 7: {
        const std::string subtest = in.text();
        writer.sub_finished(test, verdict, time, output, subtest);
        lines.push_back(Line::of("sub finished", test.index, verdict, nanoseconds, output, cut(subtest)));
        break;
      }
      case 8: {
        const std::string file = in.text(), text = in.text();
        writer.outside(severity, {file, line}, output, text);
        lines.push_back(Line::of("outside", severity, line, output, cut(file), cut(text)));
        break;
      }
      case 9:
        writer.done(line % 2 == 1, output);
        lines.push_back(Line::of("done", line % 2, output));
        break;
      case 10:
        writer.limit(test, time);
        lines.push_back(Line::of("limit", test.index, nanoseconds));
        break;
      case 11: {
        const std::string text = in.text();
        writer.note(test, text);
        lines.push_back(Line::of("note", test.index, cut(text)));
        break;
      }
      default:
        writer.flush();
    }
  }
  writer.flush();
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const std::size_t piece = 1 + in.number(2);
  const int file = ::memfd_create("wire", MFD_CLOEXEC);
  if (file < 0) std::abort();
  runtime::WireWriter writer(file);
  const std::vector<std::string> expected = write_events(in, writer);
  std::string bytes(static_cast<std::size_t>(::lseek(file, 0, SEEK_CUR)), '\0');
  if (::pread(file, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  ::close(file);

  run::WireReader reader;
  std::size_t read = 0;
  for (std::string_view rest = bytes; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size()))) {
    reader.feed(rest.substr(0, piece));
    for (;;) {
      Result<std::optional<run::Event>> event = reader.next();
      if (!event) std::fprintf(stderr, "wire_format_fuzz: %s\n", event.error().text.c_str());
      if (!event) std::abort();
      if (!*event) break;
      if (read >= expected.size() || std::visit(Line(), **event) != expected[read]) std::abort();
      ++read;
    }
  }
  if (read != expected.size() || reader.inside_frame()) std::abort();
  return 0;
}
