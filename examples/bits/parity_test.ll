; A test in LLVM IR has the signature of a C test. `parity` comes from parity.c.
declare i32 @parity(i32)
declare void @dyad_mark_failed(ptr)

define void @TestParity(ptr %t) {
  %odd = call i32 @parity(i32 7)
  %even = call i32 @parity(i32 6)
  %same = icmp eq i32 %odd, %even
  br i1 %same, label %wrong, label %right
wrong:
  call void @dyad_mark_failed(ptr %t)
  ret void
right:
  ret void
}
