#include "host/run/tries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "host/run/index_ranges.hpp"

namespace dyad::run {

void Tries::add(ImageRun::Outcome outcome) {
  if (!all_) {
    all_ = std::move(outcome);
    for (std::size_t i = 0; i < all_->tests.size(); ++i) position_.emplace(all_->tests[i].index, i);
    given_up_.assign(all_->tests.size(), false);
  } else {
    for (TestResult& now : outcome.tests)
      if (auto known = position_.find(now.index); known != position_.end())
        merge(all_->tests[known->second], std::move(now));
    std::ranges::move(outcome.outside, std::back_inserter(all_->outside));
    all_->failed_outside = all_->failed_outside || outcome.failed_outside;
    // The image loaded before. Those that were to run now have the verdict that they had.
    if (!outcome.load_failure.empty()) given_up_.assign(given_up_.size(), true);
  }
  decided_ = static_cast<std::size_t>(
      std::ranges::count_if(all_->tests, [](const TestResult& test) { return test.verdict != Verdict::kNotRun; }));
}

void Tries::merge(TestResult& kept, TestResult now) {
  if (kept.verdict == Verdict::kNotRun) {
    kept = std::move(now);
  } else if (!is_failure(now.verdict) && now.verdict != Verdict::kPass) {
    given_up_[position_.at(kept.index)] = true;
  } else {
    now.earlier_tries = std::exchange(kept.earlier_tries, {});
    now.earlier_tries.push_back(std::move(kept));
    kept = std::move(now);
  }
}

bool Tries::to_try_again(const TestResult& test) const {
  return is_failure(test.verdict) && test.earlier_tries.size() < options_.retries &&
         !given_up_[position_.at(test.index)];
}

std::optional<std::string> Tries::next(bool cut_short) {
  cut_short_ = cut_short_ || cut_short;
  if (options_.retries == 0 || !all_ || all_->tests.empty()) return std::nullopt;
  auto all_but = [&](auto wanted) -> std::optional<std::string> {
    std::vector<std::uint32_t> others;
    for (const TestResult& test : all_->tests)
      if (!wanted(test)) others.push_back(test.index);
    if (others.size() == all_->tests.size()) return std::nullopt;
    return index_ranges(others);
  };
  if (auto again = all_but([&](const TestResult& test) { return to_try_again(test); })) return again;
  if (!cut_short_ || decided_ == decided_before_ ||
      std::ranges::any_of(all_->tests, [](const TestResult& test) { return is_failure(test.verdict); }))
    return std::nullopt;
  decided_before_ = decided_;
  return all_but([](const TestResult& test) { return test.verdict == Verdict::kNotRun; });
}

ImageRun::Outcome Tries::take() {
  if (options_.flaky_fails)
    for (TestResult& test : all_->tests)
      if (test.is_flaky()) {
        test.verdict = Verdict::kFail;
        test.reason = fmt::format("passed in try {}", test.earlier_tries.size() + 1);
      }
  return std::move(*all_);
}

}  // namespace dyad::run
