#include "codegen/audit_declarations.hpp"

#include <clang/AST/ASTContext.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/DeclTemplate.h>
#include <clang/AST/ExprCXX.h>
#include <clang/AST/RecursiveASTVisitor.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Lex/Preprocessor.h>
#include <clang/Sema/Sema.h>

namespace dyad::codegen {

namespace {

class Declarations {
 public:
  Declarations(PreludeAudit& audit, clang::ASTContext& context)
      : audit_(audit), context_(context), sema_(audit.compiler().getSema()) {}

  void check() { check_scope(*context_.getTranslationUnitDecl(), /*is_shared=*/true); }

 private:
  bool is_own(const clang::Decl* declaration) {
    return !declaration->isFromASTFile() && audit_.is_foreign(declaration->getLocation());
  }

  // Does a type, or a template's argument, name anything that this file's own text declares?
  class OwnFinder : public clang::RecursiveASTVisitor<OwnFinder> {
   public:
    explicit OwnFinder(Declarations& declarations) : declarations_(declarations) {}
    bool VisitTagType(clang::TagType* type) { return !note(type->getDecl()); }
    bool VisitTemplateSpecializationType(clang::TemplateSpecializationType* type) {
      if (const clang::TemplateDecl* pattern = type->getTemplateName().getAsTemplateDecl()) return !note(pattern);
      return true;
    }
    bool note(const clang::Decl* declaration) {
      if (!declaration || found) return found;
      found = declarations_.is_own(declaration);
      if (const auto* special = clang::dyn_cast<clang::ClassTemplateSpecializationDecl>(declaration))
        found = found || declarations_.mentions_own(special->getTemplateArgs().asArray());
      // A member of one's own class.
      if (const auto* parent = clang::dyn_cast<clang::CXXRecordDecl>(declaration->getDeclContext())) note(parent);
      return found;
    }
    bool found = false;

   private:
    Declarations& declarations_;
  };

  bool mentions_own(clang::QualType type) {
    OwnFinder finder(*this);
    finder.TraverseType(type.getCanonicalType());
    return finder.found;
  }
  bool mentions_own(llvm::ArrayRef<clang::TemplateArgument> arguments) {
    for (const clang::TemplateArgument& argument : arguments) {
      switch (argument.getKind()) {
        case clang::TemplateArgument::Type:
          if (mentions_own(argument.getAsType())) return true;
          break;
        case clang::TemplateArgument::Declaration:
          if (is_own(argument.getAsDecl())) return true;
          break;
        case clang::TemplateArgument::Template:
          if (const auto* pattern = argument.getAsTemplate().getAsTemplateDecl(); pattern && is_own(pattern))
            return true;
          break;
        case clang::TemplateArgument::Pack:
          if (mentions_own(argument.getPackAsArray())) return true;
          break;
        default:
          break;
      }
    }
    return false;
  }
  bool mentions_own(const clang::FunctionDecl* function) {
    for (const clang::ParmVarDecl* parameter : function->parameters())
      if (mentions_own(parameter->getType())) return true;
    return false;
  }

  /// Does the prelude declare anything in this namespace?
  static bool is_shared(const clang::NamespaceDecl* space) {
    for (const clang::NamespaceDecl* each : space->redecls())
      if (each->isFromASTFile()) return true;
    return false;
  }

  void check_scope(const clang::DeclContext& scope, bool is_shared_scope) {
    for (const clang::Decl* each : scope.noload_decls()) {
      if (!audit_.objection().empty()) return;
      if (each->isFromASTFile() || each->isImplicit() || !audit_.is_foreign(each->getLocation())) continue;
      check_references(each);
      check(each, scope, is_shared_scope);
    }
  }

  void check(const clang::Decl* declaration, const clang::DeclContext& scope, bool is_shared_scope) {
    if (const auto* linkage = clang::dyn_cast<clang::LinkageSpecDecl>(declaration))
      return check_scope(*linkage, is_shared_scope);
    const bool is_early = audit_.is_before_import(declaration->getLocation());
    if (const auto* space = clang::dyn_cast<clang::NamespaceDecl>(declaration)) {
      // What an anonymous or inline namespace holds is found in the one around it.
      const bool is_open = space->isAnonymousNamespace() || space->isInline();
      if (is_shared_scope && !space->isAnonymousNamespace()) {
        if (!is_shared(space)) check_name(space, is_early);
      }
      return check_scope(*space, (is_open && is_shared_scope) || is_shared(space));
    }
    check_specialisation(declaration);
    if (!is_shared_scope) return;
    if (clang::isa<clang::UsingDirectiveDecl>(declaration)) {
      if (is_early) audit_.object("using namespace before a header");
      return;
    }
    const auto* named = clang::dyn_cast<clang::NamedDecl>(declaration);
    if (!named) return;
    // Members that are defined outside of their class belong to it.
    if (!named->getDeclContext()->getRedeclContext()->Equals(scope.getRedeclContext())) return;
    if (const auto* list = clang::dyn_cast<clang::EnumDecl>(named); list && !list->isScoped())
      for (const clang::EnumConstantDecl* each : list->enumerators()) check_name(each, is_early);
    check_name(named, is_early);
    check_function(named, scope);
  }

  /// In the global scope only names that the headers look up there can disturb them; in a namespace that they share,
  /// all that they know. (What an anonymous namespace holds at global scope counts as of a shared one.)
  void check_name(const clang::NamedDecl* named, bool is_early) {
    const clang::IdentifierInfo* name = named->getDeclName().getAsIdentifierInfo();
    if (!name) return;
    const bool is_global = named->getDeclContext()->getRedeclContext()->isTranslationUnit();
    if (is_early && (is_global ? audit_.prelude().has_global_name(name->getName())
                               : audit_.prelude().has_identifier(name->getName())))
      return audit_.object("a name of its own before a header");
    // Something of that name that the file has not included: Clang would take both for one.
    for (const clang::NamedDecl* other : named->getDeclContext()->getRedeclContext()->lookup(named->getDeclName()))
      if (other->isFromASTFile() && !sema_.hasVisibleDeclaration(other))
        return audit_.object("a name that a header has which is not included");
  }

  /// Functions of a scope that code in the prelude looks into.
  void check_function(const clang::NamedDecl* named, const clang::DeclContext& scope) {
    const auto* functions = clang::dyn_cast<clang::FunctionTemplateDecl>(named);
    const auto* function = functions ? functions->getTemplatedDecl() : clang::dyn_cast<clang::FunctionDecl>(named);
    if (!function || mentions_own(function)) return;
    const auto kind = function->getDeclName().getNameKind();
    const bool is_operator = kind == clang::DeclarationName::CXXOperatorName;
    if (is_operator && function->getOverloadedOperator() >= clang::OO_New &&
        function->getOverloadedOperator() <= clang::OO_Array_Delete)
      return;  // replaces or adds an allocation; nothing finds it by its arguments
    if (const auto* earlier = function->getPreviousDecl(); earlier && earlier->isFromASTFile()) return;
    const bool is_global = scope.getRedeclContext()->isTranslationUnit();
    const clang::IdentifierInfo* name = function->getDeclName().getAsIdentifierInfo();
    if (is_operator || (!is_global && name && audit_.prelude().has_identifier(name->getName())))
      audit_.object("an overload for types of a header");
  }

  /// Specialisations and instantiations of the prelude's templates that are not about a type of the file's own.
  void check_specialisation(const clang::Decl* declaration) {
    if (const auto* special = clang::dyn_cast<clang::ClassTemplateSpecializationDecl>(declaration)) {
      if (!is_own(special->getSpecializedTemplate()) && !mentions_own(special->getTemplateArgs().asArray()))
        audit_.object("a specialisation for types of a header");
    } else if (const auto* variable = clang::dyn_cast<clang::VarTemplateSpecializationDecl>(declaration)) {
      if (!is_own(variable->getSpecializedTemplate()) && !mentions_own(variable->getTemplateArgs().asArray()))
        audit_.object("a specialisation for types of a header");
    } else if (const auto* function = clang::dyn_cast<clang::FunctionDecl>(declaration)) {
      const auto* arguments = function->getTemplateSpecializationArgs();
      const clang::FunctionTemplateDecl* primary = function->getPrimaryTemplate();
      if (primary && arguments && !is_own(primary) && !mentions_own(arguments->asArray()))
        audit_.object("a specialisation for types of a header");
      check_member(function);
    } else if (const auto* member = clang::dyn_cast<clang::VarDecl>(declaration)) {
      check_member(member);
    }
  }

  /// A member of one of the prelude's classes that is defined here.
  void check_member(const clang::Decl* member) {
    const auto* owner = clang::dyn_cast<clang::CXXRecordDecl>(member->getDeclContext());
    if (!owner || is_own(owner)) return;
    OwnFinder finder(*this);
    if (!finder.note(owner)) audit_.object("a specialisation for types of a header");
  }

  // Clang lets nothing be found by name that is not included, with a few exceptions (operator new with a place).
  class References : public clang::RecursiveASTVisitor<References> {
   public:
    explicit References(Declarations& declarations) : declarations_(declarations) {}
    bool shouldVisitTemplateInstantiations() const { return true; }
    bool shouldVisitImplicitCode() const { return true; }
    bool VisitDeclRefExpr(clang::DeclRefExpr* reference) {
      return declarations_.check_reference(reference->getDecl(), reference->getLocation());
    }
    bool VisitMemberExpr(clang::MemberExpr* member) {
      return declarations_.check_reference(member->getMemberDecl(), member->getMemberLoc());
    }
    bool VisitCXXConstructExpr(clang::CXXConstructExpr* construction) {
      return declarations_.check_reference(construction->getConstructor(), construction->getLocation());
    }
    bool VisitCXXNewExpr(clang::CXXNewExpr* allocation) {
      return declarations_.check_reference(allocation->getOperatorNew(), allocation->getBeginLoc()) &&
             declarations_.check_reference(allocation->getOperatorDelete(), allocation->getBeginLoc());
    }
    bool VisitCXXDeleteExpr(clang::CXXDeleteExpr* release) {
      return declarations_.check_reference(release->getOperatorDelete(), release->getBeginLoc());
    }

   private:
    Declarations& declarations_;
  };

  void check_references(const clang::Decl* declaration) {
    // Scopes are looked into by check_scope().
    if (clang::isa<clang::NamespaceDecl, clang::LinkageSpecDecl>(declaration)) return;
    References(*this).TraverseDecl(const_cast<clang::Decl*>(declaration));
  }

  /// False: it objects. `location`: of the reference.
  bool check_reference(const clang::NamedDecl* target, clang::SourceLocation location) {
    if (!target) return true;
    if (const auto* function = clang::dyn_cast<clang::FunctionDecl>(target);
        function && (function->isReplaceableGlobalAllocationFunction() ||
                     (function->getBuiltinID() != 0 && function->getName().starts_with("__builtin_"))))
      return true;  // there without any header
    // The declaration of its namespace's scope, and of templates the pattern: that is what a header brings.
    const clang::Decl* outer = target;
    for (;;) {
      if (const auto* special = clang::dyn_cast<clang::ClassTemplateSpecializationDecl>(outer))
        outer = special->getSpecializedTemplate();
      else if (const auto* function = clang::dyn_cast<clang::FunctionDecl>(outer);
               function && function->getPrimaryTemplate())
        outer = function->getPrimaryTemplate();
      const clang::DeclContext* scope = outer->getDeclContext()->getRedeclContext();
      if (scope->isFileContext()) break;
      outer = clang::cast<clang::Decl>(scope);
    }
    if (!outer->isFromASTFile() || context_.getSourceManager().isLoadedSourceLocation(location)) return true;
    auto known = since_.find(outer);
    if (known == since_.end()) known = since_.insert({outer, compute_since(outer)}).first;
    const Since& since = known->second;
    if (since.always || (since.location.isValid() && !is_before(location, since.location))) return true;
    audit_.object("something that is not included: " + target->getQualifiedNameAsString());
    return false;
  }

  /// From where on a declaration of the prelude may be used: where the first header is included that holds it.
  struct Since {
    bool always = false;  ///< it is said again by text that was really read
    clang::SourceLocation location;
  };
  Since compute_since(const clang::Decl* declaration) const {
    Since since;
    for (const clang::Decl* each : declaration->redecls()) {
      clang::Module* module = each->isFromASTFile() ? each->getImportedOwningModule() : nullptr;
      if (!module) return {true, {}};
      const clang::SourceLocation imported = audit_.compiler().getPreprocessor().getModuleImportLoc(module);
      if (imported.isValid() && (since.location.isInvalid() || is_before(imported, since.location)))
        since.location = imported;
    }
    return since;
  }

  bool is_before(clang::SourceLocation a, clang::SourceLocation b) const {
    return a.isValid() && b.isValid() && context_.getSourceManager().isBeforeInTranslationUnit(a, b);
  }

  PreludeAudit& audit_;
  clang::ASTContext& context_;
  clang::Sema& sema_;
  llvm::DenseMap<const clang::Decl*, Since> since_;
};

}  // namespace

void audit_declarations(PreludeAudit& audit, clang::ASTContext& context) { Declarations(audit, context).check(); }

}  // namespace dyad::codegen
