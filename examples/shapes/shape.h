#pragma once

#include <numbers>

namespace shapes {

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const = 0;
};

struct Circle : Shape {
  explicit Circle(double size) : radius(size) {}
  double area() const override { return std::numbers::pi * radius * radius; }
  double radius;
};

struct Square : Shape {
  explicit Square(double size) : side(size) {}
  double area() const override { return side * side; }
  double side;
};

// The area of a drawing such as "circle 2, square 1.5 + 0.5". Throws std::invalid_argument.
double area_of(const char* drawing);

}  // namespace shapes
