#include "host/run/output_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace dyad::run {

void OutputLog::skip_to(std::uint64_t offset) { cursor_ = std::max(cursor_, offset); }

void OutputLog::print_to(std::uint64_t offset, const std::string& subtest) {
  if (offset <= cursor_) return;
  items_.push_back({OutputPiece{.kind = OutputPiece::Kind::kPrinted, .subtest = subtest}, cursor_, offset});
  cursor_ = offset;
}

void OutputLog::say(OutputPiece message) {
  std::uint64_t size = message.text.size() + message.file.size() + message.subtest.size();
  if (said_ + size > kKeptMessages) {
    if (unsaid_++ == 0) {
      unsaid_at_ = items_.size();
      items_.push_back({OutputPiece{.kind = OutputPiece::Kind::kLog, .subtest = message.subtest}});
    }
    return;
  }
  said_ += size;
  items_.push_back({std::move(message)});
}

std::vector<OutputPiece> OutputLog::take(const Capture& capture) {
  std::uint64_t file_size = capture.size();
  std::uint64_t total = 0;
  for (Item& item : items_) {
    item.end = std::min(item.end, file_size);
    item.begin = std::min(item.begin, item.end);
    total += item.end - item.begin;
  }
  // In bytes that this test printed, counted from its first: [cut_begin, cut_end) goes.
  bool cut = total > kKeptHead + kKeptTail;
  std::uint64_t cut_begin = cut ? kKeptHead : total;
  std::uint64_t cut_end = cut ? total - kKeptTail : total;

  std::vector<OutputPiece> pieces;
  pieces.reserve(items_.size());
  std::uint64_t place = 0;  // of the item's first byte, counted in the same way
  for (Item& item : items_) {
    if (item.piece.kind == OutputPiece::Kind::kPrinted) {
      std::uint64_t end = place + (item.end - item.begin);
      auto in_file = [&](std::uint64_t offset) { return item.begin + (std::clamp(offset, place, end) - place); };
      item.piece.text = capture.read(item.begin, in_file(cut_begin));
      if (cut && place <= cut_begin && cut_begin < end) {
        if (!item.piece.text.empty() && item.piece.text.back() != '\n') item.piece.text += '\n';
        item.piece.text += fmt::format("... {} bytes cut ...\n", cut_end - cut_begin);
      }
      item.piece.text += capture.read(in_file(cut_end), item.end);
      place = end;
    } else if (unsaid_ > 0 && pieces.size() == unsaid_at_) {
      item.piece.text = fmt::format("... {} messages cut ...", unsaid_);
    }
    pieces.push_back(std::move(item.piece));
  }
  items_.clear();
  said_ = unsaid_ = 0;
  return pieces;
}

}  // namespace dyad::run
