// SPDX-License-Identifier: Apache-2.0

//! Functions of Rust as a debug build has them: their parameters come in ways that only rustc knows,
//! and are stored before anything else.

use std::rc::Rc;

pub struct Point {
    x: i32,
    y: i32,
}

pub struct Large {
    numbers: [u64; 5],
    name: String,
}

#[derive(Clone, Copy)]
pub enum Color {
    Red,
    Blue(u8),
    Named { id: u32 },
}

pub trait Shape {
    fn area(&self) -> i32;
}

impl Shape for Point {
    fn area(&self) -> i32 {
        self.x * self.y
    }
}

fn plain(a: i32, b: u64, c: bool, d: char, e: f64, f: i8) -> i64 {
    a as i64 + b as i64 + c as i64 + d as i64 + e as i64 + f as i64
}

fn texts(brief: &str, owned: String, borrowed: &String, list: &mut Vec<i32>) -> usize {
    list.push(3);
    brief.len() + owned.len() + borrowed.len() + list.len()
}

fn structures(pair: Point, at: &Point, tuple: (i32, u8), array: [i32; 3], large: Large) -> i32 {
    pair.x + at.y + tuple.0 + array[2] + large.numbers[4] as i32 + large.name.len() as i32
}

fn enums(color: Color, number: Option<i32>, point: Option<&Point>, result: Result<u8, String>) -> bool {
    matches!(color, Color::Blue(_)) && number.is_some() && point.is_some() && result.is_ok()
}

fn slices(some: &[u16], letters: &mut [char], words: &[&str], letter: &char) -> usize {
    letters[0] = *letter;
    some.len() + words.len()
}

#[allow(clippy::too_many_arguments)]
fn many(a: i32, b: i64, c: i8, d: u16, e: u32, f: u64, g: i32, h: &str, i: Point, j: u8) -> i64 {
    a as i64 + b + c as i64 + d as i64 + e as i64 + f as i64 + g as i64 + h.len() as i64 + i.x as i64 + j as i64
}

fn objects(shape: &dyn Shape, owned: Option<Box<dyn Shape>>, shared: Rc<Point>) -> i32 {
    shape.area() + owned.map_or(0, |s| s.area()) + shared.x
}

fn changed(mut a: i32, b: i32, mut c: u64) -> u64 {
    a = b;
    c += 1;
    c + a as u64
}

/// Its frame is made page by page, before anything is stored.
fn roomy(text: &str, at: usize) -> usize {
    let mut room = [1u8; 200000];
    room[at] = 7;
    text.len() + room[at] as usize
}

struct Account {
    id: u8,
    balance: i128,
}

fn huge(a: i128, b: u128, account: &Account, list: &[u128]) -> i128 {
    a + b as i128 + account.balance + list.len() as i128 + account.id as i128
}

fn made(x: i32) -> Point {
    Point { x, y: 2 }
}

fn generic<T: Into<u64>>(value: T, more: u64) -> u64 {
    value.into() + more
}

impl Point {
    fn moved(&mut self, by: i32) -> &Point {
        self.x += by;
        self
    }

    fn sum(self) -> i32 {
        self.x + self.y
    }
}

fn at<T: ?Sized>(shape: &T) -> *const () {
    shape as *const T as *const ()
}

fn numbers(n: i32) {
    let result = plain(-n, 2, true, 'ä', 1.5, -7);
    println!("expect unoptimised::plain(a={}, b=2, c=true, d='ä', e=<in xmm0>, f=-7) = {result}", -n);
    let result = many(1, -2, 3, 4, 5, 6, n, "eight", Point { x: 9, y: 10 }, 11);
    println!(
        "expect unoptimised::many(a=1, b=-2, c=3, d=4, e=5, f=6, g={n}, h=\"eight\", i={{x=9, y=10}}, j=11) = {result}"
    );
    let result = changed(n, 5, 7);
    println!("expect unoptimised::changed(a={n}, b=5, c=7) = {result}");
    let result = generic(n as u32, 1);
    println!("expect unoptimised::generic(value={n}, more=1) = {result}");
    let result = generic(7u8, 2);
    println!("expect unoptimised::generic(value=7, more=2) = {result}");
}

fn compounds(n: i32) {
    let point = Point { x: n, y: 4 };
    let result = texts("brief", "owned".to_string(), &"borrowed".to_string(), &mut vec![1, n]);
    println!(
        "expect unoptimised::texts(brief=\"brief\", owned=\"owned\", borrowed=\"borrowed\", list=[1, {n}]) = {result}"
    );
    let large = Large { numbers: [1, 2, 3, 4, 5], name: "large".to_string() };
    let result = structures(Point { x: 1, y: n }, &point, (5, 6), [7, 8, n], large);
    println!(
        "expect unoptimised::structures(pair={{x=1, y={n}}}, at={{x={n}, y=4}}, tuple={{__0=5, __1=6}}, \
         array=[7, 8, {n}], large={{numbers=[1, 2, 3, 4, 5], name=\"large\"}}) = {result}"
    );
    let result = enums(Color::Blue(3), Some(n), Some(&point), Ok(9));
    println!("expect unoptimised::enums(color=Blue(3), number=Some({n}), point=Some({{x={n}, y=4}}), result=Ok(9)) = {result}");
    let result = enums(Color::Named { id: 4 }, None, None, Err("no".to_string()));
    println!("expect unoptimised::enums(color=Named{{id=4}}, number=None, point=None, result=Err(\"no\")) = {result}");
    let result = enums(Color::Red, Some(-1), None, Ok(0));
    println!("expect unoptimised::enums(color=Red, number=Some(-1), point=None, result=Ok(0)) = {result}");
    let result = slices(&[1, 2], &mut ['a', 'b'], &["x", "yy"], &'q');
    println!(
        "expect unoptimised::slices(some=[1, 2], letters=['a', 'b'], words=[\"x\", \"yy\"], letter=['q']) = {result}"
    );
}

fn main() {
    let n = std::env::args().count() as i32 + 40;
    numbers(n);
    compounds(n);
    let mut point = Point { x: n, y: 4 };
    let owned: Box<dyn Shape> = Box::new(Point { x: 2, y: 3 });
    let (one, other) = (at(&point), at(&*owned));
    let result = objects(&point, Some(owned), Rc::new(Point { x: 8, y: 9 }));
    println!(
        "expect unoptimised::objects(shape=unoptimised::Point(at {one:?}), owned=Some(unoptimised::Point(at {other:?})), \
         shared={{x=8, y=9}}) = {result}"
    );
    let result = roomy("text", n as usize);
    let unknown = "<Rust's own calling convention>";
    println!("expect unoptimised::roomy(text={unknown}, at={unknown}) = {result}");
    let (below, above) = (-(n as i128) << 100, u128::MAX - n as u128);
    let result = huge(below, n as u128, &Account { id: 3, balance: below }, &[1, above]);
    println!(
        "expect unoptimised::huge(a={below}, b={n}, account={{id=3, balance={below}}}, list=[1, {above}]) = {result}"
    );
    let result = made(n);
    println!("expect unoptimised::made(x={n}) = {{x={}, y=2}}", result.x);
    let result = point.moved(1).x;
    println!("expect unoptimised::Point::moved(self={{x={n}, y=4}}, by=1) = {{x={result}, y=4}}");
    let result = point.sum();
    println!("expect unoptimised::Point::sum(self={{x={}, y=4}}) = {result}", n + 1);
}
