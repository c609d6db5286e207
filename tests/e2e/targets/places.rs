// SPDX-License-Identifier: Apache-2.0

//! Functions of Rust, which print what they were passed.

struct Shelf {
    count: u32,
}

impl Shelf {
    #[inline(never)]
    fn take(&self, spare: u32, number: u64) -> u64 {
        let _ = spare;
        println!("take count={} number={}", self.count, number);
        number * 2
    }
}

#[inline(never)]
fn plain(number: u32, flag: bool) -> u32 {
    println!("plain number={} flag={}", number, flag);
    number + 1
}

fn main() {
    let start = std::env::args().count() as u32;
    for i in 0..3u32 {
        let shelf = Shelf { count: i + start };
        shelf.take(i * 3, u64::from(i) * 5);
        plain(i * 7, i % 2 == 0);
    }
}
