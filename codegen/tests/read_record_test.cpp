/// Records are read as LLVM reads them: written at random with LLVM's writer, then read through the linker's wrapper
/// (read_record.cpp) and by LLVM alone, side by side.
#include <gtest/gtest.h>
#include <llvm/Bitstream/BitstreamReader.h>
#include <llvm/Bitstream/BitstreamWriter.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using Values = llvm::SmallVector<std::uint64_t, 32>;
using llvm::BitCodeAbbrevOp;

}  // namespace

llvm::Expected<unsigned> read_record_as_llvm(
    llvm::BitstreamCursor*, unsigned abbreviation, llvm::SmallVectorImpl<std::uint64_t>& values,
    llvm::StringRef* blob) asm("__real__ZN4llvm15BitstreamCursor10readRecordEjRNS_15SmallVectorImplImEEPNS_9StringRefE");

namespace {

constexpr unsigned kBlock = 8, kCodeWidth = 5;

/// All that there is to say about a record that was read, or why it was not.
std::string said(llvm::Expected<unsigned> code, const Values& values, llvm::StringRef blob,
                 const llvm::BitstreamCursor& cursor) {
  if (!code) return "error: " + llvm::toString(code.takeError());
  std::string text = std::to_string(*code) + ":";
  for (auto value : values) text += " " + std::to_string(value);
  return text + " '" + blob.str() + "' at " + std::to_string(cursor.GetCurrentBitNo());
}

/// Reads all records of the block in both ways and expects them to agree. Returns how many there were.
unsigned compare(llvm::StringRef bytes) {
  llvm::BitstreamCursor cursor(bytes);
  auto entry = cursor.advance();
  if (!entry) {
    llvm::consumeError(entry.takeError());
    return 0;
  }
  if (entry->Kind != llvm::BitstreamEntry::SubBlock) return 0;
  if (auto error = cursor.EnterSubBlock(kBlock)) {
    llvm::consumeError(std::move(error));
    return 0;
  }
  for (unsigned records = 0;; ++records) {
    entry = cursor.advance();
    if (!entry) {
      llvm::consumeError(entry.takeError());
      return records;
    }
    if (entry->Kind != llvm::BitstreamEntry::Record) return records;
    auto other = cursor;
    Values ours{99}, llvms{99};  // both append
    llvm::StringRef our_blob, llvms_blob;
    auto our_code = cursor.readRecord(entry->ID, ours, &our_blob);
    auto llvms_code = read_record_as_llvm(&other, entry->ID, llvms, &llvms_blob);
    const bool failed = !our_code;
    const auto expected = said(std::move(llvms_code), llvms, llvms_blob, other);
    EXPECT_EQ(said(std::move(our_code), ours, our_blob, cursor), expected) << "record " << records;
    if (failed || testing::Test::HasFailure()) return records;
  }
}

class ReadRecordTest : public testing::Test {
 protected:
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  /// Small numbers are the usual ones.
  std::uint64_t number(unsigned bits) {
    const auto used = below(bits + 1);
    return used == 0 ? 0 : random_() >> (64 - used);
  }

  std::shared_ptr<llvm::BitCodeAbbrev> make_abbreviation() {
    auto form = std::make_shared<llvm::BitCodeAbbrev>();
    form->Add(BitCodeAbbrevOp(below(100)));
    auto add_number = [&] {
      switch (below(4)) {
        case 0:
          form->Add(BitCodeAbbrevOp(number(64)));
          break;
        case 1:
          form->Add(BitCodeAbbrevOp(BitCodeAbbrevOp::Char6));
          break;
        case 2:
          form->Add(BitCodeAbbrevOp(BitCodeAbbrevOp::Fixed, 1 + below(32)));
          break;
        default:
          form->Add(BitCodeAbbrevOp(BitCodeAbbrevOp::VBR, 2 + below(31)));
      }
    };
    for (auto i = below(6); i > 0; --i) add_number();
    if (const auto end = below(4); end == 0) {
      form->Add(BitCodeAbbrevOp(BitCodeAbbrevOp::Blob));
    } else if (end == 1) {
      form->Add(BitCodeAbbrevOp(BitCodeAbbrevOp::Array));
      form->Add(BitCodeAbbrevOp(below(2) ? BitCodeAbbrevOp::Fixed : BitCodeAbbrevOp::VBR, 2 + below(31)));
    }
    return form;
  }

  void write_record(llvm::BitstreamWriter& writer, unsigned id, const llvm::BitCodeAbbrev& form) {
    Values values;
    std::string blob;
    bool has_blob = false;
    auto add = [&](const BitCodeAbbrevOp& operand) {
      if (operand.isLiteral())
        values.push_back(operand.getLiteralValue());
      else if (operand.getEncoding() == BitCodeAbbrevOp::Char6)
        values.push_back("azAZ09._"[below(8)]);
      else
        values.push_back(number(operand.getEncoding() == BitCodeAbbrevOp::Fixed ? operand.getEncodingData() : 64));
    };
    for (unsigned i = 0; i < form.getNumOperandInfos(); ++i) {
      const auto& operand = form.getOperandInfo(i);
      if (operand.isEncoding() && operand.getEncoding() == BitCodeAbbrevOp::Blob) {
        has_blob = true;
        blob.assign(below(20), 'b');
      } else if (operand.isEncoding() && operand.getEncoding() == BitCodeAbbrevOp::Array) {
        ++i;
        for (auto n = below(20); n > 0; --n) add(form.getOperandInfo(i));
      } else {
        add(operand);
      }
    }
    if (has_blob)
      writer.EmitRecordWithBlob(id, values, blob);
    else
      writer.EmitRecordWithAbbrev(id, values);
  }

  std::string make_block(unsigned records) {
    llvm::SmallVector<char, 0> bytes;
    {
      llvm::BitstreamWriter writer(bytes);
      writer.EnterSubblock(kBlock, kCodeWidth);
      std::vector<std::pair<unsigned, std::shared_ptr<llvm::BitCodeAbbrev>>> forms;
      for (unsigned i = 0; i < records; ++i) {
        if (forms.size() < 20 && below(4) == 0) {
          auto form = make_abbreviation();
          forms.emplace_back(writer.EmitAbbrev(form), form);
        }
        if (forms.empty() || below(2)) {
          Values values;
          for (auto n = below(40); n > 0; --n) values.push_back(number(64));
          writer.EmitRecord(static_cast<unsigned>(below(1000)), values);
        } else {
          const auto& [id, form] = forms[below(forms.size())];
          write_record(writer, id, *form);
        }
      }
      writer.ExitBlock();
    }
    return {bytes.begin(), bytes.end()};
  }

  std::mt19937_64 random_{20261128};
};

TEST_F(ReadRecordTest, AgreesWithLlvm) {
  for (int i = 0; i < 200 && !HasFailure(); ++i) EXPECT_EQ(compare(make_block(200)), 200u);
}

TEST_F(ReadRecordTest, AgreesWithLlvmWhereAFileEnds) {
  const auto bytes = make_block(60);
  for (std::size_t size = 0; size < bytes.size() && !HasFailure(); ++size)
    compare(llvm::StringRef(bytes).take_front(size));
}

TEST_F(ReadRecordTest, AgreesWithLlvmAboutDamage) {
  for (int i = 0; i < 2000 && !HasFailure(); ++i) {
    auto bytes = make_block(40);
    for (int n = 0; n < 3; ++n) bytes[16 + below(bytes.size() - 16)] ^= static_cast<char>(1 << below(8));
    compare(bytes);
  }
}

}  // namespace
