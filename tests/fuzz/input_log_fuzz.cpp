// sources: host/run/input_log.cpp
// The host's reader of input logs (host/run/input_log.hpp), whose bytes a broken process may have written. Whatever
// they are: no crash, and what comes out is a list of inputs as the host expects it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "host/run/input_log.hpp"

namespace {

using dyad::run::Consulted;

void check(bool holds) {
  if (!holds) std::abort();
}

/// `data` behind a header, which a fuzzer would otherwise spend its bytes on. The first byte says which flags it has,
/// and whether `used` is the truth.
std::string with_header(std::string_view data) {
  const unsigned choice = data.empty() ? 0 : static_cast<unsigned char>(data.front());
  if (!data.empty()) data.remove_prefix(1);
  dyad_input_header header{};
  header.magic = DYAD_INPUT_MAGIC;
  header.version = DYAD_INPUT_VERSION;
  header.size = DYAD_INPUT_SIZE;
  header.flags = (choice & 0x10) ? choice & 3 : static_cast<unsigned>(DYAD_INPUT_COMPLETE);
  header.used = static_cast<std::uint32_t>(data.size()) + ((choice & 0x20) ? 8 : 0);
  std::string bytes(sizeof header, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes.append(data);
}

void check(const dyad::run::Inputs& inputs) {
  const std::vector<Consulted> all = inputs.consulted();
  auto key = [](const Consulted& input) { return std::pair(input.kind, input.text); };
  for (std::size_t i = 0; i < all.size(); ++i) {
    check(!all[i].text.empty() && all[i].text.find('\0') == std::string::npos);
    check(all[i].seen <= Consulted::Seen::kAbsent && all[i].kind <= Consulted::Kind::kOutput);
    if (all[i].kind != Consulted::Kind::kEnvironment)
      check(all[i].text.front() == '/' && all[i].text.find("//") == std::string::npos);
    if (i > 0) check(key(all[i - 1]) < key(all[i]));
  }
  check(std::ranges::none_of(inputs.uncacheable(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  dyad::run::Inputs raw;
  raw.add_log(bytes);
  check(raw);
  dyad::run::Inputs inputs;
  inputs.add_log(with_header(bytes));
  check(inputs);
  // A second process that looks at the same adds nothing.
  const std::vector<Consulted> once = inputs.consulted();
  inputs.add_log(with_header(bytes));
  check(inputs.consulted().size() == once.size());
  return 0;
}
