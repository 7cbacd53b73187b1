#include "host/build/session.hpp"

namespace dyad::build {

Result<std::unique_ptr<Session>> Session::open(const Installation& installation, const discover::Workspace& workspace,
                                               const SessionOptions& options, Statistics& statistics) {
  auto toolchain = Toolchain::find(installation.lib_dir);
  if (!toolchain) return fail(toolchain.error());
  auto scratch = TemporaryDirectory::create("dyad-build-");
  if (!scratch) return fail(scratch.error());
  std::unique_ptr<Session> session(new Session(*std::move(scratch), *std::move(toolchain)));

  if (options.use_cache) {
    if (auto store = cache::Store::open(cache::Store::default_directory(), cache::Store::trust_asked_for())) {
      session->store_ = *std::move(store);
      // GoogleTest and a prelude of the usual headers, compiled when dyad was installed (docs/why-prelude.md).
      session->store_->rest_on(installation.seed());
      session->memo_ = session->store_->memo_of(cache::digest_of(workspace.root.native()));
      session->files_.load(session->memo_);
    } else {
      session->cache_warning_ = store.error().text + "; going on without a cache";
    }
  }
  session->arguments_ = std::make_unique<plan::Arguments>(
      workspace, plan::BuildOptions{options.release, installation.include_dir,
                                    [answers = &session->pkg_config_](const std::string& package, auto query) {
                                      return (*answers)->ask(package, query);
                                    }});
  session->given_ = std::make_unique<GivenFacts>(workspace, *session->arguments_, session->toolchain_);
  session->world_ = std::make_unique<inputs::World>(
      session->store_ ? &*session->store_ : nullptr, session->files_,
      [given = session->given_.get()](const std::string& name) { return given->look_up(name); });
  session->pkg_config_ = std::make_unique<PkgConfigAnswers>(*session->world_);
  session->inputs_ = std::make_unique<UnitInputs>(workspace.root, *session->world_);
  session->compiler_ = std::make_unique<Compiler>(session->toolchain_, *session->world_, *session->inputs_, statistics,
                                                  options.jobs, session->scratch_.path());
  if (options.preludes) session->compiler_->use_preludes(workspace.root, installation.include_dir);
  auto* mismatches = options.verify ? &session->mismatches_ : nullptr;
  session->compiler_->verify(mismatches);
  auto output = options.output.empty() ? session->scratch_.path() / "images" : options.output;
  session->builder_ =
      std::make_unique<Builder>(Builder::Parts{installation, workspace, *session->arguments_, session->toolchain_,
                                               *session->compiler_, *session->world_, *session->inputs_, statistics,
                                               mismatches, options.release, options.preludes, !options.output.empty()},
                                output);
  return session;
}

std::string Session::trim_cache() {
  // A disk that is full or broken has had its warning, and a trim could not note that it was done.
  if (!store_ || !store_->write_problem().empty()) return {};
  auto limits = cache::TrimLimits::from_environment();
  if (!limits) return limits.error().text;
  auto trimmed = store_->trim_if_due(*limits);
  return trimmed ? std::string() : trimmed.error().text;
}

Session::~Session() {
  if (!compiler_) return;
  compiler_->cancel();
  compiler_->wait();  // its observers call the builder's library
  if (!memo_.empty()) files_.save(memo_);
  if (store_) store_->keep_verified();
}

}  // namespace dyad::build
