// SPDX-License-Identifier: Apache-2.0
//
// Rust: panics that unwind through probed frames and are caught, destructors on the way, threads that
// end by a panic, closures, traits, and results of all kinds.
use std::cell::Cell;
use std::io::BufRead;
use std::panic;

thread_local!(static DROPPED: Cell<u64> = const { Cell::new(0) });

struct Guard(u64);
impl Drop for Guard {
    fn drop(&mut self) {
        DROPPED.with(|d| d.set(d.get() + self.0));
    }
}

#[inline(never)]
fn deep(n: u64, fail: bool) -> u64 {
    let guard = Guard(n);
    if n == 0 {
        if fail {
            panic!("deep");
        }
        return 1;
    }
    deep(n - 1, fail) + guard.0
}

#[inline(never)]
fn caught(n: u64) -> u64 {
    panic::catch_unwind(|| deep(n, n % 2 == 1)).unwrap_or(n * 100)
}

#[inline(never)]
fn parsed(text: &str) -> Result<i32, std::num::ParseIntError> {
    text.trim().parse::<i32>()
}

fn main() {
    println!("ready");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).unwrap();
    panic::set_hook(Box::new(|_| {}));
    let mut sum = 0u64;
    for n in 0..40 {
        sum = sum.wrapping_mul(3).wrapping_add(caught(n % 12));
    }
    let failed = (0..8u64)
        .map(|n| std::thread::spawn(move || deep(n, n % 2 == 0)))
        .filter(|_| true)
        .map(|t| t.join().is_err() as u32)
        .sum::<u32>();
    println!("sum {} failed {} dropped {}", sum, failed, DROPPED.with(|d| d.get()));
    println!("{:?} {}", parsed("17"), parsed("x").is_err());
    std::process::exit(21);
}
