#include <chrono>

#include "codegen_library.hpp"

namespace dyad::codegen_test {

class CodegenPhasesTest : public CodegenTest {
 protected:
  Compiled compile_timed(const std::string& name) {
    return compile_renaming("", name, usual({}), DYAD_OUTPUT_OBJECT, false,
                            [](void* user, uint32_t phase, int64_t begin_ns, int64_t end_ns, int64_t busy_ns) {
                              static_cast<Compiled*>(user)->times[phase].push_back({begin_ns, end_ns, busy_ns});
                            });
  }

  static int64_t now_ns() {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
};

constexpr const char* kTemplates = R"(#include <map>
#include <string>
template <int N> int depth() { return depth<N - 1>() + 1; }
template <> int depth<0>() { return 0; }
int depth_of_100() { return depth<100>(); }
std::map<std::string, int> counts() { return {{"a", 1}, {"b", 2}}; }
)";

TEST_F(CodegenPhasesTest, PhasesFollowEachOtherAndInstantiationsLieInside) {
  write("a.cc", kTemplates);
  const int64_t before = now_ns();
  const Compiled a = compile_timed("a.cc");
  const int64_t after = now_ns();
  ASSERT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;

  int64_t at = before;
  for (unsigned phase : {DYAD_PHASE_PARSE, DYAD_PHASE_GENERATE, DYAD_PHASE_OPTIMISE, DYAD_PHASE_EMIT}) {
    ASSERT_TRUE(a.times.contains(phase)) << phase;
    ASSERT_EQ(a.times.at(phase).size(), 1u) << phase;
    const auto& time = a.times.at(phase)[0];
    EXPECT_LE(at, time.begin_ns) << phase;
    EXPECT_LT(time.begin_ns, time.end_ns) << phase;
    EXPECT_EQ(time.busy_ns, time.end_ns - time.begin_ns) << phase;
    at = time.end_ns;
  }
  EXPECT_LE(at, after);

  ASSERT_TRUE(a.times.contains(DYAD_PHASE_INSTANTIATE));
  const auto& parse = a.times.at(DYAD_PHASE_PARSE)[0];
  at = parse.begin_ns;
  for (const auto& time : a.times.at(DYAD_PHASE_INSTANTIATE)) {
    EXPECT_LE(at, time.begin_ns);
    EXPECT_LE(time.end_ns, parse.end_ns);
    EXPECT_GT(time.busy_ns, 0);
    EXPECT_LE(time.busy_ns, time.end_ns - time.begin_ns);
    at = time.end_ns;
  }
}

TEST_F(CodegenPhasesTest, TimingDoesNotChangeTheObject) {
  write("a.cc", kTemplates);
  const Compiled timed = compile_timed("a.cc"), plain = compile("a.cc");
  ASSERT_EQ(plain.status, unsigned{DYAD_COMPILE_OK});
  EXPECT_TRUE(plain.times.empty());
  EXPECT_TRUE(timed.output == plain.output);
}

TEST_F(CodegenPhasesTest, ASourceThatDoesNotCompileIsParsed) {
  write("a.cc", "int f( {\n");
  const Compiled a = compile_timed("a.cc");
  EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_FAILED});
  EXPECT_TRUE(a.times.contains(DYAD_PHASE_PARSE));
  EXPECT_FALSE(a.times.contains(DYAD_PHASE_EMIT));
}

TEST_F(CodegenPhasesTest, IrIsReadOptimisedAndEmitted) {
  write("a.ll", "define i32 @f() {\n  ret i32 1\n}\n");
  const Compiled a = compile_timed("a.ll");
  ASSERT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  for (unsigned phase : {DYAD_PHASE_PARSE, DYAD_PHASE_OPTIMISE, DYAD_PHASE_EMIT})
    EXPECT_TRUE(a.times.contains(phase)) << phase;
}

}  // namespace dyad::codegen_test
