/// A directory tree for one test, made of real files and removed with the object.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "host/base/file.hpp"

namespace dyad::discover {

class Tree {
 public:
  Tree() : home_(*TemporaryDirectory::create("dyad-tree-")), root_(std::filesystem::canonical(home_.path()) / "ws") {
    std::filesystem::create_directories(root_ / ".git");
  }

  const std::filesystem::path& root() const { return root_; }
  /// Outside of the workspace.
  std::filesystem::path parent() const { return root_.parent_path(); }

  std::filesystem::path write(const std::string& path, const std::string& text = "") const {
    auto place = root_ / path;
    std::filesystem::create_directories(place.parent_path());
    std::ofstream(place, std::ios::binary) << text;
    EXPECT_TRUE(std::filesystem::is_regular_file(place)) << place;
    return place;
  }
  void write_all(const std::vector<std::string>& paths) const {
    for (const auto& path : paths) write(path);
  }

 private:
  TemporaryDirectory home_;
  std::filesystem::path root_;
};

}  // namespace dyad::discover
