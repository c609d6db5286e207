// SPDX-License-Identifier: Apache-2.0

//! Types of Rust that have another value, and what a tracer must show of them, letter by letter.

#![allow(dead_code)]

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BinaryHeap, LinkedList};
use std::ffi::{CStr, CString, OsStr, OsString};
use std::hint::black_box;
use std::num::{NonZeroU16, NonZeroU8, Wrapping};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

pub struct Point {
    x: i32,
    y: i32,
}

/// Have names of std, and are none of them.
pub mod own {
    pub struct Duration {
        pub secs: u8,
    }
    pub struct PathBuf {
        pub inner: u32,
    }
    pub struct Mutex<T> {
        pub data: T,
        pub users: u8,
    }
}

pub struct All {
    count: AtomicU32,
    at: Rc<RefCell<Point>>,
    name: PathBuf,
    wait: Option<Duration>,
    last: Cell<u8>,
}

#[inline(never)]
#[no_mangle]
pub fn cells(one: &Cell<i32>, two: &RefCell<Point>, three: &OnceCell<u16>, four: &RefCell<String>) -> i32 {
    let all = black_box((one, two, three, four));
    all.0.get() + all.1.borrow().x + all.2.get().is_some() as i32 + all.3.borrow().len() as i32
}

#[inline(never)]
#[no_mangle]
pub fn locks(one: &Mutex<Point>, two: &RwLock<String>, three: &Arc<Mutex<Vec<i32>>>) -> i32 {
    let all = black_box((one, two, three));
    all.0.lock().unwrap().y + all.1.read().unwrap().len() as i32 + all.2.lock().unwrap()[0]
}

#[inline(never)]
#[no_mangle]
pub fn numbers(one: &AtomicU32, two: &AtomicBool, three: &AtomicI64, four: &NonZeroU16, five: &Option<NonZeroU8>, six: &Wrapping<i32>) -> usize {
    let all = black_box((one, two, three, four, five, six));
    all.4.map_or(0, |n| n.get() as usize) + all.3.get() as usize
}

#[inline(never)]
#[no_mangle]
pub fn texts(path: &Path, owned: &PathBuf, os: &OsStr, boxed: &Box<str>) -> usize {
    let all = black_box((path, owned, os, boxed));
    all.3.len()
}

#[inline(never)]
#[no_mangle]
pub fn more(os: &OsString, c: &CStr, owned: &CString, all: &Vec<PathBuf>) -> usize {
    let all = black_box((os, c, owned, all));
    all.3.len()
}

#[inline(never)]
#[no_mangle]
pub fn times(one: &Duration, two: &Option<Duration>, three: &Instant) -> u64 {
    let all = black_box((one, two, three));
    all.0.as_secs() + all.1.map_or(0, |d| d.as_secs())
}

#[inline(never)]
#[no_mangle]
pub fn shared(one: &Rc<Point>, two: &Arc<String>, three: &Vec<Rc<Cell<i32>>>, four: &Option<Rc<RefCell<u8>>>) -> usize {
    let all = black_box((one, two, three, four));
    all.1.len() + all.2.len()
}

#[inline(never)]
#[no_mangle]
pub fn counted(text: &Rc<str>, other: &Arc<str>, list: &Rc<[i32]>, bytes: &Arc<[[u8; 2]]>) -> usize {
    let all = black_box((text, other, list, bytes));
    all.0.len() + all.1.len() + all.2.len() + all.3.len()
}

#[inline(never)]
#[no_mangle]
pub fn lists(boxed: &Box<[i32]>, heap: &BinaryHeap<i32>, list: &LinkedList<u8>) -> usize {
    let all = black_box((boxed, heap, list));
    all.0.len() + all.1.len() + all.2.len()
}

#[inline(never)]
#[no_mangle]
pub fn every(all: &All) -> u8 {
    black_box(all).last.get()
}

#[inline(never)]
#[no_mangle]
pub fn others(one: &own::Duration, two: &own::PathBuf, three: &own::Mutex<i32>) -> u8 {
    let all = black_box((one, two, three));
    all.0.secs + all.1.inner as u8 + all.2.data as u8
}

fn values(n: i32) {
    let once = OnceCell::new();
    let _ = once.set(7);
    let got = cells(&Cell::new(n), &RefCell::new(Point { x: n, y: 2 }), &once, &RefCell::new("in it".to_string()));
    println!("expect cells(one={n}, two={{x={n}, y=2}}, three=Some(7), four=\"in it\") = {got}");
    let got = locks(&Mutex::new(Point { x: 1, y: n }), &RwLock::new("text".to_string()), &Arc::new(Mutex::new(vec![3, n])));
    println!("expect locks(one={{x=1, y={n}}}, two=\"text\", three=[3, {n}]) = {got}");
    let got = numbers(&AtomicU32::new(n as u32), &AtomicBool::new(true), &AtomicI64::new(-5), &NonZeroU16::new(6).unwrap(), &None, &Wrapping(n));
    println!("expect numbers(one={n}, two=true, three=-5, four=6, five=None, six={n}) = {got}");
    let now = Instant::now();
    let got = times(&Duration::from_millis(1500), &Some(Duration::new(n as u64, 7)), &now);
    let now = format!("{now:?}").replace("Instant { ", "{").replace(" }", "}").replace(": ", "=");
    println!("expect times(one={{secs=1, nanos=500000000}}, two=Some({{secs={n}, nanos=7}}), three={now}) = {got}");
}

fn main() {
    let n = std::env::args().count() as i32 + 40;
    values(n);
    let got = texts(Path::new("/a/path"), &PathBuf::from("/own"), OsStr::new("os"), &"boxed".into());
    println!("expect texts(path=\"/a/path\", owned=\"/own\", os=\"os\", boxed=\"boxed\") = {got}");
    let owned = CString::new("own C").unwrap();
    let got = more(&OsString::from("os"), &CString::new("C").unwrap(), &owned, &vec!["/p".into(), "q".into()]);
    println!("expect more(os=\"os\", c=\"C\", owned=\"own C\", all=[\"/p\", \"q\"]) = {got}");
    let got = shared(&Rc::new(Point { x: n, y: 9 }), &Arc::new("arc".to_string()), &vec![Rc::new(Cell::new(n)), Rc::new(Cell::new(2))], &Some(Rc::new(RefCell::new(8))));
    println!("expect shared(one={{x={n}, y=9}}, two=\"arc\", three=[{n}, 2], four=Some(8)) = {got}");
    let got = lists(&vec![1, n].into(), &[n, 3].into_iter().collect(), &[1, 2, 3].into_iter().collect());
    println!("expect lists(boxed=[1, {n}], heap=[{n}, 3], list=<LinkedList of 3>) = {got}");
    let got = counted(&"counted".into(), &"".into(), &[1, n].into(), &[[7u8, 8], [9, 10]].into());
    println!("expect counted(text=\"counted\", other=\"\", list=[1, {n}], bytes=[[7, 8], [9, 10]]) = {got}");
    let all = All {
        count: AtomicU32::new(3),
        at: Rc::new(RefCell::new(Point { x: 4, y: n })),
        name: "/the/name".into(),
        wait: Some(Duration::from_secs(n as u64)),
        last: Cell::new(6),
    };
    let got = every(&all);
    println!("expect every(all={{count=3, at={{x=4, y={n}}}, name=\"/the/name\", wait=Some({{secs={n}, nanos=0}}), last=6}}) = {got}");
    let got = others(&own::Duration { secs: 1 }, &own::PathBuf { inner: 2 }, &own::Mutex { data: 3, users: 4 });
    println!("expect others(one={{secs=1}}, two={{inner=2}}, three={{data=3, users=4}}) = {got}");
}
