#include "host/build/built_package.hpp"

#include "host/inputs/byte_stream.hpp"

namespace dyad::build {

std::string serialize(const BuiltPackage& built) {
  inputs::ByteWriter writer;
  writer.text(built.diagnostics);
  writer.u8(static_cast<std::uint8_t>(built.kind));
  writer.u32(static_cast<std::uint32_t>(built.notices.size()));
  for (const auto& notice : built.notices) writer.text(notice);
  writer.u32(static_cast<std::uint32_t>(built.images.size()));
  for (const auto& image : built.images) {
    writer.text(image.name);
    writer.digest(image.key.value_or(cache::Digest{}));
    writer.digest(image.content);
    writer.u8(image.reads_environ ? 1 : 0);
  }
  return writer.bytes();
}

std::optional<BuiltPackage> deserialize_built(std::string_view bytes) {
  inputs::ByteReader reader(bytes);
  BuiltPackage built;
  built.diagnostics = reader.text();
  const auto kind = reader.u8();
  if (kind != static_cast<std::uint8_t>(ImageKind::kShared) &&
      kind != static_cast<std::uint8_t>(ImageKind::kExecutable))
    return std::nullopt;
  built.kind = static_cast<ImageKind>(kind);
  for (auto count = reader.count(4); count > 0; --count) built.notices.emplace_back(reader.text());
  for (auto count = reader.count(4 + 16 + 16 + 1); count > 0; --count) {
    Image image;
    image.name = reader.text();
    image.key = reader.digest();
    if (image.key == cache::Digest{}) image.key.reset();
    image.content = reader.digest();
    image.reads_environ = reader.u8() != 0;
    built.images.push_back(std::move(image));
  }
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return built;
}

}  // namespace dyad::build
