#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/file.hpp"
#include "host/base/file_stamp.hpp"

namespace dyad {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000;

FileStamp stamp_at(const std::filesystem::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return stamp_of(status);
}

TEST(FileStampTest, ChangesWhenBytesDoThoughSizeAndModificationTimeAreAsBefore) {
  auto home = *TemporaryDirectory::create("dyad-stamp-test-");
  const auto file = home.path() / "f";
  ASSERT_TRUE(write_file_atomically(file, "one"));
  const FileStamp before = stamp_at(file);
  EXPECT_EQ(stamp_at(file), before);
  const timespec times[2] = {{0, UTIME_OMIT}, {before.modified_ns / kSecond_ns, before.modified_ns % kSecond_ns}};
  for (int tries = 0; tries < 1000 && stamp_at(file).changed_ns == before.changed_ns; ++tries) {  // a tick later
    ::usleep(1000);
    ASSERT_EQ(::truncate(file.c_str(), 0), 0);
    ASSERT_EQ(::truncate(file.c_str(), 3), 0);
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  }
  const FileStamp after = stamp_at(file);
  EXPECT_EQ(after.size, before.size);
  EXPECT_EQ(after.modified_ns, before.modified_ns);
  EXPECT_NE(after, before);
}

TEST(FileStampTest, IsOldWhenBothTimesAre) {
  FileStamp stamp;
  stamp.modified_ns = stamp.changed_ns = 10 * kSecond_ns;
  EXPECT_FALSE(stamp.is_old(12 * kSecond_ns));
  EXPECT_TRUE(stamp.is_old(12 * kSecond_ns + 1));
  stamp.changed_ns = 11 * kSecond_ns;
  EXPECT_FALSE(stamp.is_old(12 * kSecond_ns + 1)) << "a modification time can be set";
  stamp.modified_ns = 20 * kSecond_ns;
  EXPECT_FALSE(stamp.is_old(14 * kSecond_ns)) << "after a clock that was wrong";
}

TEST(FileStampTest, TimesAreOfTheClockThatIsAskedFor) {
  auto home = *TemporaryDirectory::create("dyad-stamp-test-");
  const std::int64_t before_ns = file_clock_ns();
  ASSERT_TRUE(write_file_atomically(home.path() / "f", "one"));
  const FileStamp stamp = stamp_at(home.path() / "f");
  EXPECT_GE(stamp.modified_ns, before_ns);
  EXPECT_LE(stamp.changed_ns, file_clock_ns() + kSecond_ns) << "some kernels give it more digits than the clock has";
}

}  // namespace
}  // namespace dyad
