/// Backend plugins: finding, checking and loading them. The only file pair that knows how a plugin is mapped
/// (Boost.DLL).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backends/abi/backend.h"
#include "host/base/result.hpp"

namespace dyad::run {

/// What `dyad backends` shows.
struct BackendInfo {
  std::filesystem::path path;
  std::string name, version, artifact;  ///< empty when `problem` is not
  std::string problem;                  ///< why it cannot be used, one line
};

/// A loaded plugin with an open session. Closes the session when destroyed; the plugin stays mapped. One thread loads.
class Backend {
 public:
  /// `which` is a name ("dll": lib_dir/plugins/libdyad_backend_dll.so) or an absolute path. Before any of its code
  /// runs: the path is absolute, file and folder belong to root or the user and are not world-writable, it is a shared
  /// library that has the entry symbol. Then the ABI version.
  static Result<Backend> load(const std::string& which, const std::filesystem::path& lib_dir);
  /// Opens a session of a backend that is in this process already: a plugin that was just loaded, or a test's own.
  static Result<Backend> open(const dyad_backend& functions, const std::filesystem::path& lib_dir);
  /// The plugins of lib_dir/plugins by name, those that cannot be used too. Opens no session.
  static std::vector<BackendInfo> find_all(const std::filesystem::path& lib_dir);

  const dyad_backend& functions() const { return *functions_; }
  /// Nothing will be started any more, whatever is tried: what the backend needs was ended from outside.
  bool is_lost() const;
  /// Runs will come: the backend may do now what the first would wait for.
  void prepare() const;
  dyad_session* session() const { return session_.get(); }
  /// What the backend says of its settings (dyad_backend::settings); empty if it says nothing.
  std::string settings() const;

 private:
  struct Host {
    std::string lib_dir;
    dyad_host host;
  };
  struct Close {
    const dyad_backend* functions;
    void operator()(dyad_session* session) const { functions->close(session); }
  };
  Backend(const dyad_backend* functions, std::unique_ptr<Host> host, dyad_session* session)
      : functions_(functions), host_(std::move(host)), session_(session, Close{functions}) {}
  const dyad_backend* functions_;
  std::unique_ptr<Host> host_;  ///< what the session was opened with, which must outlive it
  std::unique_ptr<dyad_session, Close> session_;
};

}  // namespace dyad::run
