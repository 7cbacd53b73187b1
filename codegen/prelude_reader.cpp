#include "codegen/prelude_reader.hpp"

#include <clang/Lex/HeaderSearchOptions.h>
#include <clang/Lex/PreprocessorOptions.h>
#include <clang/Serialization/ASTReader.h>

namespace dyad::codegen {

namespace {

class PreludeReader final : public clang::ASTReader {
 public:
  using ASTReader::ASTReader;

  void CompleteRedeclChain(const clang::Decl*) override {}
};

}  // namespace

void use_prelude_reader(clang::CompilerInstance& compiler, clang::ASTConsumer& consumer) {
  // As clang::CompilerInstance::createASTReader() does it.
  const clang::HeaderSearchOptions& search = compiler.getHeaderSearchOpts();
  const clang::FrontendOptions& frontend = compiler.getFrontendOpts();
  auto reader = llvm::makeIntrusiveRefCnt<PreludeReader>(
      compiler.getPreprocessor(), compiler.getModuleCache(), &compiler.getASTContext(),
      compiler.getPCHContainerReader(), compiler.getCodeGenOpts(), frontend.ModuleFileExtensions, search.Sysroot,
      compiler.getPreprocessorOpts().DisablePCHOrModuleValidation, frontend.AllowPCMWithCompilerErrors,
      /*AllowConfigurationMismatch=*/false, search.ModulesValidateSystemHeaders,
      search.ModulesForceValidateUserHeaders, search.ValidateASTInputFilesContent,
      /*UseGlobalIndex=*/false);
  reader->setDeserializationListener(consumer.GetASTDeserializationListener());
  compiler.getASTContext().setASTMutationListener(consumer.GetASTMutationListener());
  compiler.getASTContext().setExternalSource(reader);
  reader->StartTranslationUnit(&consumer);
  compiler.setASTReader(std::move(reader));
}

}  // namespace dyad::codegen
