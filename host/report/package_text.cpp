#include "host/report/package_text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "host/base/text.hpp"
#include "host/report/colour.hpp"

namespace dyad::report {
namespace {

using run::OutputPiece;
using run::PackageResult;
using run::Subtest;
using run::TestResult;
using run::Verdict;

constexpr std::size_t kStep = 4;  // columns of indentation for each level of subtests

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

void end_line(std::string& text) {
  if (!text.empty() && text.back() != '\n') text += '\n';
}

/// Appends every line of `lines` behind `indent` columns; an empty line stays empty.
void append_indented(std::string& out, std::string_view lines, std::size_t indent) {
  while (!lines.empty()) {
    std::string_view line = lines.substr(0, lines.find('\n'));
    if (!line.empty()) out.append(indent, ' ') += line;
    out += '\n';
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
  }
}

/// What a test printed, as it is; what it said, as "file:line: text" with the text's further lines further in.
void append_piece(std::string& out, const OutputPiece& piece, std::size_t indent) {
  if (piece.kind == OutputPiece::Kind::kPrinted) return append_indented(out, piece.text, indent);
  std::string place = printable(piece.file);
  if (!place.empty() && piece.line) place += fmt::format(":{}", piece.line);
  if (!place.empty()) place += ": ";
  std::string_view text = piece.text;
  std::size_t first = text.find('\n');
  append_indented(out, place + std::string(text.substr(0, first)), indent);
  if (first != text.npos) append_indented(out, text.substr(first + 1), indent + kStep);
}

/// A test's subtests as a tree, with the output of each. Node 0 is the test itself.
class Tree {
 public:
  explicit Tree(const TestResult& test) : nodes_(test.subtests.size() + 1) {
    for (std::size_t i = 0; i < test.subtests.size(); ++i) places_.emplace(test.subtests[i].name, i + 1);
    for (std::size_t i = 0; i < test.subtests.size(); ++i)
      nodes_[parent_of(test.subtests[i].name)].children.push_back(i);
    for (const OutputPiece& piece : test.output) nodes_[owner(piece)].output.push_back(&piece);
  }

  struct Node {
    std::vector<std::size_t> children;  ///< in TestResult::subtests
    std::vector<const OutputPiece*> output;
  };
  const Node& test() const { return nodes_[0]; }
  const Node& subtest(std::size_t i) const { return nodes_[i + 1]; }

  std::size_t owner(const OutputPiece& piece) const {
    auto found = places_.find(piece.subtest);
    return found == places_.end() ? 0 : found->second;
  }

 private:
  /// The longest name that `name` continues after a '/'. Names may hold slashes of their own.
  std::size_t parent_of(std::string_view name) const {
    for (std::size_t slash = name.rfind('/'); slash != name.npos && slash > 0; slash = name.rfind('/', slash - 1)) {
      auto found = places_.find(name.substr(0, slash));
      if (found != places_.end()) return found->second;
    }
    return 0;
  }

  std::vector<Node> nodes_;
  std::unordered_map<std::string_view, std::size_t> places_;
};

class Writer {
 public:
  Writer(const PackageResult& result, const ReportOptions& options) : result_(result), options_(options) {}

  std::string write() {
    if (!result_.build_output.empty()) {
      out_ += fmt::format("# {}\n", printable(result_.id.path));
      out_ += options_.colour ? result_.build_output : without_colours(result_.build_output);
      end_line(out_);
    }
    for (const TestResult& test : result_.tests) write_test(test);
    write_outside();
    for (const std::string& difference : result_.differences)
      out_ += fmt::format("--- {}: {}\n", red("DIFFERS"), difference);
    for (const std::string& notice : result_.notices) out_ += fmt::format("note: {}\n", notice);
    if (result_.kind == PackageResult::Kind::kRan && !options_.list_only) {
      if (failed(result_))
        out_ += red("FAIL") + "\n";
      else if (options_.verbose)
        out_ += green("PASS") + "\n";
    }
    write_package_line();
    return std::move(out_);
  }

 private:
  std::string red(std::string_view text) const { return paint(options_.colour, Colour::kRed, text); }
  std::string green(std::string_view text) const { return paint(options_.colour, Colour::kGreen, text); }

  void write_test(const TestResult& test) {
    if (options_.list_only) {
      out_ += test.name + "\n";
      return;
    }
    if (!options_.verbose && !failed(test) && !test.is_flaky()) return;
    for (std::size_t i = 0; i < test.earlier_tries.size(); ++i)
      write_try(test.earlier_tries[i], fmt::format("TRY {} ", i + 1), test.earlier_tries[i].reason);
    write_try(test, "", with_tries(test));
  }

  void write_try(const TestResult& test, const std::string& which, const std::string& reason) {
    Tree tree(test);
    if (options_.verbose) write_course(test, tree);
    write_verdict(0, test.verdict, test.name, test.time, reason, which);
    if (!options_.verbose) write_output(tree.test(), kStep);
    write_subtests(test, tree, tree.test(), kStep);
  }

  /// "    --- FAIL: TestX/sub (0.00s) [reason]", "--- TRY 1 FAIL: TestX (0.00s)"
  void write_verdict(std::size_t indent, Verdict verdict, const std::string& name, std::chrono::nanoseconds time,
                     const std::string& reason, const std::string& which = "") {
    Colour colour = verdict == Verdict::kPass                                  ? Colour::kGreen
                    : verdict == Verdict::kSkip || verdict == Verdict::kNotRun ? Colour::kYellow
                                                                               : Colour::kRed;
    out_.append(indent, ' ') +=
        fmt::format("--- {}{}: {}", which, paint(options_.colour, colour, run::verdict_name(verdict)), name);
    if (verdict != Verdict::kNotRun) out_ += fmt::format(" ({:.2f}s)", seconds(time));
    if (!reason.empty()) out_ += fmt::format(" [{}]", reason);
    out_ += '\n';
  }

  void write_output(const Tree::Node& node, std::size_t indent) {
    for (const OutputPiece* piece : node.output) append_piece(out_, *piece, indent);
  }

  void write_subtests(const TestResult& test, const Tree& tree, const Tree::Node& parent, std::size_t indent) {
    for (std::size_t child : parent.children) {
      const Subtest& subtest = test.subtests[child];
      bool passed = subtest.verdict == Verdict::kPass || subtest.verdict == Verdict::kSkip;
      if (passed && !options_.verbose) continue;
      write_verdict(indent, subtest.verdict, test.name + "/" + subtest.name, subtest.time, "");
      if (!options_.verbose) write_output(tree.subtest(child), indent + kStep);
      write_subtests(test, tree, tree.subtest(child), indent + kStep);
    }
  }

  /// With -v: everything in the order in which it happened.
  void write_course(const TestResult& test, const Tree& tree) {
    if (test.verdict == Verdict::kNotRun && test.output.empty()) return;
    out_ += fmt::format("=== RUN   {}\n", test.name);
    std::size_t speaker = 0, begun = 0;
    for (std::size_t i = 0;; ++i) {
      for (; begun < test.subtests.size() && test.subtests[begun].begin <= i; speaker = ++begun)
        out_ += fmt::format("=== RUN   {}/{}\n", test.name, test.subtests[begun].name);
      if (i >= test.output.size()) break;
      const OutputPiece& piece = test.output[i];
      if (piece.kind == OutputPiece::Kind::kPrinted && piece.text.empty()) continue;
      if (std::size_t owner = tree.owner(piece); owner != speaker) {
        speaker = owner;
        std::string name = owner ? "/" + test.subtests[owner - 1].name : "";
        out_ += fmt::format("=== NAME  {}{}\n", test.name, name);
      }
      append_piece(out_, piece, kStep);
    }
  }

  /// Output between tests is noise unless something failed there.
  void write_outside() {
    bool wanted = options_.verbose || result_.failed_outside || result_.kind == PackageResult::Kind::kLoadFailed;
    std::string text;
    for (const OutputPiece& piece : result_.outside) append_piece(text, piece, kStep);
    if (wanted && !options_.list_only && !text.empty())
      out_ += "=== OUTSIDE THE TESTS\n" + text;
    else if (failed(result_) && options_.list_only)
      out_ += text;
  }

  void write_package_line() {
    const std::string package = printable(result_.id.path);
    switch (result_.kind) {
      case PackageResult::Kind::kNoTestFiles:
        out_ += fmt::format("?   \t{}\t[no test files]\n", package);
        return;
      case PackageResult::Kind::kNotRun:
        out_ += fmt::format("?   \t{}\t[not run: {}]\n", package, result_.reason);
        return;
      case PackageResult::Kind::kBuildFailed:
        out_ += fmt::format("{}\t{} [build failed]\n", red("FAIL"), package);
        return;
      case PackageResult::Kind::kLoadFailed:
        out_ += fmt::format("{}\t{} [load failed]: {}\n", red("FAIL"), package, result_.reason);
        return;
      case PackageResult::Kind::kRan:
        break;
    }
    std::string verdict = failed(result_) ? red("FAIL") : green("ok") + "  ";
    std::string time = result_.cached ? "(cached)" : fmt::format("{:.3f}s", seconds(result_.time));
    out_ += fmt::format("{}\t{}\t{}", verdict, package, time);
    if (!result_.reason.empty())
      out_ += fmt::format(" [{}]", result_.reason);
    else if (result_.discovered != result_.tests.size())
      out_ += fmt::format(" [internal error: {} tests were announced and {} have a verdict]", result_.discovered,
                          result_.tests.size());
    else if (result_.tests.empty() && !failed(result_) && !options_.list_only)
      out_ += " [no tests to run]";
    out_ += '\n';
  }

  const PackageResult& result_;
  const ReportOptions& options_;
  std::string out_;
};

}  // namespace

std::string package_text(const PackageResult& result, const ReportOptions& options) {
  return Writer(result, options).write();
}

}  // namespace dyad::report
