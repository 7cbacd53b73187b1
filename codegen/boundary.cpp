#include "codegen/boundary.hpp"

#include <algorithm>

namespace dyad::codegen {

std::vector<std::string> strings(dyad_strs list) {
  std::vector<std::string> result;
  result.reserve(list.count);
  for (std::size_t i = 0; i < list.count; ++i) result.emplace_back(list.items[i].data, list.items[i].size);
  return result;
}

void deliver(const CompileResult& result, std::initializer_list<const RecordingFileSystem*> inputs,
             const dyad_compile_sink& sink) {
  if (sink.diagnostics && !result.diagnostics.empty()) sink.diagnostics(sink.user, str(result.diagnostics));
  for (const RecordingFileSystem* files : inputs) {
    if (!sink.input || !files) continue;
    for (const Input* input : files->inputs())
      sink.input(sink.user, input->kind, str(input->path), input->bytes().data(), input->bytes().size());
  }
  if (sink.phase)
    for (const PhaseTime& time : result.times.list())
      sink.phase(sink.user, time.phase, time.begin_ns, time.end_ns, time.busy_ns);
  if (result.status != DYAD_COMPILE_OK) return;

  if (sink.test) {
    std::vector<const FoundTest*> tests;
    for (const FoundTest& test : result.tests) tests.push_back(&test);
    std::ranges::stable_sort(tests, {}, [](const FoundTest* test) { return test->line; });
    for (const FoundTest* test : tests) {
      const dyad_found_test found{str(test->name), str(test->symbol), test->line, str(test->file)};
      sink.test(sink.user, &found);
    }
  }
  if (sink.definition)
    for (const Definition& each : result.definitions) sink.definition(sink.user, str(each.name), str(each.identity));
  if (sink.symbol)
    for (const Symbol& symbol : result.symbols) sink.symbol(sink.user, symbol.kind, str(symbol.name));
  if (sink.main && result.main_line) sink.main(sink.user, *result.main_line);
  if (sink.unrepeatable && !result.unrepeatable.empty()) sink.unrepeatable(sink.user, str(result.unrepeatable));
  if (sink.output) sink.output(sink.user, result.output.data(), result.output.size());
}

}  // namespace dyad::codegen
