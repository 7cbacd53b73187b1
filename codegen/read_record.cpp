/// A faster way to read a record of a bitstream file, which is how preludes are kept.
///
/// Clang reads the prelude's declarations one record at a time, some thousands for each source. A record is a list of
/// numbers, most of them in pieces of six bits, of which LLVM's reader takes each through a call that checks for the
/// end of the file: a tenth of the processor time of a run. Here a number is taken from the eight bytes that hold it,
/// and the end is looked for once, behind the record. What is rare or wrong is left to LLVM's reader, which begins
/// anew and says what it always says.
///
/// The linker passes all calls of BitstreamCursor::readRecord through here (CMakeLists.txt: --wrap). The format: LLVM's
/// "Bitcode File Format", sections "Primitives" and "Abbreviations".

#include <llvm/Bitstream/BitstreamReader.h>

#include <cstdint>
#include <cstring>

// As the member functions: an Itanium C++ ABI has `this` as the first argument.
// NOLINTBEGIN(bugprone-reserved-identifier): the linker makes these names
extern "C" {
llvm::Expected<unsigned> read_record_as_llvm(
    llvm::BitstreamCursor*, unsigned abbreviation, llvm::SmallVectorImpl<std::uint64_t>& values,
    llvm::StringRef* blob) asm("__real__ZN4llvm15BitstreamCursor10readRecordEjRNS_15SmallVectorImplImEEPNS_9StringRefE");
llvm::Expected<unsigned> read_record(
    llvm::BitstreamCursor*, unsigned abbreviation, llvm::SmallVectorImpl<std::uint64_t>& values,
    llvm::StringRef* blob) asm("__wrap__ZN4llvm15BitstreamCursor10readRecordEjRNS_15SmallVectorImplImEEPNS_9StringRefE");
}
// NOLINTEND(bugprone-reserved-identifier)

namespace {

/// Reads numbers from bytes, the lowest bit first. Behind the end there are zeros: see is_behind_end().
class Bits {
 public:
  Bits(llvm::ArrayRef<std::uint8_t> bytes, std::uint64_t position) : bytes_(bytes), position_(position) {}

  std::uint64_t position() const { return position_; }
  bool is_behind_end() const { return position_ > bytes_.size() * 8; }

  /// `width`: up to 32.
  std::uint64_t fixed(unsigned width) {
    const auto value = ahead() & ((std::uint64_t{1} << width) - 1);
    position_ += width;
    return value;
  }

  /// A number of up to `most` bits in pieces of `width` bits, up to 32, the lowest first; the highest bit of each says
  /// whether another follows.
  std::uint64_t variable(unsigned width, unsigned most = 64) {
    const auto more = std::uint64_t{1} << (width - 1);
    auto piece = fixed(width);
    if (piece < more) return piece;
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < most; shift += width - 1) {
      value |= (piece & (more - 1)) << shift;
      if (piece < more) return most == 64 ? value : value & ((std::uint64_t{1} << most) - 1);
      piece = fixed(width);
    }
    position_ = std::uint64_t{1} << 63;  // behind any end: no number is so long
    return 0;
  }

 private:
  /// At least the next 57 bits.
  std::uint64_t ahead() const {
    const auto byte = position_ / 8;
    std::uint64_t word = 0;
    if (byte + sizeof word <= bytes_.size())
      std::memcpy(&word, bytes_.data() + byte, sizeof word);
    else if (byte < bytes_.size())
      std::memcpy(&word, bytes_.data() + byte, bytes_.size() - byte);
    return llvm::support::endian::byte_swap<std::uint64_t>(word, llvm::endianness::little) >> (position_ % 8);
  }

  llvm::ArrayRef<std::uint8_t> bytes_;
  std::uint64_t position_;
};

using Operand = llvm::BitCodeAbbrevOp;

/// A literal, or a field that is a number.
bool is_number(const Operand& operand) {
  if (operand.isLiteral()) return true;
  const auto encoding = operand.getEncoding();
  if (encoding != Operand::Fixed && encoding != Operand::VBR) return false;
  const auto width = operand.getEncodingData();
  return width >= (encoding == Operand::Fixed ? 1 : 2) && width <= llvm::BitstreamCursor::MaxChunkSize;
}

std::uint64_t read_number(const Operand& operand, Bits& bits) {
  if (operand.isLiteral()) return operand.getLiteralValue();
  const auto width = static_cast<unsigned>(operand.getEncodingData());
  return operand.getEncoding() == Operand::Fixed ? bits.fixed(width) : bits.variable(width);
}

constexpr unsigned kPiece = 6;  ///< of codes and lengths, and of what has no abbreviation

/// A code or a length.
std::uint64_t read_small(Bits& bits) { return bits.variable(kPiece, 32); }

/// True if there is room for `count` values of at least `width` bits each.
bool is_plausible(std::uint64_t count, unsigned width, const Bits& bits, std::size_t size) {
  return !bits.is_behind_end() && count <= (size * 8 - bits.position()) / width;
}

/// Reads the code into `code` and appends the values. False: the record is not of a kind that is known here, or wrong.
bool read_quickly(llvm::BitstreamCursor& cursor, unsigned abbreviation, Bits& bits, std::uint64_t& code,
                  llvm::SmallVectorImpl<std::uint64_t>& values) {
  const std::size_t size = cursor.SizeInBytes();
  auto append = [&](std::uint64_t count, unsigned width, auto&& read) {
    if (!is_plausible(count, width, bits, size)) return false;
    const auto old = values.size();
    values.resize_for_overwrite(old + count);
    for (auto* value = values.begin() + old; value != values.end(); ++value) *value = read();
    return true;
  };
  if (abbreviation == llvm::bitc::UNABBREV_RECORD) {
    code = read_small(bits);
    return append(read_small(bits), kPiece, [&] { return bits.variable(kPiece); });
  }
  auto found = cursor.getAbbrev(abbreviation);
  if (!found) {
    llvm::consumeError(found.takeError());
    return false;
  }
  const llvm::BitCodeAbbrev& form = **found;
  const unsigned count = form.getNumOperandInfos();
  if (count == 0 || !is_number(form.getOperandInfo(0))) return false;
  code = read_number(form.getOperandInfo(0), bits);
  for (unsigned i = 1; i < count; ++i) {
    const Operand& operand = form.getOperandInfo(i);
    if (is_number(operand)) {
      values.push_back(read_number(operand, bits));
      continue;
    }
    // An array comes before its elements' form, which is the last.
    if (operand.getEncoding() != Operand::Array || i + 2 != count) return false;
    const Operand& element = form.getOperandInfo(i + 1);
    if (!is_number(element) || element.isLiteral()) return false;
    return append(read_small(bits), static_cast<unsigned>(element.getEncodingData()),
                  [&] { return read_number(element, bits); });
  }
  return true;
}

}  // namespace

llvm::Expected<unsigned> read_record(llvm::BitstreamCursor* cursor, unsigned abbreviation,
                                     llvm::SmallVectorImpl<std::uint64_t>& values, llvm::StringRef* blob) {
  Bits bits(cursor->getBitcodeBytes(), cursor->GetCurrentBitNo());
  const auto known = values.size();
  std::uint64_t code = 0;
  if (read_quickly(*cursor, abbreviation, bits, code, values) && !bits.is_behind_end()) {
    if (auto error = cursor->JumpToBit(bits.position())) return error;
    return static_cast<unsigned>(code);
  }
  values.truncate(known);
  return read_record_as_llvm(cursor, abbreviation, values, blob);
}
