#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "host/run/wire_reader.hpp"
#include "run_frames.hpp"

namespace dyad::run {
namespace {

/// Everything that can be read, and the damage if there is any.
struct Reading {
  std::vector<Event> events;
  std::string damage;
  bool inside_frame;
};

Reading read_in_pieces(const std::string& bytes, std::size_t piece) {
  WireReader reader;
  Reading reading;
  for (std::size_t at = 0; at < bytes.size() && reading.damage.empty(); at += piece) {
    reader.feed(std::string_view(bytes).substr(at, piece));
    for (;;) {
      auto event = reader.next();
      if (!event) reading.damage = event.error().text;
      if (!event || !*event) break;
      reading.events.push_back(**event);
    }
  }
  reading.inside_frame = reader.inside_frame();
  return reading;
}

std::string one_of_each() {
  return frames::hello() + frames::found(3, "TestA") + frames::listed(1) + frames::started(3, 5) +
         frames::sub_started(3, "a/b", 6) + frames::message(3, "it is 4", DYAD_FATAL, 9, "a/b") +
         frames::sub_finished(3, "a/b", DYAD_FAIL, 10, 77) + frames::finished(3, DYAD_FAIL, 11, 99) +
         frames::outside("teardown", DYAD_LOG, 12) + frames::done(1, 13);
}

TEST(WireReader, ReadsEveryFrameWithItsFields) {
  Reading reading = read_in_pieces(one_of_each(), 4096);
  ASSERT_EQ(reading.damage, "");
  ASSERT_EQ(reading.events.size(), 10u);
  EXPECT_EQ(std::get<Hello>(reading.events[0]).version, DYAD_WIRE_VERSION);
  EXPECT_EQ(std::get<Hello>(reading.events[0]).pid, 4711u);
  auto found = std::get<Found>(reading.events[1]);
  EXPECT_EQ(found.index, 3u);
  EXPECT_EQ(found.kind, DYAD_TEST_NATIVE);
  EXPECT_EQ(found.line, 7u);
  EXPECT_EQ(found.name, "TestA");
  EXPECT_EQ(found.file, "calc_test.cc");
  EXPECT_EQ(std::get<Listed>(reading.events[2]).count, 1u);
  EXPECT_EQ(std::get<Started>(reading.events[3]).index, 3u);
  EXPECT_EQ(std::get<Started>(reading.events[3]).output, 5u);
  EXPECT_EQ(std::get<SubStarted>(reading.events[4]).subtest, "a/b");
  EXPECT_EQ(std::get<SubStarted>(reading.events[4]).output, 6u);
  auto message = std::get<Message>(reading.events[5]);
  EXPECT_EQ(message.severity, DYAD_FATAL);
  EXPECT_EQ(message.line, 12u);
  EXPECT_EQ(message.output, 9u);
  EXPECT_EQ(message.subtest, "a/b");
  EXPECT_EQ(message.file, "calc_test.cc");
  EXPECT_EQ(message.text, "it is 4");
  auto sub = std::get<SubFinished>(reading.events[6]);
  EXPECT_EQ(sub.verdict, DYAD_FAIL);
  EXPECT_EQ(sub.nanoseconds, 77u);
  EXPECT_EQ(sub.output, 10u);
  auto finished = std::get<Finished>(reading.events[7]);
  EXPECT_EQ(finished.verdict, DYAD_FAIL);
  EXPECT_EQ(finished.nanoseconds, 99u);
  EXPECT_EQ(finished.output, 11u);
  auto outside = std::get<Outside>(reading.events[8]);
  EXPECT_EQ(outside.severity, DYAD_LOG);
  EXPECT_EQ(outside.line, 3u);
  EXPECT_EQ(outside.output, 12u);
  EXPECT_EQ(outside.file, "env.cc");
  EXPECT_EQ(outside.text, "teardown");
  EXPECT_TRUE(std::get<AllDone>(reading.events[9]).failed);
  EXPECT_EQ(std::get<AllDone>(reading.events[9]).output, 13u);
  EXPECT_FALSE(reading.inside_frame);
}

TEST(WireReader, ReadsTheSameFromPiecesOfAnySize) {
  std::string bytes = one_of_each();
  for (std::size_t piece = 1; piece <= 17; ++piece) {
    Reading reading = read_in_pieces(bytes, piece);
    EXPECT_EQ(reading.damage, "") << piece;
    EXPECT_EQ(reading.events.size(), 10u) << piece;
  }
}

TEST(WireReader, KeepsAnyBytesInStrings) {
  std::string text("a\0\xff\n\x1b[31m", 9);
  Reading reading = read_in_pieces(frames::message(1, text), 3);
  ASSERT_EQ(reading.events.size(), 1u);
  EXPECT_EQ(std::get<Message>(reading.events[0]).text, text);
}

TEST(WireReader, ReadsWhatACrashTells) {
  using namespace frames;
  Reading reading = read_in_pieces(frame(11, u32(11) + u8(1) + u64(64)) +
                                       frame(12, u32(7) + u8(1) + u32(3) + u32(2) + str("1a /x.so\n")) +
                                       frame(13, u32(4) + u64(5)) + frame(14, u32(4) + str("LEAK: thread")) +
                                       frame(15, str("XSanitizer: bad")) + frame(11, u32(11) + u8(2) + u64(0)),
                                   5);
  ASSERT_EQ(reading.events.size(), 5u);
  EXPECT_EQ(std::get<Crashed>(reading.events[0]).signal, 11u);
  EXPECT_EQ(std::get<Crashed>(reading.events[0]).address, 64u);
  auto stack = std::get<Stack>(reading.events[1]);
  EXPECT_TRUE(stack.more);
  EXPECT_EQ(stack.dropped, 3u);
  EXPECT_EQ(stack.before, 2u);
  EXPECT_EQ(stack.frames, "1a /x.so\n");
  EXPECT_EQ(std::get<Limit>(reading.events[2]).nanoseconds, 5u);
  EXPECT_EQ(std::get<Note>(reading.events[3]).text, "LEAK: thread");
  EXPECT_EQ(std::get<Report>(reading.events[4]).text, "XSanitizer: bad");
  EXPECT_EQ(reading.damage, "frame of type 11 does not fit its 13 bytes");
}

TEST(WireReader, ReportsAnUnknownFrameType) {
  EXPECT_EQ(read_in_pieces(frames::frame(0, ""), 64).damage, "unknown frame type 0");
  EXPECT_EQ(read_in_pieces(frames::frame(16, ""), 64).damage, "unknown frame type 16");
}

TEST(WireReader, ReportsATooLongFrameBeforeItArrives) {
  std::string header = frames::u32(DYAD_WIRE_MAX_FRAME + 1) + frames::u8(DYAD_FRAME_MESSAGE);
  EXPECT_EQ(read_in_pieces(header, 64).damage, "frame of 1048577 bytes, at most 1048576 are allowed");
}

TEST(WireReader, ReportsAPayloadThatDoesNotFitItsFields) {
  EXPECT_EQ(read_in_pieces(frames::frame(4, frames::u32(1)), 64).damage, "frame of type 4 does not fit its 4 bytes");
  EXPECT_EQ(read_in_pieces(frames::frame(3, frames::u32(1) + "x"), 64).damage,
            "frame of type 3 does not fit its 5 bytes");
}

TEST(WireReader, ReportsAStringThatIsLongerThanItsFrame) {
  std::string payload = frames::u32(1) + frames::u64(0) + frames::u32(1000) + "short";
  EXPECT_NE(read_in_pieces(frames::frame(7, payload), 64).damage, "");
}

TEST(WireReader, ReportsAStringAboveTheLimit) {
  EXPECT_EQ(read_in_pieces(frames::sub_started(1, std::string(DYAD_WIRE_MAX_TEXT, 'x')), 4096).damage, "");
  EXPECT_NE(read_in_pieces(frames::sub_started(1, std::string(DYAD_WIRE_MAX_TEXT + 1, 'x')), 4096).damage, "");
}

TEST(WireReader, ReportsValuesThatNoEnumerationHas) {
  EXPECT_NE(read_in_pieces(frames::finished(1, 0), 64).damage, "");
  EXPECT_NE(read_in_pieces(frames::finished(1, 4), 64).damage, "");
  EXPECT_NE(read_in_pieces(frames::found(1, "x", 4), 64).damage, "");
  EXPECT_NE(read_in_pieces(frames::message(1, "x", 5), 64).damage, "");
  EXPECT_NE(read_in_pieces(frames::done(2), 64).damage, "");
}

TEST(WireReader, StaysDamaged) {
  WireReader reader;
  reader.feed(frames::frame(99, ""));
  EXPECT_FALSE(reader.next());
  reader.feed(frames::hello());
  auto again = reader.next();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().text, "unknown frame type 99");
}

TEST(WireReader, KnowsThatItIsInsideAFrame) {
  std::string bytes = frames::hello() + frames::listed(0);
  EXPECT_TRUE(read_in_pieces(bytes.substr(0, bytes.size() - 1), 64).inside_frame);
  EXPECT_FALSE(read_in_pieces(bytes, 64).inside_frame);
}

TEST(WireReader, SurvivesEveryFlippedBit) {
  std::string whole = one_of_each();
  std::size_t damaged = 0;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    Reading reading = read_in_pieces(bytes, 4096);
    EXPECT_LE(reading.events.size(), 10u);
    damaged += !reading.damage.empty();
  }
  EXPECT_GT(damaged, 100u);
}

TEST(WireReader, SurvivesRandomBytes) {
  std::mt19937 random(42);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = frames::hello();
    for (int i = 0; i < 64; ++i) bytes += static_cast<char>(random() % 12);
    Reading reading = read_in_pieces(bytes, 1 + random() % 40);
    EXPECT_GE(reading.events.size(), 1u);
  }
}

}  // namespace
}  // namespace dyad::run
