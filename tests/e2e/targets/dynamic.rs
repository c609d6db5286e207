// SPDX-License-Identifier: Apache-2.0

//! Trait objects of Rust: a tracer must tell of which type what they point to is, and where.

use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;

pub trait Shape {
    fn area(&self) -> u32;
}

pub struct Square {
    side: u32,
}

pub struct Named<T> {
    area: u32,
    name: T,
}

pub struct Nothing;

impl Shape for Square {
    fn area(&self) -> u32 {
        self.side * self.side
    }
}

impl Shape for Named<String> {
    fn area(&self) -> u32 {
        self.area + self.name.len() as u32
    }
}

impl Shape for Nothing {
    fn area(&self) -> u32 {
        0
    }
}

pub struct Holder<'a> {
    owned: Box<dyn Shape>,
    number: u32,
    borrowed: Option<&'a dyn Shape>,
    call: &'a dyn Fn(u32) -> u32,
}

#[inline(never)]
#[no_mangle]
pub fn show(shape: &dyn Shape, more: u32) -> u32 {
    let all = black_box((shape, more));
    all.0.area() + all.1
}

#[inline(never)]
#[no_mangle]
pub fn holder(holder: &Holder) -> u32 {
    let all = black_box(holder);
    all.owned.area() + all.number + all.borrowed.map_or(0, |s| s.area()) + (all.call)(1)
}

#[inline(never)]
#[no_mangle]
pub fn list(all: &Vec<Box<dyn Shape>>, one: &Box<dyn Shape>) -> u32 {
    let all = black_box((all, one));
    all.0.iter().map(|s| s.area()).sum::<u32>() + all.1.area()
}

#[inline(never)]
#[no_mangle]
pub fn counted(one: &Rc<dyn Shape>, other: &Arc<dyn Shape>) -> u32 {
    let all = black_box((one, other));
    all.0.area() + all.1.area()
}

fn at<T: ?Sized>(shape: &T) -> *const () {
    shape as *const T as *const ()
}

/// The first word of what is counted: its counters come before the value.
fn word<T>(counted: &T) -> usize {
    unsafe { *(counted as *const T as *const usize) }
}

fn main() {
    let n = std::env::args().count() as u32 + 40;
    let square = Square { side: n };
    let named = Named { area: n, name: "abc".to_string() };
    let got = show(&square, 1);
    println!("expect show(shape=dynamic::Square(at {:?}), more=1) = {got}", at(&square));
    let got = show(&named, 2);
    println!("expect show(shape=dynamic::Named<alloc::string::String>(at {:?}), more=2) = {got}", at(&named));
    let add = |more: u32| more + n;
    let all = Holder { owned: Box::new(Nothing), number: n, borrowed: Some(&named), call: &add };
    let got = holder(&all);
    println!(
        "expect holder(holder={{owned=dynamic::Nothing(at 0x1), number={n}, \
         borrowed=Some(dynamic::Named<alloc::string::String>(at {:?})), \
         call=dynamic::main::{{closure_env#0}}(at {:?})}}) = {got}",
        at(&named),
        at(&add)
    );
    let all = Holder { owned: Box::new(Square { side: 2 }), number: n, borrowed: None, call: &add };
    let got = holder(&all);
    println!(
        "expect holder(holder={{owned=dynamic::Square(at {:?}), number={n}, borrowed=None, \
         call=dynamic::main::{{closure_env#0}}(at {:?})}}) = {got}",
        at(&*all.owned),
        at(&add)
    );
    let shapes: Vec<Box<dyn Shape>> = vec![Box::new(Square { side: 3 }), Box::new(Nothing)];
    let got = list(&shapes, &all.owned);
    println!(
        "expect list(all=[dynamic::Square(at {:?}), dynamic::Nothing(at 0x1)], one=dynamic::Square(at {:?})) = {got}",
        at(&*shapes[0]),
        at(&*all.owned)
    );
    let one: Rc<dyn Shape> = Rc::new(Square { side: 4 });
    let other: Arc<dyn Shape> = Arc::new(Square { side: 5 });
    let got = counted(&one, &other);
    println!(
        "expect counted(one=dynamic::Square(at {:#x}), other=dynamic::Square(at {:#x})) = {got}",
        word(&one),
        word(&other)
    );
}
