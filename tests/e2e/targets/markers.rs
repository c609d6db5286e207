// SPDX-License-Identifier: Apache-2.0

//! Static markers in Rust as its crates write them: from inline assembly, each place with a semaphore of
//! its own, its operands in whatever registers the compiler has free.

use std::sync::atomic::{AtomicU64, Ordering};

static HITS: [AtomicU64; 3] = [AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0)];

/// One marker `rusty:$name`: fires only while its own semaphore is not zero, and counts that.
macro_rules! marker {
    ($hit:expr, $name:literal, $semaphore:literal, $format:literal $(, $value:expr)*) => {{
        #[link_section = ".probes"]
        #[export_name = $semaphore]
        static mut SEMAPHORE: u16 = 0;
        // SAFETY: the kernel alone writes the semaphore; the instruction is a nop.
        let wanted = unsafe { std::ptr::addr_of!(SEMAPHORE).read_volatile() };
        if wanted != 0 {
            HITS[$hit].fetch_add(1, Ordering::Relaxed);
            unsafe {
                std::arch::asm!(
                    "990: nop",
                    ".pushsection .note.stapsdt,\"\",\"note\"",
                    ".balign 4",
                    ".4byte 992f-991f, 994f-993f, 3",
                    "991: .asciz \"stapsdt\"",
                    "992: .balign 4",
                    concat!("993: .8byte 990b, _.stapsdt.base, ", $semaphore),
                    ".asciz \"rusty\"",
                    concat!(".asciz \"", $name, "\""),
                    concat!(".asciz \"", $format, "\""),
                    "994: .balign 4",
                    ".popsection",
                    ".ifndef _.stapsdt.base",
                    ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat",
                    ".weak _.stapsdt.base",
                    ".hidden _.stapsdt.base",
                    "_.stapsdt.base: .space 1",
                    ".size _.stapsdt.base,1",
                    ".popsection",
                    ".endif",
                    $(in(reg) $value,)*
                    options(att_syntax, readonly, nostack, preserves_flags),
                );
            }
        }
    }};
}

/// Two places of one marker; the first is in each of its callers.
#[inline(always)]
fn step(number: u64) {
    marker!(0, "step", "semaphore_a", "8@{0} -8@{1}", number, -(number as i64));
    if number % 3 == 0 {
        marker!(0, "step", "semaphore_b", "8@{0} -8@{1}", number + 5000, -1i64);
    }
}

#[inline(never)]
fn text(name: &std::ffi::CStr, size: usize) {
    marker!(1, "text", "semaphore_c", "8@{0} 8@{1}", name.as_ptr(), size);
}

#[inline(never)]
fn bare() {
    marker!(2, "bare", "semaphore_d", "");
}

fn main() {
    println!("ready {}", std::process::id());
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let name = std::ffi::CString::new("größe").unwrap();
    for number in 0..20u64 {
        step(number);
        if number % 2 == 0 {
            step(number + 1000);
        }
        text(&name, name.as_bytes().len());
        bare();
    }
    for (name, hits) in ["step", "text", "bare"].iter().zip(&HITS) {
        println!("count {} {}", name, hits.load(Ordering::Relaxed));
    }
}
