/// Compares text with a file of tests/unit/golden, byte by byte. With DYAD_UPDATE_GOLDEN=1 in the environment the files
/// are written instead (and the test fails, so that this cannot stay on by mistake): review the difference with git.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace dyad::report {

inline void expect_golden(const std::string& name, const std::string& text) {
  std::string path = std::string(DYAD_SOURCE_DIR "/tests/unit/golden/") + name + ".txt";
  if (std::getenv("DYAD_UPDATE_GOLDEN")) {
    std::ofstream(path, std::ios::binary) << text;
    ADD_FAILURE() << "wrote " << path;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << "no file " << path;
  EXPECT_EQ(text, std::string(std::istreambuf_iterator<char>(file), {})) << path;
}

}  // namespace dyad::report
