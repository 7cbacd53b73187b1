#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "host/run/output_log.hpp"

namespace dyad::run {
namespace {

Capture printed(const std::string& text) {
  Result<Capture> capture = Capture::create();
  EXPECT_TRUE(capture);
  EXPECT_EQ(write(capture->fd(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return std::move(*capture);
}

OutputPiece said(std::string text) { return {.kind = OutputPiece::Kind::kLog, .text = std::move(text)}; }

TEST(Capture, AppendsWhatSeveralDescriptorsWrite) {
  Capture capture = printed("one ");
  int copy = dup(capture.fd());
  lseek(copy, 0, SEEK_SET);
  ASSERT_EQ(write(copy, "two", 3), 3);
  close(copy);
  EXPECT_EQ(capture.read(0, 100), "one two");
  EXPECT_EQ(capture.read(4, 6), "tw");
  EXPECT_EQ(capture.read(50, 60), "");
}

TEST(OutputLog, PutsMessagesAmongWhatWasPrinted) {
  Capture capture = printed("before\nafter\nnot mine");
  OutputLog log;
  log.print_to(7, "");
  log.say(said("now"));
  log.print_to(13, "sub");
  auto pieces = log.take(capture);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0].text, "before\n");
  EXPECT_EQ(pieces[1].text, "now");
  EXPECT_EQ(pieces[2].text, "after\n");
  EXPECT_EQ(pieces[2].subtest, "sub");
}

TEST(OutputLog, SkipsWhatBelongsToOthers) {
  Capture capture = printed("theirs mine");
  OutputLog log;
  log.skip_to(7);
  log.print_to(11, "");
  auto pieces = log.take(capture);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].text, "mine");
}

TEST(OutputLog, BelievesNoOffset) {
  Capture capture = printed("text");
  OutputLog log;
  log.print_to(2, "");
  log.print_to(1, "");                      // backwards
  log.print_to(~std::uint64_t{0}, "");      // far beyond the end
  log.print_to(~std::uint64_t{0} - 5, "");  // backwards again
  auto pieces = log.take(capture);
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].text + pieces[1].text, "text");
}

TEST(OutputLog, KeepsHeadAndTailOfTooMuch) {
  std::string text(kKeptHead, 'h');
  text += std::string(12345, 'x') + std::string(kKeptTail, 't');
  Capture capture = printed(text);
  OutputLog log;
  log.print_to(text.size(), "");
  auto pieces = log.take(capture);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].text, std::string(kKeptHead, 'h') + "\n... 12345 bytes cut ...\n" + std::string(kKeptTail, 't'));
}

TEST(OutputLog, KeepsAllThatJustFits) {
  std::string text(kKeptHead + kKeptTail, 'x');
  Capture capture = printed(text);
  OutputLog log;
  log.print_to(text.size(), "");
  EXPECT_EQ(log.take(capture)[0].text, text);
}

TEST(OutputLog, CutsAcrossPieces) {
  std::string text = std::string(kKeptHead - 10, 'h') + std::string(20, 'a') + std::string(100, 'b') +
                     std::string(20, 'c') + std::string(kKeptTail - 10, 't');
  Capture capture = printed(text);
  OutputLog log;
  log.print_to(kKeptHead - 10, "");
  log.say(said("1"));
  log.print_to(kKeptHead + 10, "");  // the cut begins inside
  log.say(said("2"));
  log.print_to(kKeptHead + 110, "");  // all cut
  log.say(said("3"));
  log.print_to(kKeptHead + 130, "");  // the cut ends inside
  log.print_to(text.size(), "tail");
  std::size_t size = log.size();
  auto pieces = log.take(capture);
  ASSERT_EQ(pieces.size(), size);
  ASSERT_EQ(pieces.size(), 8u);
  EXPECT_EQ(pieces[2].text, std::string(10, 'a') + "\n... 120 bytes cut ...\n");
  EXPECT_EQ(pieces[4].text, "");
  EXPECT_EQ(pieces[6].text, std::string(10, 'c'));
  EXPECT_EQ(pieces[7].text.size(), kKeptTail - 10);
}

TEST(OutputLog, DropsMessagesAboveTheLimitAndSaysSo) {
  Capture capture = printed("");
  OutputLog log;
  for (int i = 0; i < 20; ++i) log.say(said(std::string(64 << 10, 'm')));
  auto pieces = log.take(capture);
  ASSERT_EQ(pieces.size(), 17u);
  EXPECT_EQ(pieces[15].text.size(), 64u << 10);
  EXPECT_EQ(pieces[16].text, "... 4 messages cut ...");
}

TEST(OutputLog, StartsAgainAfterTake) {
  Capture capture = printed("onetwo");
  OutputLog log;
  log.print_to(3, "");
  log.take(capture);
  EXPECT_EQ(log.size(), 0u);
  log.print_to(6, "");
  EXPECT_EQ(log.take(capture)[0].text, "two");
}

}  // namespace
}  // namespace dyad::run
