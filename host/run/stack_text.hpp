/// Stacks of a test process as lines for people: recursion collapsed, our own frames left out.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/run/symbolizer.hpp"
#include "host/run/wire_reader.hpp"

namespace dyad::run {

/// What a process said of its own end, or when it was asked.
struct Stacks {
  std::optional<Crashed> crash;
  std::vector<Stack> threads;

  bool empty() const { return !crash && threads.empty(); }
};

/// The text of this stack will be wanted. Does not wait.
void expect_stack_text(const Stack& stack, Symbolizer& symbolizer);

/// A line that says what happened, and the frames. Files below `directory` are shown relative to it.
std::string stack_text(const Stacks& stacks, const std::filesystem::path& directory, Symbolizer& symbolizer);

}  // namespace dyad::run
