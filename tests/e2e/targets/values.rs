// SPDX-License-Identifier: Apache-2.0

//! Values of Rust, and what a tracer must show of them, letter by letter. Each function uses all of
//! what it is passed: what it ignores, its callers do not pass.

use std::hint::black_box;

pub struct Point {
    x: i32,
    y: i32,
}

pub enum Shape {
    Empty,
    Circle(u64),
    Rect { width: u32, height: u32 },
    Named(String),
    Nested(Option<Point>),
}

pub struct Entry<'a> {
    name: &'a str,
    tags: Vec<u16>,
    next: Option<&'a Point>,
}

#[inline(never)]
#[no_mangle]
pub fn text(brief: &str, owned: &String, empty: &str, more: u32) -> u32 {
    let bytes = black_box((brief, owned, empty));
    (bytes.0.len() + bytes.1.len() + bytes.2.len()) as u32 + more
}

#[inline(never)]
#[no_mangle]
pub fn slices(some: &[i32], owned: &Vec<u16>, none: &Vec<Point>) -> usize {
    let all = black_box((some, owned, none));
    all.0.len() + all.1.len() + all.2.len()
}

#[inline(never)]
#[no_mangle]
pub fn options(number: &Option<u32>, niche: &Option<&Point>, owned: &Option<String>) -> u32 {
    let all = black_box((number, niche, owned));
    all.0.unwrap_or(0) + all.1.map_or(0, |p| p.x as u32) + all.2.as_ref().map_or(0, |s| s.len() as u32)
}

#[inline(never)]
#[no_mangle]
pub fn shape(shape: &Shape) -> u32 {
    match black_box(shape) {
        Shape::Empty => 0,
        Shape::Circle(radius) => *radius as u32,
        Shape::Rect { width, height } => width * height,
        Shape::Named(name) => name.len() as u32,
        Shape::Nested(point) => point.as_ref().map_or(7, |p| (p.x + p.y) as u32),
    }
}

#[inline(never)]
#[no_mangle]
pub fn entry(entry: &Entry) -> usize {
    let entry = black_box(entry);
    entry.name.len() + entry.tags.len() + entry.next.map_or(0, |p| p.y as usize)
}

pub struct Team {
    names: Vec<String>,
    best: Box<Point>,
}

#[inline(never)]
#[no_mangle]
pub fn words(owned: &Vec<String>, borrowed: &[&str], boxes: &Vec<Box<Point>>) -> usize {
    let all = black_box((owned, borrowed, boxes));
    all.0.len() + all.1.len() + all.2.len()
}

#[inline(never)]
#[no_mangle]
pub fn rows(numbers: &Vec<Vec<i32>>, maybe: &Vec<Option<String>>, words: &Option<Vec<String>>) -> usize {
    let all = black_box((numbers, maybe, words));
    all.0.len() + all.1.len() + all.2.as_ref().map_or(0, |v| v.len())
}

#[inline(never)]
#[no_mangle]
pub fn team(team: &Team) -> usize {
    let team = black_box(team);
    team.names.len() + team.best.x as usize
}

fn nested(n: i32) {
    let lengthy = "z".repeat(40);
    let got = words(&vec!["one".to_string(), String::new(), lengthy.clone()], &["a", "", &lengthy],
                    &vec![Box::new(Point { x: n, y: 2 })]);
    println!("expect words(owned=[\"one\", \"\", \"{lengthy}\"], borrowed=[\"a\", \"\", \"{lengthy}\"], boxes=[{{x={n}, y=2}}]) = {got}");
    let got = rows(&vec![vec![1, n], vec![], vec![3]], &vec![Some("s".to_string()), None], &Some(vec![lengthy.clone()]));
    println!("expect rows(numbers=[[1, {n}], [], [3]], maybe=[Some(\"s\"), None], words=Some([\"{lengthy}\"])) = {got}");
    let got = rows(&vec![], &vec![], &None);
    println!("expect rows(numbers=[], maybe=[], words=None) = {got}");
    let got = team(&Team { names: vec!["Ada".to_string(), lengthy.clone()], best: Box::new(Point { x: n, y: 5 }) });
    println!("expect team(team={{names=[\"Ada\", \"{lengthy}\"], best={{x={n}, y=5}}}}) = {got}");
}

fn main() {
    let n = std::env::args().count() as i32 + 40;
    let owned = String::from("owned \"text\"");
    let got = text("brief", &owned, "", n as u32);
    println!("expect text(brief=\"brief\", owned=\"owned \\\"text\\\"\", empty=\"\", more={n}) = {got}");
    let got = slices(&[1, -2, n], &vec![4, 5], &Vec::new());
    println!("expect slices(some=[1, -2, {n}], owned=[4, 5], none=[]) = {got}");
    let point = Point { x: n, y: 2 };
    let got = options(&Some(n as u32), &Some(&point), &Some(owned.clone()));
    println!("expect options(number=Some({n}), niche=Some({{x={n}, y=2}}), owned=Some(\"owned \\\"text\\\"\")) = {got}");
    let got = options(&None, &None, &None);
    println!("expect options(number=None, niche=None, owned=None) = {got}");
    let got = shape(&Shape::Empty);
    println!("expect shape(shape=Empty) = {got}");
    let got = shape(&Shape::Circle(n as u64));
    println!("expect shape(shape=Circle({n})) = {got}");
    let got = shape(&Shape::Rect { width: n as u32, height: 3 });
    println!("expect shape(shape=Rect{{width={n}, height=3}}) = {got}");
    let got = shape(&Shape::Named(owned.clone()));
    println!("expect shape(shape=Named(\"owned \\\"text\\\"\")) = {got}");
    let got = shape(&Shape::Nested(Some(Point { x: n, y: 1 })));
    println!("expect shape(shape=Nested(Some({{x={n}, y=1}}))) = {got}");
    let got = shape(&Shape::Nested(None));
    println!("expect shape(shape=Nested(None)) = {got}");
    let got = entry(&Entry { name: "Ada", tags: vec![7, n as u16], next: Some(&point) });
    println!("expect entry(entry={{name=\"Ada\", tags=[7, {n}], next=Some({{x={n}, y=2}})}}) = {got}");
    nested(n);
}
