/* What the engine has beside the standard libraries of rampart.d.ts. */

/** The global object. */
declare const global: typeof globalThis;

/** Runs a function after the current code, before any timer. */
declare function queueMicrotask(callback: () => void): void;

/**
 * A deep copy: plain objects, Arrays, Dates, Maps, Sets, RegExps, Buffers, Errors, with their references to each other.
 * Functions and symbols throw an error with the name DataCloneError.
 */
declare function structuredClone<T>(value: T, options?: object): T;

/** Also takes a Buffer, as the text that it holds. */
declare function parseInt(text: Rampart.BufferData, radix?: number): number;

interface JSON {
  /**
   * Also takes a Buffer (UTF-8). With `true` as reviver, objects of the form `{"_cyclic_ref": "$.a"}` become references
   * to that place, which undoes `sprintf("%!J", value)`.
   */
  parse(text: string | Rampart.BufferData, reviver?: true | ((this: any, key: string, value: any) => any)): any;
}

interface ObjectConstructor {
  /** Sorts the items into Arrays by the key that the callback returns. */
  groupBy<T>(items: Iterable<T>, callback: (item: T, index: number) => PropertyKey): { [key: string]: T[] };
}

interface ErrorConstructor {
  /** Gives an object a `stack` of where this is called. The second argument is ignored. */
  captureStackTrace(object: object, above?: Function): void;
}

interface PromiseConstructor {
  /** A Promise and the functions that settle it. */
  withResolvers<T>(): {
    promise: Promise<T>;
    resolve: (value: T | PromiseLike<T>) => void;
    reject: (reason?: any) => void;
  };
}

interface Array<T> {
  /** A copy in the opposite order. */
  toReversed(): T[];
  /** A sorted copy. */
  toSorted(compare?: (a: T, b: T) => number): T[];
  /** A copy without `count` items from `start` on, and with others in their place. */
  toSpliced(start: number, count?: number, ...items: T[]): T[];
  /** A copy with another item at the index. */
  with(index: number, value: T): T[];
  /** The last item for which the callback returns something true. */
  findLast(callback: (value: T, index: number, array: T[]) => unknown, thisArg?: any): T | undefined;
  findLastIndex(callback: (value: T, index: number, array: T[]) => unknown, thisArg?: any): number;
}

interface ReadonlyArray<T> {
  toReversed(): T[];
  toSorted(compare?: (a: T, b: T) => number): T[];
  toSpliced(start: number, count?: number, ...items: T[]): T[];
  with(index: number, value: T): T[];
  findLast(callback: (value: T, index: number, array: readonly T[]) => unknown, thisArg?: any): T | undefined;
  findLastIndex(callback: (value: T, index: number, array: readonly T[]) => unknown, thisArg?: any): number;
}

interface RegExp {
  /** Whether the flag `d` is set: results have `indices`. */
  readonly hasIndices: boolean;
}

interface RegExpExecArray {
  /** First and last + 1 index of the match and of each capture, with the flag `d`. */
  indices?: Array<[number, number] | undefined> & { groups?: { [name: string]: [number, number] | undefined } };
}

/** The exchange format of events: RFC 8949. */
declare const CBOR: {
  encode(value: any): Rampart.PlainBuffer;
  decode(data: Rampart.BufferData): any;
};

declare const performance: {
  /** Milliseconds, fractional and monotonic. */
  now(): number;
};

/** The script engine itself. */
declare const Duktape: {
  readonly version: number;
  readonly env: string;
  enc(format: "hex" | "base64" | "jx" | "jc", value: any, replacer?: any, space?: any): string;
  dec(format: "hex" | "base64" | "jx" | "jc", value: any): any;
  info(value: any): any;
  act(depth: number): any;
  gc(flags?: number): boolean;
  compact<T>(object: T): T;
  fin(object: object, finalizer?: (object: any, heapDestruct: boolean) => void): any;
  Thread: any;
  Pointer: any;
  [name: string]: any;
};

declare class TextEncoder {
  readonly encoding: string;
  encode(text?: string): Uint8Array;
}

declare class TextDecoder {
  /** "utf-8" (default), "utf-16le", "utf-16be", "iso-8859-1", "us-ascii" and their other names. */
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(data?: Rampart.BufferData, options?: { stream?: boolean }): string;
}
