// TypeScript: what each part of it gives when it runs (tests/sites/test_language_cases.py has the values).
import plain, { named } from "./module.js";
import * as all from "./module.js";
import required = require("./module.js");
import type { Missing } from "./nowhere";

enum Level { Low, Mid = 5, High, Text = "t" }
enum Computed { A = "abc".length, B = 1 << 2 }
const enum Inline { A = 1, B = A << 3 }
namespace Outer { export const x = 1; export namespace Inner { export function f() { return x + 1 } } }
namespace Outer { export const y = Inner.f() + 1 }
declare const nowhere: Missing;
abstract class Shape { abstract area(): number; describe(this: Shape) { return `${this.constructor.name} ${this.area()}` } }
class Square extends Shape { constructor(readonly side: number, private tag?: string) { super() } area() { return this.side ** 2 } }
class Field { declared: number; given = 1; optional?: string; static #count = 0; static make() { return ++Field.#count } }
function overload(a: string): string; function overload(a: number): number; function overload(a: any) { return a }
const log: string[] = [];
function seen(name: string) { return (target: any, key?: string) => { log.push(`${name} ${key ?? target.name}`) } }
@seen("class") class Decorated { @seen("method") method() {} @seen("field") field = 1; get value() { return this.field } }
function generic<T extends { length: number }, K = string>(value: T, ...rest: K[]): [number, number] { return [value.length, rest.length] }
type Tuple = readonly [first: string, second?: number];
const tuple = ["a", 1] as const as unknown as Tuple;
let definite!: number;
definite = 1;
const object = { a: 1, m<T>(x: T): T { return x } } as { a: number; m<T>(x: T): T; b?: { c: number } };
export interface Exported { a: number }
export type { Exported as Renamed };
export const results = {
  imports: [plain(), named, all.named, required.named, all.default === plain],
  enums: [Level.Low, Level.High, Level[5], Level.Text, Computed.A, Inline.B],
  namespaces: [Outer.x, Outer.y, Outer.Inner.f()],
  classes: [new Square(3, "t").describe(), Object.keys(new Field()), Field.make(), Field.make()],
  overloads: [overload(1), overload("a")],
  decorators: [log, new Decorated().value],
  generics: generic([1, 2], "a", "b", "c"),
  expressions: [tuple[0], <any>object.b?.c ?? 5, object.m<string>("x")!, definite, (object as any).a],
  texts: [String(overload), String(Square.prototype.area)],
};
