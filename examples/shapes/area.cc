#include <stdexcept>
#include <string>

#include "calc/eval.h"
#include "shape.h"
#include "text/split.h"

namespace shapes {

double area_of(const char* drawing) {
  double total = 0;
  for (const auto& part : text::split(drawing, ',')) {
    const auto shape = text::trim(part);
    const auto name = shape.substr(0, shape.find(' '));
    const double size = calc::eval(shape.substr(name.size()));
    if (name == "circle") {
      total += Circle(size).area();
    } else if (name == "square") {
      total += Square(size).area();
    } else {
      throw std::invalid_argument("no such shape: " + std::string(name));
    }
  }
  return total;
}

}  // namespace shapes
