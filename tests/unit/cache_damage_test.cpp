// Whatever happens to an entry's file: the right bytes or a miss with a reason, which is counted, and the file goes.
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "cache/action_file.hpp"
#include "cache_test_store.hpp"

namespace dyad::cache {
namespace {

namespace fs = std::filesystem;

class DamageTest : public TestStore {
 protected:
  /// Puts `damaged` in place of the entry's file and asks for it in every way.
  void expect_removed_miss(const fs::path& file, std::string_view damaged, const std::optional<OutputId>& output,
                           std::optional<MissReason> reason = {}) {
    overwrite(file, damaged);
    const auto before = store_.counts();
    auto miss = output ? store_.read(*output) : store_.read(action("a"));
    ASSERT_FALSE(miss) << "a wrong result of " << miss->size() << " bytes";
    EXPECT_TRUE(is_worthless(miss.error())) << describe(miss.error());
    if (reason) {
      EXPECT_EQ(miss.error(), *reason);
    }
    EXPECT_FALSE(fs::exists(file)) << "a damaged file must not stay";
    overwrite(file, damaged);
    EXPECT_FALSE(output ? store_.verify(*output) : store_.find(action("a")).has_value());
    EXPECT_FALSE(fs::exists(file));
    const auto after = store_.counts();
    EXPECT_EQ(after.misses, before.misses + 2);
    EXPECT_EQ(after.damaged, before.damaged + 2);
    EXPECT_EQ(after.hits, before.hits);
  }

  void expect_all_damage_is_noticed(const fs::path& file, const std::optional<OutputId>& output) {
    const std::string sound = *read_file(file);
    for (std::size_t bit = 0; bit < sound.size() * 8; ++bit) {
      std::string damaged = sound;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      expect_removed_miss(file, damaged, output);
      if (HasFailure()) FAIL() << "bit " << bit;
    }
    for (std::size_t size = 0; size < sound.size(); ++size) {
      expect_removed_miss(file, sound.substr(0, size), output, MissReason::kDamaged);
      if (HasFailure()) FAIL() << "cut to " << size;
    }
    for (std::size_t begin = 0; begin < sound.size(); ++begin) {
      std::string zeroed = sound;
      std::fill(zeroed.begin() + static_cast<std::ptrdiff_t>(begin), zeroed.end(), '\0');
      if (zeroed != sound) expect_removed_miss(file, zeroed, output);
    }
    for (std::size_t more : {1, 64, 5000})
      expect_removed_miss(file, sound + std::string(more, '\0'), output, MissReason::kDamaged);
    expect_removed_miss(file, sound + sound, output, MissReason::kDamaged);
    overwrite(file, sound);
    EXPECT_TRUE(output ? store_.read(*output).has_value() : store_.read(action("a")).has_value());
  }

  fs::path action_file() { return only_file_below(store_.directory() / "action"); }

  Store store_ = open();
};

TEST_F(DamageTest, OfAnActionWithItsOutputIsNoticed) {
  ASSERT_TRUE(store_.put(action("a"), "the bytes of a result"));
  expect_all_damage_is_noticed(action_file(), {});
}

TEST_F(DamageTest, OfAnActionWithAnEmptyOutputIsNoticed) {
  ASSERT_TRUE(store_.put(action("a"), ""));
  expect_all_damage_is_noticed(action_file(), {});
}

TEST_F(DamageTest, OfAnActionWhoseOutputIsAFileIsNoticed) {
  // The other output is there and sound: a flipped bit in the id must not lead to it or to nothing.
  ASSERT_TRUE(store_.put(action("a"), "bytes", Store::Form::kFile));
  expect_all_damage_is_noticed(action_file(), {});
}

TEST_F(DamageTest, OfAnOutputIsNoticed) {
  auto id = *store_.put("the bytes of an object");
  expect_all_damage_is_noticed(store_.path_of(id), id);
}

TEST_F(DamageTest, OfALargeOutputIsNoticedWithItsAction) {
  auto id = *store_.put(action("a"), std::string(300'000, 'x'));
  std::string damaged(300'000, 'x');
  damaged[299'999] = 'y';
  for (const std::string& bytes : {damaged, damaged.substr(0, 299'999), std::string(300'001, 'x'), std::string()}) {
    overwrite(store_.path_of(id), bytes);
    EXPECT_EQ(store_.read(action("a")).error(), MissReason::kDamaged);
    EXPECT_FALSE(fs::exists(store_.path_of(id)));
    overwrite(store_.path_of(id), bytes);
    EXPECT_FALSE(store_.verify(id));
    EXPECT_FALSE(fs::exists(store_.path_of(id)));
  }
  EXPECT_EQ(store_.counts().damaged, 8u);
}

TEST_F(DamageTest, OfAnOutputThatWasFoundGoodIsNoticed) {
  auto id = *store_.put("a sound output");
  // A file that is older than its clock's ticks is not read again while it has its stamp, of which a change time is part.
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  ASSERT_TRUE(store_.verify(id));
  ASSERT_TRUE(store_.verify(id));
  const auto time = fs::last_write_time(store_.path_of(id));
  overwrite(store_.path_of(id), "another output");
  fs::last_write_time(store_.path_of(id), time);
  EXPECT_FALSE(store_.verify(id));
}

TEST_F(DamageTest, EntryOfAnotherActionIsForeign) {
  ASSERT_TRUE(store_.put(action("a"), "bytes of a"));
  auto file = action_file();
  auto other = encode_action(action("b"), {digest_of("bytes of b")}, 10, "bytes of b");
  expect_removed_miss(file, other, {}, MissReason::kForeign);
}

TEST_F(DamageTest, EntryOfAnotherVersionIsAMissOfItsOwnKind) {
  ASSERT_TRUE(store_.put(action("a"), "bytes"));
  auto file = action_file();
  std::string other = *read_file(file);
  other[4] = 3;
  expect_removed_miss(file, other, {}, MissReason::kOtherVersion);
}

TEST_F(DamageTest, SoundHeaderBeforeOtherBytesIsDamaged) {
  ASSERT_TRUE(store_.put(action("a"), "bytes"));
  expect_removed_miss(action_file(), encode_action(action("a"), {digest_of("bytes")}, 5, "other"), {},
                      MissReason::kDamaged);
}

TEST_F(DamageTest, WhatIsNoFileIsForeignAndNotFollowed) {
  auto id = *store_.put("bytes");
  auto path = store_.path_of(id);
  auto target = place() / "target";
  overwrite(target, "bytes");
  fs::remove(path);
  fs::create_symlink(target, path);
  EXPECT_EQ(store_.read(id).error(), MissReason::kForeign) << "even if the bytes are right";
  EXPECT_FALSE(fs::is_symlink(path));
  EXPECT_TRUE(fs::exists(target));
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(store_.read(id).error(), MissReason::kForeign) << "and does not wait for a writer";
  EXPECT_FALSE(fs::exists(path));
  fs::create_directory(path);
  EXPECT_FALSE(store_.verify(id));
  EXPECT_EQ(store_.counts().damaged, 3u);
}

TEST_F(DamageTest, HugeFileIsNotReadIntoMemory) {
  ASSERT_TRUE(store_.put(action("a"), std::string(5000, 'x')));
  OutputId id{digest_of(std::string(5000, 'x'))};
  for (const auto& path : {action_file(), store_.path_of(id)}) {
    fs::permissions(path, fs::perms::owner_write, fs::perm_options::add);
    fs::resize_file(path, std::uintmax_t{1} << 40);
    EXPECT_EQ(store_.read(action("a")).error(), MissReason::kDamaged);
    EXPECT_FALSE(fs::exists(path));
    ASSERT_TRUE(store_.put(action("a"), std::string(5000, 'x')));
  }
  fs::permissions(store_.path_of(id), fs::perms::owner_write, fs::perm_options::add);
  fs::resize_file(store_.path_of(id), std::uintmax_t{1} << 40);
  EXPECT_EQ(store_.read(id).error(), MissReason::kDamaged);
}

TEST_F(DamageTest, PutRepairsADamagedOutput) {
  auto id = *store_.put("bytes");
  overwrite(store_.path_of(id), "other");
  ASSERT_TRUE(store_.put("bytes"));
  EXPECT_EQ(store_.read(id), "bytes");
}

TEST_F(DamageTest, CheckNamesAndRemovesWhatIsDamaged) {
  ASSERT_TRUE(store_.put(action("sound"), "bytes"));
  auto sound = *store_.put(std::string(5000, 'x'));
  auto flipped = *store_.put("other bytes");
  overwrite(store_.path_of(flipped), "Other bytes");
  overwrite(store_.directory() / "output" / "stray", "x");
  auto report = store_.check();
  EXPECT_EQ(report.actions.files, 1u);
  EXPECT_EQ(report.outputs.files, 3u);
  std::vector<std::string> names;
  for (const auto& damaged : report.damaged)
    names.push_back(damaged.name + " " + std::string(describe(damaged.reason)));
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{
                       "output/" + flipped.digest.hex().substr(0, 2) + "/" + flipped.digest.hex() + " damaged",
                       "output/stray belongs to another entry or is no file"}));
  EXPECT_TRUE(store_.verify(sound));
  EXPECT_TRUE(store_.check().damaged.empty()) << "they are gone";
}

TEST_F(DamageTest, CheckDoesNotCountAsUse) {
  ASSERT_TRUE(store_.put(action("a"), "bytes"));
  const auto long_ago = std::chrono::floor<std::chrono::seconds>(Clock::now() - std::chrono::hours(100));
  set_mark(action_file(), long_ago);
  EXPECT_TRUE(store_.check().damaged.empty());
  EXPECT_EQ(mark_of(action_file()), long_ago);
}

}  // namespace
}  // namespace dyad::cache
