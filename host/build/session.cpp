#include "host/build/session.hpp"

namespace dyad::build {

Result<std::unique_ptr<Session>> Session::open(const Installation& installation, const discover::Workspace& workspace,
                                               const SessionOptions& options, Statistics& statistics) {
  auto toolchain = Toolchain::find(installation.lib_dir);
  if (!toolchain) return fail(toolchain.error());
  auto scratch = TemporaryDirectory::create("dyad-build-");
  if (!scratch) return fail(scratch.error());
  std::unique_ptr<Session> session(new Session(*std::move(scratch), *std::move(toolchain)));

  if (auto store = cache::Store::open(cache::Store::default_directory())) {
    session->store_ = *std::move(store);
  } else {
    session->cache_warning_ = store.error().text + "; going on without a cache";
  }
  session->arguments_ =
      std::make_unique<plan::Arguments>(workspace, plan::BuildOptions{options.release, installation.include_dir});
  session->compiler_ =
      std::make_unique<Compiler>(session->toolchain_, session->store_ ? &*session->store_ : nullptr, statistics,
                                 options.jobs, session->scratch_.path());
  auto output = options.output.empty() ? session->scratch_.path() / "images" : options.output;
  session->builder_ = std::make_unique<Builder>(
      Builder::Parts{installation, workspace, *session->arguments_, session->toolchain_, *session->compiler_, statistics},
      options.kind, output);
  return session;
}

Session::~Session() {
  if (!compiler_) return;
  compiler_->cancel();
  compiler_->wait();  // its observers call the builder's library
}

}  // namespace dyad::build
