// An input log as the host makes it, a child process that writes it, and its records as lines of text: what the tests
// of the interposed functions stand on. Reads the log by its specification, backends/abi/input_log.h.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "backends/abi/backend.h"
#include "backends/abi/input_log.h"
#include "backends/runtime/inputs.hpp"

extern char** environ;

namespace dyad::test {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

/// A log as the host makes it.
class Memory {
 public:
  explicit Memory(const std::string& left_out = "") : fd_(memfd_create("log", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
    dyad_input_header header{};
    header.magic = DYAD_INPUT_MAGIC;
    header.version = DYAD_INPUT_VERSION;
    header.size = DYAD_INPUT_SIZE;
    header.left_out_size = static_cast<std::uint32_t>(left_out.size());
    std::memcpy(header.left_out, left_out.data(), left_out.size());
    EXPECT_EQ(ftruncate(fd_, DYAD_INPUT_SIZE), 0);
    EXPECT_EQ(pwrite(fd_, &header, sizeof header, 0), static_cast<ssize_t>(sizeof header));
    EXPECT_EQ(fcntl(fd_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
  }
  ~Memory() { close(fd_); }
  int fd() const { return fd_; }

  dyad_input_header header() const {
    dyad_input_header header{};
    EXPECT_EQ(pread(fd_, &header, sizeof header, 0), static_cast<ssize_t>(sizeof header));
    return header;
  }

  /// "CONTENT + /path" (+ present, - absent), in order of the log.
  Lines lines() const {
    static const char* const kKinds[] = {"?",           "CONTENT", "STAT",   "DIRECTORY", "LINK",
                                         "ENVIRONMENT", "WRITTEN", "LOADED", "TREE",      "UNCACHEABLE",
                                         "PROGRAM",     "NETWORK", "OUTPUT"};
    Lines lines;
    const dyad_input_header header = this->header();
    std::string bytes(header.used, '\0');
    EXPECT_EQ(pread(fd_, bytes.data(), bytes.size(), sizeof header), static_cast<ssize_t>(bytes.size()));
    for (std::size_t at = 0; at < bytes.size();) {
      dyad_input_record record;
      std::memcpy(&record, bytes.data() + at, sizeof record);
      if (record.kind < 1 || record.kind > 12 || record.seen > 2 || record.zero != 0) {
        lines.push_back("DAMAGED");
        break;
      }
      at += sizeof record;
      const char* marks[] = {" ", " + ", " - "};
      lines.push_back(std::string(kKinds[record.kind]) + marks[record.seen] + bytes.substr(at, record.size));
      at += (record.size + 7) / 8 * 8;
    }
    return lines;
  }

 private:
  int fd_;
};

class InputLogOfAProcess : public testing::Test {
 protected:
  void SetUp() override {
    char made[] = "/tmp/dyad-inputs-XXXXXX";
    ASSERT_NE(mkdtemp(made), nullptr);
    root_ = fs::canonical(made);
    std::ofstream(root_ / "file") << "content";
    fs::create_directories(root_ / "folder" / "below");
    std::ofstream(root_ / "folder" / "a") << "a";
    fs::create_symlink("file", root_ / "link");
  }
  void TearDown() override { fs::remove_all(root_); }

  /// What `body`, in a process that begins in root_, has logged; "ROOT" stands for root_.
  template <class Body>
  Lines logged(Body body, const std::string& left_out = "") {
    Memory memory(left_out);
    run_child(memory, body);
    Lines lines = memory.lines();
    for (std::string& line : lines)
      for (std::size_t at; (at = line.find(root_.native())) != std::string::npos;)
        line.replace(at, root_.native().size(), "ROOT");
    return lines;
  }

  template <class Body>
  void run_child(const Memory& memory, Body body) {
    pid_t pid = fork();
    if (pid == 0) {
      static char block[] = "SET=1\0TEXT=text\0LANG=C.UTF-8";
      static char* environment[] = {block, block + 6, block + 16, nullptr};
      environ = environment;
      static char program[] = "/the/program";
      char* argv[] = {program, nullptr};
      if (chdir(root_.c_str()) != 0) _exit(3);
      dup2(memory.fd(), DYAD_CHILD_INPUT_FD);
      dyad::inputs::begin_inputs(argv, environ);
      body();
      _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }

  fs::path root_;
};

}  // namespace dyad::test
