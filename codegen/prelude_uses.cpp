#include "codegen/prelude_uses.hpp"

namespace dyad::codegen {

namespace {

// Functions of this namespace are never called; their bodies make the compiler instantiate what they use. Types are
// fundamental ones and the standard library's own, so that no other header can change what an instantiation means.
constexpr char kUses[] = R"--(
#if __cplusplus >= 201402L
namespace dyad_prelude_uses {
#ifdef _GLIBCXX_VECTOR
template <class T>
inline void use_vector(T x, bool b) {
  std::vector<T> v, w{x, x};
  const std::vector<T> c(v);
  v.push_back(x);
  v.push_back(static_cast<T&&>(x));
  v.emplace_back(x);
  v.emplace_back();
  v.reserve(v.size() + c.capacity());
  v.resize(3);
  v.resize(3, x);
  v = c;
  v = static_cast<std::vector<T>&&>(w);
  v = {x, x};
  std::vector<T> moved(static_cast<std::vector<T>&&>(v)), filled(3), copies(3, x), range(c.begin(), c.end());
  v.assign(3, x);
  v.insert(v.begin(), x);
  v.insert(v.end(), c.begin(), c.end());
  v.erase(v.begin());
  v.erase(v.begin(), v.end());
  for (auto& each : v) x = each;
  for (const auto& each : c) x = each;
  b = v.empty() || c.empty() || c == v || v.begin() == v.end() || v.begin() != v.end() || c.begin() == c.end() ||
      c.begin() != c.end();
  x = v[0], x = c[0], x = v.at(0), x = c.at(0), x = v.front(), x = v.back(), x = c.front(), x = c.back();
  x = *(v.begin() + 1), x = *v.rbegin(), x = *c.cbegin();
  v.data(), c.data();
  v.swap(w);
  v.pop_back();
  v.clear();
}
#endif
#if defined _GLIBCXX_MAP
template <class Map, class K, class V>
inline void use_map(K k, V v, bool b) {
  Map m, other{{k, v}};
  const Map c(m);
  m[k] = v;
  m[static_cast<K&&>(k)] = v;
  m.at(k) = c.at(k);
  m.insert({k, v});
  m.emplace(k, v);
  b = m.find(k) == m.end() || c.find(k) == c.end() || m.find(k) != m.end() || c.find(k) != c.end() || m.empty() ||
      c.empty() || m.count(k) == c.count(k) || m.size() == c.size();
  v = m.find(k)->second, v = c.find(k)->second;
  for (auto& each : m) v = each.second;
  for (const auto& each : c) v = each.second;
  m = c;
  m = static_cast<Map&&>(other);
  m.erase(k);
  m.erase(m.begin());
  m.clear();
}
#endif
#ifdef _GLIBCXX_SET
template <class T>
inline void use_set(T x, bool b) {
  std::set<T> s, other{x, x};
  const std::set<T> c(s);
  s.insert(x);
  s.emplace(x);
  b = s.find(x) == s.end() || c.find(x) == c.end() || c.count(x) == s.count(x) || s.empty() || c.size() == s.size();
  for (const auto& each : c) x = each;
  s = c;
  s.erase(x);
  s.clear();
}
#endif
#ifdef _GLIBCXX_STRING
inline void use_string(std::string s, const char* text, char c, bool b) {
  const std::string t(text);
  s = s + t, s = s + text, s = text + s, s = s + c, s = c + s, s = std::string(text) + text, s = t + std::string(text);
  s = std::string(3, c), s = std::string(t.begin(), t.end()), s = std::string(t.rbegin(), t.rend());
  s += t, s += text, s += c;
  s.append(t), s.append(text), s.append(3, c), s.assign(text), s.assign(t), s.push_back(c), s.pop_back();
  b = s == t || s == text || text == s || s != t || s != text || s < t || s.empty() || s.size() == t.length();
  s = t.substr(1), s = t.substr(1, 2);
  s.find(t), s.find(text), s.find(c), s.rfind(c), s.find_first_of(text), s.compare(t), s.c_str(), s.data();
  s.insert(0, t), s.erase(0, 1), s.replace(0, 1, text), s.resize(3), s.reserve(10), s.clear();
  c = s[0], c = t[0], c = s.at(0), c = s.front(), c = s.back();
  for (char& each : s) each = c;
  for (char each : t) c = each;
  s = std::to_string(1) + std::to_string(1u) + std::to_string(1l) + std::to_string(1ul) + std::to_string(1.0);
  std::stoi(s), std::stod(s), std::stol(s);
}
#endif
#ifdef _GLIBCXX_STRING
// What takes a literal is another function, or asks other questions of types, for each length.
template <int size>
inline void use_literal(std::string s, bool b) {
  const char text[size + 1] = {};
  std::string t(text), u = text;
  s = text, s += text, s = s + text, s = text + s, s = std::string(text) + text, s.append(text), s.assign(text);
  s.find(text), s.compare(text), b = s == text || text == s || s != text;
#ifdef _GLIBCXX_STRING_VIEW
  std::string_view v(text), w = text;
  b = v == text || v == s || s == v || v == w;
#endif
#ifdef _GLIBCXX_VECTOR
  std::vector<std::string> list{text, text};
  list.push_back(text), list.emplace_back(text);
#endif
#ifdef _GLIBCXX_MAP
  std::map<std::string, int> map{{text, 1}};
  map[text] = 1, map.at(text), map.count(text), map.find(text), map.emplace(text, 1), map.insert({text, 1});
#endif
#ifdef _GLIBCXX_SET
  std::set<std::string> set{text};
  set.insert(text), set.count(text);
#endif
#ifdef _GLIBCXX_OSTREAM
  auto print = [&](std::ostream& out) { out << text << s; };
  (void)print;
#endif
#ifdef GTEST_TEST
  testing::Message message;
  testing::AssertionResult result(b);
  message << text, result << text;
  EXPECT_TRUE(b) << text << s << text;
  if constexpr (size <= 16) {
    EXPECT_EQ(s, text);
    EXPECT_EQ(text, s);
  }
#endif
}
template <int size>
inline void use_literals() {
  use_literal<size>(std::string(), true);
  if constexpr (size > 0) use_literals<size - 1>();
}
#endif
#if defined _GLIBCXX_ALGORITHM && defined _GLIBCXX_VECTOR
template <class T>
inline void use_algorithms(std::vector<T> v, T x) {
  std::sort(v.begin(), v.end());
  std::reverse(v.begin(), v.end());
  x = *std::find(v.begin(), v.end(), x), x = *std::max_element(v.begin(), v.end());
  x = *std::min_element(v.begin(), v.end()), x = std::max(x, v[0]), x = std::min(x, v[0]);
  std::count(v.begin(), v.end(), x), std::copy(v.begin(), v.end(), v.begin());
  std::swap(v, v), std::swap(x, x);
}
#endif
#ifdef GTEST_TEST
template <class A, class B>
inline void compare(const A& a, const B& b) {
  EXPECT_EQ(a, b);
  EXPECT_NE(a, b);
  EXPECT_LT(a, b);
  EXPECT_LE(a, b);
  EXPECT_GT(a, b);
  EXPECT_GE(a, b);
}
template <class A, class B>
inline void equal(const A& a, const B& b) {
  EXPECT_EQ(a, b);
  EXPECT_NE(a, b);
}
inline void use_googletest(bool b, const std::string& s, const char* text, void* pointer) {
  compare(1, 1), compare(1u, 1u), compare(1ul, 1ul), compare(1ul, 1u), compare(1u, 1ul), compare(1l, 1l);
  compare(1l, 1), compare(1, 1l), compare(1.0, 1.0), compare(1.0f, 1.0f), compare('a', 'a'), compare(1ll, 1ll);
  compare(1ull, 1ull), compare(s, s), equal(true, true), equal(static_cast<unsigned char>(1), 1), equal(s, text);
  equal(text, s), equal(1ul, 1), equal(1, 1ul), equal(1u, 1), equal(1, 1u), equal(pointer, pointer);
  EXPECT_TRUE(b) << s << text << 1 << 1u << 1l << 1ul << 1.0 << 'c' << true << pointer;
  EXPECT_EQ(nullptr, pointer);
  EXPECT_EQ(pointer, nullptr);
  EXPECT_NE(pointer, nullptr);
  EXPECT_STREQ(text, text) << s;
  EXPECT_STRNE(text, text);
  EXPECT_TRUE(b) << s;
  EXPECT_FALSE(b) << text;
  EXPECT_TRUE(testing::AssertionSuccess() << s << text << 1 << 1u << 1l << 1ul << 1.0 << 'c');
  EXPECT_NEAR(1.0, 1.0, 0.1);
  EXPECT_DOUBLE_EQ(1.0, 1.0);
  EXPECT_FLOAT_EQ(1.0f, 1.0f);
  testing::internal::SuiteApiResolver<testing::Test>::GetSetUpCaseOrSuite("", 1);
  testing::internal::SuiteApiResolver<testing::Test>::GetTearDownCaseOrSuite("", 1);
  testing::PrintToString(s), testing::PrintToString(1), testing::PrintToString(1.0);
#ifdef _GLIBCXX_VECTOR
  equal(std::vector<int>(), std::vector<int>()), equal(std::vector<std::string>(), std::vector<std::string>());
#endif
#if __cpp_exceptions && defined _GLIBCXX_STDEXCEPT
  EXPECT_THROW(throw std::runtime_error(s), std::runtime_error) << s;
  EXPECT_THROW(throw std::invalid_argument(text), std::invalid_argument) << s;
  EXPECT_THROW(throw std::out_of_range(text), std::out_of_range) << s;
  EXPECT_THROW(throw std::logic_error(text), std::logic_error) << s;
  EXPECT_NO_THROW(b = !b) << s;
  EXPECT_ANY_THROW(b = !b) << s;
#endif
}
#endif
inline void use(bool b, int n) {
#if defined _GLIBCXX_VECTOR && defined _GLIBCXX_STRING
  use_vector(1, b), use_vector(std::string(), b), use_vector(1.0, b);
#endif
#if defined _GLIBCXX_MAP && defined _GLIBCXX_STRING
  use_map<std::map<std::string, int>>(std::string(), 1, b);
  use_map<std::map<int, int>>(1, 1, b);
  use_map<std::map<int, std::string>>(1, std::string(), b);
  use_map<std::map<std::string, std::string>>(std::string(), std::string(), b);
#endif
#if defined _GLIBCXX_MAP && defined _GLIBCXX_UNORDERED_MAP && defined _GLIBCXX_STRING
  use_map<std::unordered_map<std::string, int>>(std::string(), 1, b);
  use_map<std::unordered_map<int, int>>(1, 1, b);
#endif
#if defined _GLIBCXX_SET && defined _GLIBCXX_STRING
  use_set(1, b), use_set(std::string(), b);
#endif
#if defined _GLIBCXX_ALGORITHM && defined _GLIBCXX_VECTOR && defined _GLIBCXX_STRING
  use_algorithms(std::vector<int>(), n), use_algorithms(std::vector<std::string>(), std::string());
#endif
#if defined _GLIBCXX_MEMORY && defined _GLIBCXX_STRING
  std::unique_ptr<int> one = std::make_unique<int>(n), other = static_cast<std::unique_ptr<int>&&>(one);
  std::unique_ptr<std::string> text = std::make_unique<std::string>("");
  std::shared_ptr<int> shared = std::make_shared<int>(n), again = shared;
  b = one == nullptr || one != nullptr || !other || shared == again || *one == *shared || text->empty();
  one.reset(), shared.reset(), one.get();
#endif
#if defined _GLIBCXX_SSTREAM && defined _GLIBCXX_STRING
  std::ostringstream out;
  out << n << "text" << std::string() << 'c' << 1.0 << 1u << 1l << 1ul << b << std::endl;
  std::istringstream in(out.str());
  std::string word;
  in >> n >> word;
  std::getline(in, word);
  std::stringstream both;
  both << n, both >> n;
#endif
#if defined _GLIBCXX_IOSTREAM && defined _GLIBCXX_STRING
  std::cout << n << "text" << std::string() << 'c' << 1.0 << 1u << 1l << 1ul << b << std::endl;
  std::cerr << n << "text" << std::string() << std::endl;
#endif
#if defined _GLIBCXX_FUNCTIONAL || defined _GLIBCXX_STD_FUNCTION_H
  std::function<void()> call;
  std::function<int(int)> map;
  std::function<void()> copy(call);
  call = copy;
  call();
  n = map(n);
#endif
#ifdef _GLIBCXX_STRING
  use_literals<32>();
#endif
  for (const char* each : {"a", "b"}) b = each != nullptr;
  for (int each : {1, 2}) n = each;
  (void)b, (void)n;
#ifdef GTEST_TEST
  use_googletest(b, std::string(), "", nullptr);
#endif
#if defined _GLIBCXX_STRING
  use_string(std::string(), "", 'c', b);
#endif
}
}  // namespace dyad_prelude_uses
#endif
)--";

}  // namespace

std::string built_in_uses() { return kUses; }

}  // namespace dyad::codegen
