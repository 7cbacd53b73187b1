#include "eval.h"

#include <stdexcept>
#include <string>

#include "text/split.h"

namespace calc {
namespace {

double number(std::string_view word) {
  const std::string digits(text::trim(word));
  std::size_t end = 0;
  try {
    const double value = std::stod(digits, &end);
    if (end == digits.size()) return value;
  } catch (const std::logic_error&) {
  }
  throw std::invalid_argument("not a number: '" + digits + "'");
}

}  // namespace

double eval(std::string_view sum) {
  double total = 0;
  for (const auto& term : text::split(sum, '+')) {
    const auto parts = text::split(term, '-');
    total += number(parts[0]);
    for (std::size_t n = 1; n < parts.size(); n++) total -= number(parts[n]);
  }
  return total;
}

}  // namespace calc
