/// Clang's hash of template arguments, by which it finds a specialisation in a module file, made anew.
///
/// Clang's own takes a class by its name alone, so that all specialisations of a template look alike as an argument:
/// who asks for `__or_<is_same<A, B>>` gets every `__or_<is_same<...>>` of the module read, with all that these refer
/// to. In the standard library, whose traits are built of traits, that was half of what a test read of its prelude.
/// This one takes a specialisation with its arguments, and a member with its class.
///
/// The library that has Clang's function is linked statically, and a file of it only for a symbol that is still
/// missing; this definition is there first. It serves who writes module files and who reads them, which are the same
/// here.
///
/// What is asked for here: the same arguments have the same hash, in every process. So only canonical types count, and
/// of everything else (expressions, dependent types) no more than that it is there.

#include <clang/AST/Decl.h>
#include <clang/AST/DeclTemplate.h>
#include <clang/AST/TemplateBase.h>
#include <clang/AST/Type.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Support/xxhash.h>

#include <cstdint>

namespace clang::serialization {

// Clang has no header for it.
unsigned StableHashForTemplateArguments(llvm::ArrayRef<TemplateArgument> arguments);

}  // namespace clang::serialization

namespace {

/// What lies deeper, or comes behind so many bytes, counts alike: traits of tuples of strings are told apart, and types
/// of thousands of parts do not cost more than they save.
constexpr unsigned kMostNested = 6;
constexpr std::size_t kMostBytes = 256;

class ArgumentHash {
 public:
  void add(llvm::ArrayRef<clang::TemplateArgument> arguments) {
    add(arguments.size());
    for (const clang::TemplateArgument& each : arguments) add(each);
  }
  std::uint64_t value() const { return llvm::xxh3_64bits(bytes_); }

 private:
  /// LEB128.
  void add(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) bytes_.push_back(static_cast<std::uint8_t>(number | 0x80));
    bytes_.push_back(static_cast<std::uint8_t>(number));
  }
  void add(llvm::StringRef text) {
    add(text.size());
    bytes_.append(text.begin(), text.end());
  }

  void add(const clang::TemplateArgument& argument) {
    add(std::uint64_t{argument.getKind()});
    switch (argument.getKind()) {
      case clang::TemplateArgument::Type:
        return add(argument.getAsType());
      case clang::TemplateArgument::Integral: {
        const llvm::APSInt value = argument.getAsIntegral();
        add(std::uint64_t{value.getBitWidth()});
        for (unsigned i = 0; i < value.getNumWords(); ++i) add(value.getRawData()[i]);
        return;
      }
      case clang::TemplateArgument::Declaration:
        return add_name(argument.getAsDecl());
      case clang::TemplateArgument::Template:
      case clang::TemplateArgument::TemplateExpansion:
        return add_name(argument.getAsTemplateOrTemplatePattern().getAsTemplateDecl());
      case clang::TemplateArgument::Pack:
        return add(argument.pack_elements());
      default:
        return;
    }
  }

  void add(clang::QualType sugared) {
    if (sugared.isNull() || depth_ == kMostNested || bytes_.size() > kMostBytes) return;
    ++depth_;
    const clang::QualType type = sugared.getCanonicalType();
    add(std::uint64_t{type.getCVRQualifiers()});
    add(std::uint64_t{type->getTypeClass()});
    if (const auto* builtin = llvm::dyn_cast<clang::BuiltinType>(type))
      add(std::uint64_t{builtin->getKind()});
    else if (const auto* tag = llvm::dyn_cast<clang::TagType>(type))
      add_class(tag->getDecl());
    else if (const auto* array = llvm::dyn_cast<clang::ArrayType>(type))
      add_array(*array);
    else if (const auto* function = llvm::dyn_cast<clang::FunctionProtoType>(type))
      add_function(*function);
    else if (llvm::isa<clang::PointerType, clang::ReferenceType, clang::MemberPointerType>(type))
      add(type->getPointeeType());
    --depth_;
  }

  void add_array(const clang::ArrayType& array) {
    if (const auto* constant = llvm::dyn_cast<clang::ConstantArrayType>(&array)) add(constant->getZExtSize());
    add(array.getElementType());
  }

  void add_function(const clang::FunctionProtoType& function) {
    add(std::uint64_t{function.getNumParams()});
    for (const clang::QualType each : function.param_types()) add(each);
    add(function.getReturnType());
  }

  void add_name(const clang::NamedDecl* declaration) {
    if (declaration && declaration->getIdentifier()) add(declaration->getName());
  }

  void add_class(const clang::TagDecl* declaration) {
    add_name(declaration);
    if (const auto* outer = llvm::dyn_cast<clang::RecordDecl>(declaration->getDeclContext());
        outer && depth_ < kMostNested) {
      ++depth_;
      add_class(outer);
      --depth_;
    }
    if (const auto* specialisation = llvm::dyn_cast<clang::ClassTemplateSpecializationDecl>(declaration))
      add(specialisation->getTemplateArgs().asArray());
  }

  llvm::SmallVector<std::uint8_t, 512> bytes_;
  unsigned depth_ = 0;
};

}  // namespace

unsigned clang::serialization::StableHashForTemplateArguments(llvm::ArrayRef<TemplateArgument> arguments) {
  ArgumentHash hash;
  hash.add(arguments);
  return static_cast<unsigned>(hash.value());
}
