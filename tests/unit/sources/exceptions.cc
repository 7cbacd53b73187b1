// Every kind of call that may throw, in every place where that matters: compiled by unit_codegen and by clang++, which
// must print the same.
#include <emmintrin.h>

#include <cstdarg>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

int lives = 0;
struct Noisy {
  explicit Noisy(const char* n) : name(n) { std::printf("+%s ", name); ++lives; }
  Noisy(const Noisy& other) : name(other.name) { std::printf("=%s ", name); ++lives; }
  ~Noisy() { std::printf("-%s ", name); --lives; }
  const char* name;
};

struct Big { long values[12]; };
struct Pair { long first; double second; };
struct Mixed { float x, y, z; };
struct Empty {};

int step = 0;
void maybe(int n) { if (++step == n) throw std::runtime_error("at " + std::to_string(n)); }

bool give_bool(int n) { maybe(n); return step % 2 != 0; }
char give_char(int n) { maybe(n); return 'q'; }
signed char give_negative(int n) { maybe(n); return -5; }
short give_short(int n) { maybe(n); return -300; }
unsigned short give_unsigned(int n) { maybe(n); return 65000; }
long give_long(int n) { maybe(n); return 1L << 40; }
__int128 give_wide(int n) { maybe(n); return static_cast<__int128>(7) << 70; }
float give_float(int n) { maybe(n); return 1.5F; }
double give_double(int n) { maybe(n); return 2.25; }
long double give_long_double(int n) { maybe(n); return 3.125L; }
__m128 give_vector(int n) { maybe(n); return _mm_set_ps(1, 2, 3, 4); }
Big give_big(int n) { maybe(n); Big big{}; for (int i = 0; i < 12; ++i) big.values[i] = i * n; return big; }
Pair give_pair(int n) { maybe(n); return {n, n + 0.5}; }
Mixed give_mixed(int n) { maybe(n); return {1, 2, static_cast<float>(n)}; }
Empty give_empty(int n) { maybe(n); return {}; }
const char* give_pointer(int n) { maybe(n); return "text"; }
int& give_reference(int n) { static int value; maybe(n); return value = n; }
std::string give_string(int n) { maybe(n); return std::string(static_cast<std::size_t>(n) + 20, 's'); }

long sum_of_many(int n, long a, int b, short c, char d, bool e, unsigned f, long g, double h, float i, int j, Big k,
                 Pair l, long double m, __int128 o, const char* p) {
  maybe(n);
  return a + b + c + d + e + f + g + static_cast<long>(h) + static_cast<long>(i) + j + k.values[11] + l.first +
         static_cast<long>(m) + static_cast<long>(o >> 70) + p[0];
}
int variadic(int n, ...) {
  maybe(n);
  va_list arguments;
  va_start(arguments, n);
  const int first = va_arg(arguments, int);
  const double second = va_arg(arguments, double);
  const char* third = va_arg(arguments, const char*);
  va_end(arguments);
  return first + static_cast<int>(second) + third[0];
}

// Calls that FastISel begins and cannot end, with nothing but variables as arguments.
int two_bools(bool a, bool b) { maybe(3); return a * 2 + b; }
int bool_and_wide(bool a, __int128 b) { maybe(3); return a + static_cast<int>(b >> 64); }
int bool_and_long_double(bool a, long double b) { maybe(3); return a + static_cast<int>(b); }
int bool_and_floats(bool a, std::pair<float, float> b) { maybe(3); return a + static_cast<int>(b.first + b.second); }
int half_done(bool b, int n, __int128 wide, long double real, std::pair<float, float> floats) {
  Noisy noisy("h");
  int sum = two_bools(b, n == 3);
  sum += two_bools(n == 3, b) + two_bools(!b, b) + two_bools(give_bool(9), !b);
  sum += bool_and_wide(b, wide) + bool_and_long_double(b, real) + bool_and_floats(b, floats);
  try {
    sum += bool_and_wide(!b, wide) ? two_bools(b, n != 3) : two_bools(n != 3, b);
  } catch (const std::exception&) {
    sum = -sum;
  }
  return sum;
}

struct Base {
  virtual ~Base() { std::printf("~Base "); }
  virtual int call(int n) { maybe(n); return 1; }
};
struct Other { virtual ~Other() = default; virtual int more(int n) { maybe(n); return 5; } long padding = 9; };
struct Derived : Other, virtual Base {
  int call(int n) override { maybe(n); return 2; }
  int more(int n) override { maybe(n); return 6; }
};

void all_kinds(int n) {
  Noisy outer("o");
  try {
    Noisy inner("i");
    std::printf("%d %c %d %d %d %ld ", give_bool(n), give_char(n), give_negative(n), give_short(n), give_unsigned(n),
                give_long(n));
    std::printf("%ld ", static_cast<long>(give_wide(n) >> 70));
    std::printf("%g %g %Lg ", static_cast<double>(give_float(n)), give_double(n), give_long_double(n));
    float lanes[4];
    _mm_storeu_ps(lanes, give_vector(n));
    std::printf("%g%g%g%g ", static_cast<double>(lanes[0]), static_cast<double>(lanes[1]),
                static_cast<double>(lanes[2]), static_cast<double>(lanes[3]));
    const Big big = give_big(n);
    const Pair pair = give_pair(n);
    const Mixed mixed = give_mixed(n);
    give_empty(n);
    std::printf("%ld %ld %g %g ", big.values[11], pair.first, pair.second, static_cast<double>(mixed.z));
    std::printf("%s %d %zu ", give_pointer(n), give_reference(n), give_string(n).size());
    std::printf("%ld ", sum_of_many(n, 1L << 33, -2, -3, 'c', true, 4000000000U, 5, 6.5, 7.5F, 8, big, pair, 9.5L,
                                    static_cast<__int128>(11) << 70, "x"));
    std::printf("%d ", variadic(n, 40, 2.5, "A"));
    std::unique_ptr<Base> base = std::make_unique<Derived>();
    std::printf("%d %d ", base->call(n), dynamic_cast<Other&>(*base).more(n));
    int (*pointer)(int, ...) = variadic;
    std::function<long(int)> function = [&, big](int m) { return give_long(m) + big.values[1]; };
    int (Base::*member)(int) = &Base::call;
    std::printf("%d %ld %d ", pointer(n, 1, 1.0, "B"), function(n), (base.get()->*member)(n));
    // Values that meet: of calls on both sides, and of one that did not happen.
    const std::string text = give_bool(n) ? give_string(n) : give_string(n) + give_string(n);
    const long chosen = give_bool(n) ? give_long(n) : give_short(n);
    const bool both = give_bool(n) && give_bool(n), either = give_bool(n) || give_bool(n);
    std::printf("%zu %ld %d%d ", text.size(), chosen, both, either);
    std::map<std::string, std::vector<int>> map;
    for (int i = 0; i < 3; ++i) {
      Noisy each("e");
      if (i == 1) continue;
      map[give_string(n)].push_back(give_short(n) + i);
      if (i == 2 && give_bool(n)) break;
    }
    switch (give_short(n)) {
      case -300: { Noisy in_case("c"); maybe(n); break; }
      default: maybe(n);
    }
    std::printf("%zu ", map.size());
  } catch (const std::logic_error& error) {
    std::printf("wrong %s ", error.what());
  } catch (const std::runtime_error& error) {
    std::printf("[%s] ", error.what());
  }
}

int nested(int n) {
  try {
    Noisy a("a");
    try {
      Noisy b("b");
      maybe(n);
      maybe(n);
      return give_short(n);
    } catch (const std::exception& error) {
      Noisy c("c");
      maybe(n + 1);
      if (n % 2 != 0) throw;
      throw std::string(error.what());
    }
  } catch (const std::string& text) {
    return static_cast<int>(text.size());
  } catch (...) {
    return -1;
  }
}

struct Member { explicit Member(int n) : noisy("m") { maybe(n); } Noisy noisy; };
struct Whole : Member {
  explicit Whole(int n) try : Member(n), second(n), third("t") { maybe(n); } catch (...) { std::printf("whole "); }
  Member second;
  Noisy third;
};
void quiet(int n) noexcept {
  try {
    maybe(n);
    Noisy x("q");
    maybe(n);
  } catch (int) {
    std::printf("no ");
  } catch (...) {
    std::printf("quiet ");
  }
}
[[noreturn]] void leave(int n) { Noisy l("l"); throw n; }
int number(int n) { try { leave(n); } catch (long) { return -2; } catch (int value) { return value; } }
void arrays(int n) { Member* all = new Member[3]{Member(n), Member(n), Member(n)}; delete[] all; }
template <class T> int rethrown(int n) {
  std::exception_ptr kept;
  try { maybe(n); throw T(); } catch (...) { kept = std::current_exception(); }
  try {
    std::rethrow_exception(kept);
  } catch (const std::exception& e) {
    return static_cast<int>(std::string(e.what()).size());
  } catch (int) {
    return 7;
  }
}
struct AtEnd { ~AtEnd() noexcept(false) { maybe(2); } };
void throwing_destructor() {
  try {
    AtEnd end;
    Noisy n("d");
    maybe(99);
  } catch (const std::exception& e) {
    std::printf("[%s] ", e.what());
  }
}

template <class F> void attempt(F f) {
  step = 0;
  try { f(); } catch (const std::exception& e) { std::printf("out %s ", e.what()); } catch (...) { std::printf("out "); }
  std::printf("%d %d\n", step, lives);
}

}  // namespace

int main() {
  for (int n = 1; n < 44; ++n) attempt([n] { all_kinds(n); });
  for (int n = 1; n < 6; ++n) attempt([n] { std::printf("%d ", nested(n)); });
  for (int n = -12; n < 4; ++n)
    attempt([n] {
      step = n;
      std::printf("%d ", half_done(n % 2 == 0, n, static_cast<__int128>(5) << 64, 4.5L, {1.5F, 2.5F}));
    });
  for (int n = 1; n < 6; ++n) attempt([n] { Whole whole(n); });
  for (int n = 1; n < 5; ++n) attempt([n] { quiet(n); });
  for (int n = 1; n < 5; ++n) attempt([n] { arrays(n); });
  for (int n = 1; n < 3; ++n) attempt([n] { std::printf("%d ", rethrown<std::bad_alloc>(n) + rethrown<int>(n)); });
  attempt([] { std::printf("%d ", number(4)); });
  attempt(throwing_destructor);
}
