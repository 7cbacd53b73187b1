#include "codegen/test_finder.hpp"

#include <clang/AST/ASTContext.h>
#include <clang/AST/Decl.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/DeclTemplate.h>
#include <clang/AST/Expr.h>
#include <clang/AST/ExprCXX.h>
#include <clang/Basic/SourceManager.h>
#include <clang/Frontend/CompilerInstance.h>
#include <llvm/ADT/StringSwitch.h>
#include <llvm/Support/Path.h>

namespace dyad::codegen {

bool is_test_name(llvm::StringRef name) {
  if (!name.consume_front("Test")) return false;
  return name.empty() || !(name.front() >= 'a' && name.front() <= 'z');
}

bool is_source_name(llvm::StringRef path) {
  return llvm::StringSwitch<bool>(llvm::sys::path::extension(path))
      .Cases({".c", ".cc", ".cpp", ".cxx", ".c++", ".C"}, true)
      .Default(false);
}

namespace {

/// What a parameter's type has to do with a test's.
enum class Parameter { kNone, kTest, kNearly };

Parameter classify(clang::QualType type) {
  type = type.getCanonicalType();
  const bool is_reference = type->isReferenceType();
  const bool is_lvalue_reference = type->isLValueReferenceType();
  const bool is_pointer = type->isPointerType();
  const clang::QualType target = is_reference || is_pointer ? type->getPointeeType() : type;
  const auto* record = target->getAs<clang::RecordType>();
  if (!record) return Parameter::kNone;
  const clang::RecordDecl* declaration = record->getDecl();
  const clang::DeclContext* parent = declaration->getDeclContext()->getRedeclContext();
  if (declaration->getName() == "T") {
    const auto* space = clang::dyn_cast<clang::NamespaceDecl>(parent);
    if (!space || space->getName() != "dyad" || !space->getDeclContext()->getRedeclContext()->isTranslationUnit())
      return Parameter::kNone;
    return is_lvalue_reference && !target.hasQualifiers() ? Parameter::kTest : Parameter::kNearly;
  }
  if (declaration->getName() == "dyad_T" && parent->isTranslationUnit())
    return is_pointer && !target.hasQualifiers() ? Parameter::kTest : Parameter::kNearly;
  return Parameter::kNone;
}

}  // namespace

TestFinder::TestFinder(clang::CompilerInstance& compiler, std::string directory, CompileResult& result)
    : compiler_(compiler), directory_(std::move(directory)), result_(result) {}

void TestFinder::Initialize(clang::ASTContext& context) {
  context_ = &context;
  mangler_ = std::make_unique<clang::ASTNameGenerator>(context);
  clang::DiagnosticsEngine& diagnostics = compiler_.getDiagnostics();
  internal_test_error_ = diagnostics.getCustomDiagID(
      clang::DiagnosticsEngine::Error, "test %0 has internal linkage and cannot be called; remove 'static'");
  unnamed_test_error_ = diagnostics.getCustomDiagID(
      clang::DiagnosticsEngine::Error,
      "test %0 has internal linkage and cannot be called; move it out of the anonymous namespace");
  shape_warning_ = diagnostics.getCustomDiagID(clang::DiagnosticsEngine::Warning,
                                               "%0 is not a test and will not run; a test is 'void %1(%2t)'");
}

bool TestFinder::HandleTopLevelDecl(clang::DeclGroupRef group) {
  for (const clang::Decl* declaration : group) visit(declaration);
  return true;
}

TestFinder::Place TestFinder::place_of(clang::SourceLocation location) {
  if (location.isInvalid()) return Place::kSystem;
  const clang::SourceManager& sources = context_->getSourceManager();
  location = sources.getExpansionLoc(location);
  const clang::FileID file = sources.getFileID(location);
  const auto [it, is_new] = places_.try_emplace(file, Place::kSystem);
  if (is_new) {
    const auto entry = sources.getFileEntryRefForID(file);
    if (file == sources.getMainFileID() || (entry && is_source_name(entry->getName())))
      it->second = Place::kSource;
    else if (entry && !sources.isInSystemHeader(location))
      it->second = Place::kHeader;
  }
  return it->second;
}

std::string TestFinder::path_of(clang::SourceLocation location) const {
  const clang::SourceManager& sources = context_->getSourceManager();
  const auto entry = sources.getFileEntryRefForID(sources.getFileID(sources.getExpansionLoc(location)));
  if (!entry) return {};
  llvm::SmallString<256> path(entry->getName());
  if (!llvm::sys::path::is_absolute(path)) llvm::sys::path::make_absolute(directory_, path);
  llvm::sys::path::remove_dots(path);
  return std::string(path);
}

void TestFinder::visit(const clang::Decl* declaration) {
  if (const auto* function = clang::dyn_cast<clang::FunctionDecl>(declaration);
      function && function->isMain() && function->isThisDeclarationADefinition()) {
    result_.main_line = main_file_line(function->getLocation());  // also when a macro or header brought it
    return;
  }
  if (const auto* linkage = clang::dyn_cast<clang::LinkageSpecDecl>(declaration)) {
    for (const clang::Decl* inner : linkage->decls()) visit(inner);
    return;
  }
  const Place place = place_of(declaration->getLocation());
  if (place == Place::kSystem) return;
  if (const auto* space = clang::dyn_cast<clang::NamespaceDecl>(declaration)) {
    for (const clang::Decl* inner : space->decls()) visit(inner);
    return;
  }
  if (const auto* named = clang::dyn_cast<clang::NamedDecl>(declaration); named && !named->isInvalidDecl()) {
    const bool in_source = place == Place::kSource;
    if (const auto* function = clang::dyn_cast<clang::FunctionDecl>(named); function && in_source)
      visit_function(function);
    if (const auto* variable = clang::dyn_cast<clang::VarDecl>(named)) visit_suite(variable);
    visit_definition(named, in_source ? "" : path_of(named->getLocation()));
  }
}

void TestFinder::visit_function(const clang::FunctionDecl* function) {
  if (!function->isThisDeclarationADefinition() || clang::isa<clang::CXXMethodDecl>(function)) return;
  if (!function->getIdentifier() || !is_test_name(function->getName())) return;
  if (function->isTemplated() || function->getTemplateSpecializationKind() != clang::TSK_Undeclared) return;
  if (function->getNumParams() != 1 || function->isVariadic()) return;
  const Parameter parameter = classify(function->getParamDecl(0)->getType());
  if (parameter == Parameter::kNone) return;

  clang::DiagnosticsEngine& diagnostics = compiler_.getDiagnostics();
  if (parameter == Parameter::kNearly || !function->getReturnType()->isVoidType()) {
    diagnostics.Report(function->getLocation(), shape_warning_)
        << function << function->getName() << (context_->getLangOpts().CPlusPlus ? "dyad::T& " : "dyad_T *");
    return;
  }
  if (!function->isExternallyVisible()) {
    diagnostics.Report(function->getLocation(),
                       function->isInAnonymousNamespace() ? unnamed_test_error_ : internal_test_error_)
        << function->getName();
    return;
  }
  if (function->isInlined()) return;
  add_test(function);
}

void TestFinder::add_test(const clang::FunctionDecl* function) {
  const clang::SourceManager& sources = context_->getSourceManager();
  const clang::SourceLocation location = sources.getExpansionLoc(function->getLocation());
  FoundTest test;
  test.name = function->getQualifiedNameAsString();
  test.symbol = mangler_->getName(function);
  test.line = sources.getExpansionLineNumber(location);
  test.file = path_of(location);
  result_.tests.push_back(std::move(test));
}

// GoogleTest's TEST and TEST_F make a class derived from the fixture, with a static member that is initialised by
// MakeAndRegisterTestInfo("Suite", "Test", ...). All tests of a suite must have the same fixture, or they fail at run
// time.
void TestFinder::visit_suite(const clang::VarDecl* registration) {
  const auto* test = clang::dyn_cast<clang::CXXRecordDecl>(registration->getDeclContext());
  if (!test || !test->hasDefinition() || test->getNumBases() == 0 || !registration->getInit()) return;
  const auto* call = clang::dyn_cast<clang::CallExpr>(registration->getInit()->IgnoreImplicit());
  const clang::FunctionDecl* callee = call ? call->getDirectCallee() : nullptr;
  if (!callee || !callee->getIdentifier() || callee->getName() != "MakeAndRegisterTestInfo") return;
  const auto* suite = clang::dyn_cast<clang::StringLiteral>(call->getArg(0)->IgnoreImplicit());
  const clang::CXXRecordDecl* fixture = test->bases_begin()->getType()->getAsCXXRecordDecl();
  if (!suite || !fixture || !suites_.insert(suite->getString()).second) return;
  std::string identity = fixture->getQualifiedNameAsString();
  if (!fixture->isExternallyVisible()) identity += " of " + path_of(fixture->getLocation());
  result_.definitions.push_back({"the test suite " + suite->getString().str(), identity});
}

void TestFinder::visit_definition(const clang::NamedDecl* declaration, const std::string& identity) {
  const bool cxx = context_->getLangOpts().CPlusPlus;
  std::string name;
  llvm::raw_string_ostream stream(name);
  const clang::PrintingPolicy& policy = context_->getPrintingPolicy();
  if (const auto* function = clang::dyn_cast<clang::FunctionDecl>(declaration)) {
    if (clang::isa<clang::CXXDeductionGuideDecl>(function) || !function->isThisDeclarationADefinition() ||
        function->isDependentContext() || function->isDeleted())
      return;
    const auto kind = function->getTemplateSpecializationKind();
    if (kind != clang::TSK_Undeclared && kind != clang::TSK_ExplicitSpecialization) return;
    if (function->isExternallyVisible()) name = mangler_->getName(function);
  } else if (const auto* variable = clang::dyn_cast<clang::VarDecl>(declaration)) {
    const auto kind = variable->getTemplateSpecializationKind();
    if (variable->isThisDeclarationADefinition() == clang::VarDecl::DeclarationOnly ||
        (kind != clang::TSK_Undeclared && kind != clang::TSK_ExplicitSpecialization) ||
        variable->getDeclContext()->isDependentContext() || clang::isa<clang::DecompositionDecl>(variable))
      return;
    if (variable->isExternallyVisible()) name = mangler_->getName(variable);
  } else if (!cxx) {
    return;  // types have no linkage in C
  } else if (const auto* tag = clang::dyn_cast<clang::TagDecl>(declaration)) {
    if (!tag->isThisDeclarationADefinition() || !tag->hasNameForLinkage()) return;
    if (const auto* special = clang::dyn_cast<clang::ClassTemplateSpecializationDecl>(tag);
        special && !special->isExplicitSpecialization() &&
        !clang::isa<clang::ClassTemplatePartialSpecializationDecl>(special))
      return;
    if (tag->isExternallyVisible()) tag->getNameForDiagnostic(stream, policy, /*Qualified=*/true);
  } else if (const auto* pattern = clang::dyn_cast<clang::ClassTemplateDecl>(declaration)) {
    if (pattern->isThisDeclarationADefinition() && pattern->isExternallyVisible())
      name = pattern->getQualifiedNameAsString();
  } else if (const auto* functions = clang::dyn_cast<clang::FunctionTemplateDecl>(declaration)) {
    const clang::FunctionDecl* inner = functions->getTemplatedDecl();
    if (inner->isThisDeclarationADefinition() && functions->isExternallyVisible() &&
        !clang::isa<clang::CXXDeductionGuideDecl>(inner))
      name = functions->getQualifiedNameAsString() + " " + inner->getType().getCanonicalType().getAsString(policy);
  } else if (const auto* variables = clang::dyn_cast<clang::VarTemplateDecl>(declaration)) {
    if (variables->isThisDeclarationADefinition() && variables->isExternallyVisible())
      name = variables->getQualifiedNameAsString();
  }
  if (!name.empty()) result_.definitions.push_back({std::move(name), identity});
}

std::uint32_t TestFinder::main_file_line(clang::SourceLocation location) const {
  const clang::SourceManager& sources = context_->getSourceManager();
  location = sources.getExpansionLoc(location);
  // Out of headers, to the #include in the source.
  while (sources.getFileID(location) != sources.getMainFileID()) {
    const clang::SourceLocation includer = sources.getIncludeLoc(sources.getFileID(location));
    if (includer.isInvalid()) return 0;
    location = sources.getExpansionLoc(includer);
  }
  return sources.getExpansionLineNumber(location);
}

}  // namespace dyad::codegen
