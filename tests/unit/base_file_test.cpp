#include <gtest/gtest.h>
#include <sys/stat.h>

#include "host/base/exit_code.hpp"
#include "host/base/file.hpp"
#include "host/base/text.hpp"

namespace dyad {
namespace {

TEST(FileTest, BytesSurviveWritingAndReading) {
  auto home = *TemporaryDirectory::create("dyad-file-test-");
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7);
  ASSERT_TRUE(write_file_atomically(home.path() / "f", bytes, 0640));
  EXPECT_EQ(read_file(home.path() / "f"), bytes);
  struct stat status;
  ASSERT_EQ(::stat((home.path() / "f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST(FileTest, WritingWhereThereIsNoDirectoryNamesThePath) {
  auto home = *TemporaryDirectory::create("dyad-file-test-");
  auto written = write_file_atomically(home.path() / "no/such/f", "x");
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().text.find("no/such/f"), std::string::npos);
}

TEST(FileTest, ReadingADirectoryIsAnError) {
  auto read = read_file("/");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().text, "/: not a regular file");
}

TEST(FileTest, FilesWithoutASizeAreReadWhole) { EXPECT_FALSE(read_file("/proc/self/maps")->empty()); }

TEST(TemporaryDirectoryTest, IsGoneWithItsContents) {
  std::filesystem::path path;
  {
    auto home = *TemporaryDirectory::create("dyad-file-test-");
    path = home.path();
    ASSERT_TRUE(write_file_atomically(path / "f", "x"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(WithoutColoursTest, RemovesEscapeSequencesOnly) {
  EXPECT_EQ(without_colours("\x1b[1ma.cc:1:1: \x1b[0m\x1b[0;1;31merror: \x1b[0mno"), "a.cc:1:1: error: no");
  EXPECT_EQ(without_colours("plain [0m text"), "plain [0m text");
  EXPECT_EQ(without_colours("cut \x1b["), "cut ");
}

TEST(ExitCodeTest, BuildFailureIsWorseThanTestFailure) {
  EXPECT_EQ(worse(ExitCode::kTestFailed, ExitCode::kBuildFailed), ExitCode::kBuildFailed);
  EXPECT_EQ(worse(ExitCode::kTool, ExitCode::kBuildFailed), ExitCode::kTool);
  EXPECT_EQ(worse(ExitCode::kPassed, ExitCode::kNothing), ExitCode::kNothing);
}

}  // namespace
}  // namespace dyad
