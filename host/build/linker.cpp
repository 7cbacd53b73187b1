#include "host/build/linker.hpp"

namespace dyad::build {

namespace {

std::string text(dyad_str from) { return {from.data, from.size}; }

template <class Strings>
std::vector<dyad_str> views(const Strings& strings) {
  std::vector<dyad_str> out;
  for (const auto& string : strings) {
    if constexpr (requires { string.native(); }) {
      out.push_back({string.native().data(), string.native().size()});
    } else {
      out.push_back({string.data(), string.size()});
    }
  }
  return out;
}

}  // namespace

Result<LinkOutcome> link_image(const Toolchain& toolchain, const LinkJob& job, Statistics& statistics) {
  auto codegen = toolchain.load();
  if (!codegen) return fail(codegen.error());
  auto objects = views(job.objects), libraries = views(job.libraries), arguments = views(job.arguments);
  dyad_link what{};
  what.size = sizeof what;
  what.kind = job.executable ? DYAD_IMAGE_EXECUTABLE : DYAD_IMAGE_SHARED;
  what.objects = {objects.data(), objects.size()};
  what.libraries = {libraries.data(), libraries.size()};
  what.args = {arguments.data(), arguments.size()};
  what.output = {job.output.native().data(), job.output.native().size()};

  LinkOutcome outcome;
  dyad_link_sink sink{};
  sink.size = sizeof sink;
  sink.user = &outcome;
  sink.undefined = [](void* user, dyad_str symbol, dyad_str demangled, dyad_str object) {
    static_cast<LinkOutcome*>(user)->undefined.push_back({text(symbol), text(demangled), text(object)});
  };
  sink.duplicate = [](void* user, dyad_str, dyad_str demangled, dyad_str first, dyad_str second) {
    static_cast<LinkOutcome*>(user)->duplicates.push_back({text(demangled), text(first), text(second)});
  };
  sink.diagnostics = [](void* user, dyad_str said) { static_cast<LinkOutcome*>(user)->diagnostics = text(said); };
  Stopwatch stopwatch(statistics.link_ns);
  outcome.ok = (*codegen)->link(&what, &sink) == 0;
  ++statistics.link_run;
  return outcome;
}

}  // namespace dyad::build
