// SPDX-License-Identifier: Apache-2.0

//! What functions of Rust give back, in all the ways that rustc knows: a line "expect NAME VALUE" for each call.

#![allow(dead_code, improper_ctypes_definitions)]

use std::hint::black_box;
use std::io;

pub struct Point {
    x: i32,
    y: i32,
}

#[derive(Clone, Copy)]
pub enum Color {
    Red,
    Blue(u8),
    Named { id: u32 },
}

pub struct Small {
    a: u16,
    b: u8,
    c: u32,
}

pub struct Word(u64);

#[repr(C)]
pub struct OnlyC(u32);

/// Two numbers, but rustc keeps them in one register: its parts are meant for C.
pub struct TwoC(OnlyC, OnlyC);

/// 16 bytes, but no pair: one of its parts has an alignment of its own, of which nothing tells.
pub struct Apart(i16, Aligned);

#[repr(align(8))]
pub struct Aligned(i32);

pub trait Shape {
    fn area(&self) -> i32;
}

impl Shape for Point {
    fn area(&self) -> i32 {
        self.x * self.y
    }
}

macro_rules! functions {
    ($($name:ident($n:ident) -> $type:ty $body:block)*) => {
        $(#[inline(never)] fn $name($n: i32) -> $type $body)*
    };
}

functions! {
    number(n) -> i32 { n + 1 }
    byte(n) -> u8 { n as u8 }
    truth(n) -> bool { n > 3 }
    letter(n) -> char { if n > 3 { 'ä' } else { 'b' } }
    real(n) -> f64 { n as f64 }
    nothing(n) -> () { println!("{n}"); }
    text(n) -> &'static str { if n > 3 { "more" } else { "less" } }
    maybe_text(n) -> Option<&'static str> { if n > 3 { Some("more") } else { None } }
    maybe_size(n) -> Option<usize> { if n > 3 { Some(n as usize) } else { None } }
    maybe_number(n) -> Option<u32> { if n > 3 { Some(n as u32) } else { None } }
    maybe_byte(n) -> Option<u8> { if n > 3 { Some(n as u8) } else { None } }
    maybe_boxed(n) -> Option<Box<i32>> { if n > 3 { Some(Box::new(n)) } else { None } }
    maybe_real(n) -> Option<f64> { if n > 3 { Some(n as f64) } else { None } }
    pair(n) -> (u32, u64) { (n as u32, 7) }
    halves(n) -> (u32, u32) { (n as u32, 7) }
    point(n) -> Point { Point { x: n, y: 7 } }
    small(n) -> Small { Small { a: n as u16, b: 3, c: 9 } }
    word(n) -> Word { Word(n as u64) }
    two_of_c(n) -> TwoC { TwoC(OnlyC(n as u32), OnlyC(5)) }
    apart(n) -> Apart { black_box(n); Apart(50, Aligned(n)) }
    bytes(n) -> [u8; 3] { [n as u8, 2, 3] }
    huge(n) -> u128 { (n as u128) << 70 }
    huge_below(n) -> i128 { -((n as i128) << 80) }
    numbers(n) -> [u64; 2] { [n as u64, 2] }
    reals(n) -> [f32; 3] { [n as f32, 2.0, 3.5] }
    color(n) -> Color { if n > 3 { Color::Named { id: n as u32 } } else { Color::Blue(2) } }
    mixed(n) -> Result<u8, u32> { if n > 3 { Ok(n as u8) } else { Err(n as u32) } }
    named(n) -> Result<String, io::Error> { if n > 3 { Ok(format!("n{n}")) } else { Err(io::Error::other("no")) } }
    done(n) -> Result<(), io::Error> { if n > 3 { Ok(()) } else { Err(io::Error::other("no")) } }
    list(n) -> Vec<i32> { vec![n, 2] }
    object(n) -> Box<dyn Shape> { Box::new(Point { x: n, y: 2 }) }
    ignored(n) -> i32 { println!("{n}"); n * 3 }
    half_ignored(n) -> (u64, u64) { println!("{n}"); (n as u64 * 3, 4) }
    passed_on(n) -> &'static str { text(n) }
}

#[inline(never)]
fn constant() -> u32 {
    42
}

#[inline(never)]
fn never(n: i32) -> ! {
    std::process::exit(n - n)
}

/// In one register, as C has it: nothing tells that from Rust's own way, in which it would be in two.
#[inline(never)]
extern "C" fn for_c(n: i32) -> Point {
    Point { x: n, y: 3 }
}

macro_rules! check {
    ($($name:ident = $value:expr;)*) => {
        $(let _ = black_box($name(black_box(4))); println!("expect {} {}", stringify!($name), $value);)*
    };
}

fn main() {
    let unknown = "<Rust's own calling convention>";
    check! {
        number = 5;
        byte = 4;
        truth = true;
        letter = "'ä'";
        real = "<in xmm0>";
        text = "\"more\"";
        maybe_text = "Some(\"more\")";
        maybe_size = "Some(4)";
        maybe_number = "Some(4)";
        maybe_byte = "Some(4)";
        maybe_boxed = "Some([4])";
        maybe_real = unknown;
        pair = "{__0=4, __1=7}";
        halves = "{__0=4, __1=7}";
        point = "{x=4, y=7}";
        small = "{a=4, b=3, c=9}";
        word = "{__0=4}";
        two_of_c = unknown;
        apart = unknown;
        bytes = "[4, 2, 3]";
        huge = 4u128 << 70;
        huge_below = -(4i128 << 80);
        numbers = "[4, 2]";
        reals = "[4, 2, 3.5]";
        color = "Named{id=4}";
        mixed = "Ok(4)";
        named = "Ok(\"n4\")";
        done = "Ok(())";
        list = "[4, 2]";
        passed_on = "\"more\"";
        for_c = unknown;
    }
    let made = object(black_box(4));
    println!("expect object results::Point(at {:?})", &*made as *const dyn Shape as *const ());
    nothing(4);
    ignored(black_box(4));
    println!("expect ignored 12");
    black_box(half_ignored(black_box(4)).1);
    println!("expect half_ignored {{__0=12, __1=4}}");
    black_box(constant());
    println!("expect constant 42");
    never(black_box(4));
}
