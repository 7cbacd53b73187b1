/// The text of one package's result, in the format of `go test` (list mode, or -v).
///
/// Whatever a test says or prints is indented, so that a line which begins in the first column with "---", "===", "ok"
/// or "FAIL" is always dyad's own.
#pragma once

#include <string>

#include "host/report/reporter.hpp"
#include "host/run/package_result.hpp"

namespace dyad::report {

std::string package_text(const run::PackageResult& result, const ReportOptions& options);

}  // namespace dyad::report
