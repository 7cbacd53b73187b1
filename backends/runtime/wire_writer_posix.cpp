#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "backends/runtime/kept_descriptors.hpp"
#include "backends/runtime/wire_writer.hpp"

namespace dyad::runtime {

/// Appends one frame to a buffer; the size is filled in at the end of its life.
class WireWriter::Frame {
 public:
  Frame(std::string& buffer, dyad_frame type) : buffer_(buffer), begin_(buffer.size()) { u32(0).u8(type); }
  ~Frame() {
    std::uint32_t size = static_cast<std::uint32_t>(buffer_.size() - begin_ - kHeader);
    for (std::size_t i = 0; i < 4; ++i) buffer_[begin_ + i] = static_cast<char>(size >> (8 * i));
  }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  Frame& u8(std::uint32_t value) { return bytes(value, 1); }
  Frame& u32(std::uint32_t value) { return bytes(value, 4); }
  Frame& u64(std::uint64_t value) { return bytes(value, 8); }
  Frame& time(std::chrono::nanoseconds value) { return u64(static_cast<std::uint64_t>(value.count())); }
  Frame& str(std::string_view text) {
    constexpr std::string_view kCut = " [cut]";
    if (text.size() <= DYAD_WIRE_MAX_TEXT) {
      u32(static_cast<std::uint32_t>(text.size()));
      buffer_ += text;
    } else {
      u32(DYAD_WIRE_MAX_TEXT);
      buffer_ += text.substr(0, DYAD_WIRE_MAX_TEXT - kCut.size());
      buffer_ += kCut;
    }
    return *this;
  }

 private:
  static constexpr std::size_t kHeader = 5;
  Frame& bytes(std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) buffer_ += static_cast<char>(value >> (8 * i));
    return *this;
  }
  std::string& buffer_;
  std::size_t begin_;
};

void WireWriter::hello(std::uint32_t pid) {
  Frame(pending_, DYAD_FRAME_HELLO).u32(DYAD_WIRE_VERSION).u32(pid);
  flush();
}

void WireWriter::found(const FoundTest& test) {
  Frame(pending_, DYAD_FRAME_FOUND).u32(test.index).u8(test.kind).u32(test.line).str(test.name).str(test.file);
}

void WireWriter::listed(std::uint32_t count) {
  Frame(pending_, DYAD_FRAME_LISTED).u32(count);
  flush();
}

void WireWriter::started(const FoundTest& test, std::uint64_t output) {
  Frame(pending_, DYAD_FRAME_STARTED).u32(test.index).u64(output);
  flush();
}

void WireWriter::finished(const FoundTest& test, dyad_verdict verdict, std::chrono::nanoseconds time,
                          std::uint64_t output) {
  Frame(pending_, DYAD_FRAME_FINISHED).u32(test.index).u8(verdict).time(time).u64(output);
}

void WireWriter::message(const FoundTest& test, dyad_severity severity, Place place, std::uint64_t output,
                         std::string_view subtest, std::string_view text) {
  Frame(pending_, DYAD_FRAME_MESSAGE)
      .u32(test.index)
      .u8(severity)
      .u32(place.line)
      .u64(output)
      .str(subtest)
      .str(place.file)
      .str(text);
  flush();
}

void WireWriter::sub_started(const FoundTest& test, std::uint64_t output, std::string_view subtest) {
  Frame(pending_, DYAD_FRAME_SUB_STARTED).u32(test.index).u64(output).str(subtest);
  flush();
}

void WireWriter::sub_finished(const FoundTest& test, dyad_verdict verdict, std::chrono::nanoseconds time,
                              std::uint64_t output, std::string_view subtest) {
  Frame(pending_, DYAD_FRAME_SUB_FINISHED).u32(test.index).u8(verdict).time(time).u64(output).str(subtest);
}

void WireWriter::outside(dyad_severity severity, Place place, std::uint64_t output, std::string_view text) {
  Frame(pending_, DYAD_FRAME_OUTSIDE).u8(severity).u32(place.line).u64(output).str(place.file).str(text);
  flush();
}

void WireWriter::limit(const FoundTest& test, std::chrono::nanoseconds limit) {
  Frame(pending_, DYAD_FRAME_LIMIT).u32(test.index).time(limit);
  flush();
}

void WireWriter::note(const FoundTest& test, std::string_view text) {
  Frame(pending_, DYAD_FRAME_NOTE).u32(test.index).str(text);
}

void WireWriter::done(bool failed, std::uint64_t output) {
  Frame(pending_, DYAD_FRAME_DONE).u8(failed ? 1 : 0).u64(output);
  flush();
}

void WireWriter::flush() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    ssize_t written = write(fd_, rest.data(), rest.size());
    if (written > 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd ready{fd_, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno == EBADF && restore_descriptor(fd_)) {
      // a test has closed it
    } else if (errno != EINTR) {
      break;  // nobody reads any more: the host sees an end without DONE
    }
  }
  pending_.clear();
}

}  // namespace dyad::runtime
