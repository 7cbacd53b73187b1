// What the plugin of the dll backend and its executors make of each other's words, whoever said them.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "backends/dll/outcome.hpp"
#include "backends/dll/protocol.hpp"
#include "backends/dll/request.hpp"

namespace dyad::dll {
namespace {

using Kind = Outcome::Kind;

constexpr std::uint64_t kSecret = 0x1234'5678'9abc'def0;

class OutcomeTest : public testing::Test {
 protected:
  OutcomeTest() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends_), 0); }
  ~OutcomeTest() override {
    ::close(ends_[0]);
    end();
  }

  void say(std::string_view bytes) {
    ASSERT_EQ(::send(ends_[1], bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void say(Ending::Kind kind, int status, std::string_view text = {}, std::uint64_t secret = kSecret) {
    Ending ending{kind, status, secret, {}};
    text.copy(ending.text, sizeof ending.text);
    say({reinterpret_cast<const char*>(&ending), sizeof ending});
  }
  void end() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  Outcome read(bool killed = false) {
    return read_outcome(ends_[0], kSecret, killed, [this] { ++kills_; });
  }

  int ends_[2] = {-1, -1};
  int kills_ = 0;
};

TEST_F(OutcomeTest, AnExecutorThatGoesOnIsNotWaitedFor) {
  say(Ending::kReturned, 3);
  const Outcome outcome = read();
  EXPECT_EQ(outcome.kind, Kind::kReturned);
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.text, "");
}

TEST_F(OutcomeTest, OneThatDoesNotIsAndSoIsOneThatWasKilled) {
  say(Ending::kReturned, 3, "thread");
  say(Ending::kWaitStatus, 0);
  EXPECT_EQ(read().text, "thread");
  say(Ending::kReturned, 4);
  say(Ending::kWaitStatus, SIGKILL);
  EXPECT_EQ(read(true).code, 4);
  EXPECT_EQ(::recv(ends_[0], nullptr, 0, MSG_DONTWAIT), -1) << "something was left";
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(OutcomeTest, AnImageThatIsNotLoadedSaysWhy) {
  say(Ending::kLoadFailed, 0, "no such symbol");
  say(Ending::kWaitStatus, 7 << 8);
  const Outcome outcome = read();
  EXPECT_EQ(outcome.kind, Kind::kEnded);
  EXPECT_EQ(outcome.code, 7 << 8);
  EXPECT_EQ(outcome.text, "no such symbol");
}

TEST_F(OutcomeTest, WhatHasNotTheSecretIsNotBelieved) {
  say(Ending::kReturned, 0, {}, kSecret + 1);
  say("x");
  say(Ending::kWaitStatus, SIGKILL);
  EXPECT_EQ(read().kind, Kind::kSpoilt);
  EXPECT_EQ(kills_, 1);
}

TEST_F(OutcomeTest, MoreThanAMessageIsNone) {
  Ending ending{Ending::kReturned, 0, kSecret, {}};
  say(std::string(reinterpret_cast<const char*>(&ending), sizeof ending) + "x");
  say(Ending::kWaitStatus, SIGKILL);
  EXPECT_EQ(read().kind, Kind::kSpoilt);
}

TEST_F(OutcomeTest, AnEmptyMessageIsNotTheEnd) {
  say("");
  say(Ending::kWaitStatus, SIGSEGV);
  end();
  const Outcome outcome = read();
  EXPECT_EQ(outcome.kind, Kind::kSpoilt);
  EXPECT_EQ(outcome.code, SIGSEGV);
}

TEST_F(OutcomeTest, ATextThatDoesNotEndIsCut) {
  say(Ending::kNotStarted, EAGAIN, std::string(256, 'x'));
  const Outcome outcome = read();
  EXPECT_EQ(outcome.kind, Kind::kNotStarted);
  EXPECT_EQ(outcome.code, EAGAIN);
  EXPECT_EQ(outcome.text, std::string(255, 'x'));
}

TEST_F(OutcomeTest, AnExecutorThatNeverWasHasNotReadItsOrder) {
  ASSERT_EQ(::send(ends_[0], "order", 5, 0), 5);
  end();
  const Outcome outcome = read();
  EXPECT_EQ(outcome.kind, Kind::kSilent);
  EXPECT_TRUE(outcome.unread);
}

TEST_F(OutcomeTest, OneWhoseSocketWasShutDownHas) {
  char order[5];
  ASSERT_EQ(::send(ends_[0], "order", 5, 0), 5);
  ASSERT_EQ(::recv(ends_[1], order, sizeof order, 0), 5);
  ASSERT_EQ(::shutdown(ends_[1], SHUT_RDWR), 0);
  const Outcome outcome = read();
  EXPECT_EQ(outcome.kind, Kind::kSilent);
  EXPECT_FALSE(outcome.unread);
}

class RequestTest : public testing::Test {
 protected:
  ~RequestTest() override { ::close(file_); }
  bool read(std::string_view bytes) {
    EXPECT_EQ(::ftruncate(file_, 0), 0);
    EXPECT_EQ(::pwrite(file_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    const bool accepted = request_.read_from(file_);
    Request from_message;
    EXPECT_EQ(from_message.read(bytes), accepted);
    EXPECT_EQ(from_message.bytes, request_.bytes);
    return accepted;
  }

  const int file_ = ::memfd_create("request", MFD_CLOEXEC);
  Request request_;
};

std::vector<std::string> texts(const std::vector<char*>& list) {
  EXPECT_EQ(list.back(), nullptr);
  return {list.begin(), list.end() - 1};
}

TEST_F(RequestTest, IsReadAsItWasWritten) {
  std::string words[] = {"--run-all", "", "-x", "A=1", "", "B="};
  char* argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  char* envp[] = {words[3].data(), words[4].data(), words[5].data(), nullptr};
  dyad_start what{};
  what.image = "/i/image.so";
  what.cwd = "/w";
  what.argv = argv;
  what.envp = envp;
  for (int times = 0; times < 2; ++times) {
    ASSERT_TRUE(read(write_request(what, "/i/image")));
    EXPECT_STREQ(request_.image, "/i/image.so");
    EXPECT_STREQ(request_.cwd, "/w");
    EXPECT_EQ(texts(request_.argv), (std::vector<std::string>{"/i/image", "--run-all", "-x"}));
    EXPECT_EQ(texts(request_.envp), (std::vector<std::string>{"A=1", "B="}));
  }
}

TEST_F(RequestTest, NothingElseIsARequest) {
  const std::string whole("i\0p\0w\0a\0\0E=1\0\0", 14);
  ASSERT_TRUE(read(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(read(whole.substr(0, size))) << size;
  EXPECT_FALSE(read(whole + std::string(1, '\0')));
  EXPECT_FALSE(read(whole + "x"));
  EXPECT_FALSE(request_.read_from(-1));
}

}  // namespace
}  // namespace dyad::dll
