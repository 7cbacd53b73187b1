/// A store in a directory of its own, and the means to look at it and to do it harm.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "cache/store.hpp"
#include "host/base/file.hpp"

namespace dyad::cache {

class TestStore : public testing::Test {
 protected:
  static Store open_in(const std::filesystem::path& directory) {
    auto store = Store::open(directory);
    if (!store) throw std::runtime_error(store.error().text);
    return *store;
  }
  Store open() { return open_in(place()); }
  std::filesystem::path place() const { return home_.path() / "cache"; }

  static ActionId action(std::string_view name) { return {Hasher("test").add(name).finish()}; }

  static std::vector<std::filesystem::path> files_below(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> files;
    std::error_code absent;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, absent))
      if (!entry.is_directory()) files.push_back(entry.path());
    return files;
  }
  static std::filesystem::path only_file_below(const std::filesystem::path& directory) {
    auto files = files_below(directory);
    EXPECT_EQ(files.size(), 1u) << directory;
    return files.empty() ? std::filesystem::path() : files.front();
  }
  static void overwrite(const std::filesystem::path& path, std::string_view bytes) {
    auto written = write_file_atomically(path, bytes);
    ASSERT_TRUE(written) << written.error().text;
  }
  static void set_mark(const std::filesystem::path& path, TimePoint time) {
    const timespec times[2] = {{0, UTIME_OMIT}, {Clock::to_time_t(time), 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0) << path;
  }
  static TimePoint mark_of(const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return Clock::from_time_t(status.st_mtim.tv_sec);
  }

 private:
  TemporaryDirectory home_ = *TemporaryDirectory::create("dyad-store-test-");
};

}  // namespace dyad::cache
