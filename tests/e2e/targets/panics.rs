// SPDX-License-Identifier: Apache-2.0

//! Panics through traced functions, and what is done once they are caught: a system call, from further
//! down the stack than the functions were that the panic has left.

use std::hint::black_box;
use std::panic;
use std::sync::atomic::{AtomicU64, Ordering};

extern "C" {
    fn getppid() -> i32;
}

static CALLS: [AtomicU64; 3] = [AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0)];
static CAUGHT: AtomicU64 = AtomicU64::new(0);

#[inline(never)]
fn pay(amount: u64) -> u64 {
    // Not at the very beginning, where the kernel would refuse to have a locked instruction probed.
    let is_odd = black_box(amount) % 2 == 1;
    CALLS[2].fetch_add(1, Ordering::Relaxed);
    if is_odd {
        panic!("odd amount");
    }
    amount / 2
}

#[inline(never)]
fn through(amount: u64) -> u64 {
    CALLS[1].fetch_add(1, Ordering::Relaxed);
    let kept = vec![amount; 3];
    pay(amount) + kept.len() as u64
}

#[inline(never)]
fn afterwards() -> i32 {
    let room = black_box([7u8; 4000]);
    // SAFETY: it takes and changes nothing.
    black_box(room[12] as i32 + unsafe { getppid() })
}

#[inline(never)]
fn catcher(amount: u64) -> u64 {
    CALLS[0].fetch_add(1, Ordering::Relaxed);
    match panic::catch_unwind(|| through(black_box(amount))) {
        Ok(value) => value,
        Err(_) => {
            CAUGHT.fetch_add(1, Ordering::Relaxed);
            black_box(afterwards()) as u64
        }
    }
}

fn main() {
    panic::set_hook(Box::new(|_| {}));
    println!("ready {}", std::process::id());
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    for amount in 0..20 {
        black_box(catcher(amount));
    }
    for (name, calls) in ["catcher", "through", "pay"].iter().zip(&CALLS) {
        println!("count {} {}", name, calls.load(Ordering::Relaxed));
    }
    println!("count caught {}", CAUGHT.load(Ordering::Relaxed));
}
