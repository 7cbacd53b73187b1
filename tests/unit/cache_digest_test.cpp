#include "cache/digest.hpp"

#include <gtest/gtest.h>

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

TEST(HasherTest, BoundariesOfFieldsMatter) {
  EXPECT_NE(Hasher("p").add("ab").add("c").finish(), Hasher("p").add("a").add("bc").finish());
  EXPECT_NE(Hasher("p").add("").add("a").finish(), Hasher("p").add("a").add("").finish());
}

TEST(HasherTest, PurposeSeparatesEqualFields) {
  EXPECT_NE(Hasher("compile").add("x").finish(), Hasher("link").add("x").finish());
}

}  // namespace
}  // namespace dyad::cache
