#include <gtest/gtest.h>

#include "cache/digest.hpp"

namespace dyad::cache {
namespace {

TEST(DigestTest, HexIsReadBack) {
  Digest digest = digest_of("some bytes");
  EXPECT_EQ(digest.hex().size(), 32u);
  EXPECT_EQ(Digest::from_hex(digest.hex()), digest);
}

TEST(DigestTest, HexThatIsNoDigestIsRefused) {
  EXPECT_FALSE(Digest::from_hex(""));
  EXPECT_FALSE(Digest::from_hex(std::string(31, 'a')));
  EXPECT_FALSE(Digest::from_hex(std::string(33, 'a')));
  EXPECT_FALSE(Digest::from_hex(std::string(31, 'a') + "G"));
  EXPECT_FALSE(Digest::from_hex(std::string(31, 'a') + "A"));
}

TEST(DigestTest, MatchesThePublishedValueOfTheEmptyInput) {
  // XXH3-128 of no bytes, as printed by `xxhsum -H2 /dev/null`.
  EXPECT_EQ(digest_of("").hex(), "99aa06d3014798d86001c324468d497f");
}

TEST(DigestTest, BytesAreInTheOrderOfTheDigitsAndReadBack) {
  Digest digest{0x0102030405060708, 0x090a0b0c0d0e0f10};
  auto bytes = digest.bytes();
  for (int i = 0; i < 16; ++i) EXPECT_EQ(bytes[i], i + 1);
  EXPECT_EQ(digest.hex(), "0102030405060708090a0b0c0d0e0f10");
  EXPECT_EQ(Digest::from_bytes(bytes), digest);
}

TEST(BytesDigestTest, PiecesGiveTheDigestOfTheWhole) {
  std::string bytes(1000, 'x');
  BytesDigest digest;
  for (std::size_t begin = 0; begin < bytes.size(); begin += 7) digest.add(std::string_view(bytes).substr(begin, 7));
  EXPECT_EQ(digest.finish(), digest_of(bytes));
  EXPECT_EQ(BytesDigest().finish(), digest_of(""));
}

TEST(HasherTest, BoundariesOfFieldsMatter) {
  EXPECT_NE(Hasher("p").add("ab").add("c").finish(), Hasher("p").add("a").add("bc").finish());
  EXPECT_NE(Hasher("p").add("").add("a").finish(), Hasher("p").add("a").add("").finish());
}

TEST(HasherTest, PurposeSeparatesEqualFields) {
  EXPECT_NE(Hasher("compile").add("x").finish(), Hasher("link").add("x").finish());
}

}  // namespace
}  // namespace dyad::cache
