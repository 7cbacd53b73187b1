/// What addresses in object files mean: functions, files, lines, inlined calls.
///
/// Asks dyad-symbolizer, a process of its own that is started for the first crash and kept for the others: LLVM is not
/// mapped here, and nothing is started for a run without crashes. $DYAD_SYMBOLIZER names another one, which must speak
/// as llvm-symbolizer does. Without one nothing is known. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "host/run/descriptor.hpp"

namespace dyad::run {

struct SourcePlace {
  std::string function;
  std::string file;  ///< as the compiler was given it; empty if it is not known
  std::uint32_t line = 0;
};

class Symbolizer {
 public:
  /// `program`: dyad-symbolizer.
  explicit Symbolizer(std::string program) : program_(std::move(program)) {}
  Symbolizer(const Symbolizer&) = delete;
  ~Symbolizer();

  /// find() will be called for this: the other process looks for it meanwhile, if it has not much to do. Does not wait.
  void expect(const std::string& object, std::uint64_t offset);
  /// The call at this offset and those that it is inlined in, innermost first; empty if nothing is known. Waits for the
  /// other process.
  const std::vector<SourcePlace>& find(const std::string& object, std::uint64_t offset);

 private:
  using Address = std::pair<std::string, std::uint64_t>;
  bool is_asked(const Address& address) const;
  /// False if there is nobody to ask, or it makes no sense.
  bool ask(const Address& address);
  /// Takes over the answer to the question that was asked first.
  void take_answer();
  void start();
  void stop();
  void fail();

  std::string program_;
  std::map<Address, std::vector<SourcePlace>> known_;
  std::deque<Address> asked_;  ///< and not answered yet
  std::string answers_;        ///< what has been read and not taken over
  bool failed_ = false;
  int pid_ = -1;
  Descriptor to_, from_;
};

/// The lines of an answer, as llvm-symbolizer gives it: function, place, function, place, ...
std::vector<SourcePlace> read_symbolizer_answer(const std::string& answer);

}  // namespace dyad::run
