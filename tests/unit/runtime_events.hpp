/// The event stream as lines of text, for tests of what the runtime writes. Reads it by its specification, wire.md,
/// with code of its own.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace dyad::runtime {

/// One line per frame: "STARTED 0", "MESSAGE 0 2 file:3 [sub] text"; times, pids and output offsets are left out. A
/// damaged stream ends with the line "DAMAGED".
class EventLines {
 public:
  explicit EventLines(std::string_view stream) {
    while (!stream.empty() && !damaged_) {
      rest_ = stream;
      std::uint64_t size = number(4), type = number(1);
      damaged_ = damaged_ || rest_.size() < size;
      if (damaged_) break;
      stream = rest_.substr(size);
      rest_ = rest_.substr(0, size);
      lines_.push_back(line(type));
      damaged_ = damaged_ || !rest_.empty();
    }
    if (damaged_) lines_.push_back("DAMAGED");
  }
  const std::vector<std::string>& lines() const { return lines_; }
  std::string text() const {
    std::string all;
    for (const std::string& line : lines_) all += line + "\n";
    return all;
  }

 private:
  std::uint64_t number(std::size_t bytes) {
    if (rest_.size() < bytes) {
      damaged_ = true;
      rest_ = {};
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(bytes);
    return value;
  }
  std::string decimal(std::size_t bytes) { return std::to_string(number(bytes)); }
  std::string str() {
    std::size_t size = number(4);
    if (rest_.size() < size) {
      damaged_ = true;
      return "";
    }
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  std::string line(std::uint64_t type) {
    switch (type) {
      case 1: {
        std::string version = decimal(4);
        number(4);
        return "HELLO " + version;
      }
      case 2: {
        std::string index = decimal(4), kind = decimal(1), at = decimal(4), name = str(), file = str();
        return "FOUND " + index + " " + kind + " " + name + " " + file + ":" + at;
      }
      case 3:
        return "LISTED " + decimal(4);
      case 4: {
        std::string index = decimal(4);
        number(8);
        return "STARTED " + index;
      }
      case 5: {
        std::string index = decimal(4), verdict = decimal(1);
        number(8), number(8);
        return "FINISHED " + index + " " + verdict;
      }
      case 6: {
        std::string index = decimal(4), severity = decimal(1), at = decimal(4);
        number(8);
        std::string subtest = str(), file = str(), text = str();
        std::size_t slash = file.rfind('/');
        if (slash != std::string::npos) file = file.substr(slash + 1);
        return "MESSAGE " + index + " " + severity + " " + (file.empty() ? "-" : file) + " [" + subtest + "] " + text;
      }
      case 7: {
        std::string index = decimal(4);
        number(8);
        return "SUB_STARTED " + index + " " + str();
      }
      case 8: {
        std::string index = decimal(4), verdict = decimal(1);
        number(8), number(8);
        return "SUB_FINISHED " + index + " " + verdict + " " + str();
      }
      case 9: {
        std::string severity = decimal(1);
        number(4), number(8);
        std::string file = str(), text = str();
        return "OUTSIDE " + severity + " " + text;
      }
      case 10: {
        std::string failed = decimal(1);
        number(8);
        return "DONE " + failed;
      }
      case 11: {
        std::string signal = decimal(4);
        number(1), number(8);
        return "CRASHED " + signal;
      }
      case 12: {
        number(4);
        std::string more = decimal(1), dropped = decimal(4);
        number(4);
        return "STACK " + more + " " + dropped + (str().empty() ? " empty" : "");
      }
      case 13: {
        std::string index = decimal(4);
        return "LIMIT " + index + " " + decimal(8);
      }
      case 14: {
        std::string index = decimal(4);
        return "NOTE " + index + " " + str();
      }
    }
    damaged_ = true;
    return "frame of type " + std::to_string(type);
  }

  std::string_view rest_;
  bool damaged_ = false;
  std::vector<std::string> lines_;
};

}  // namespace dyad::runtime
