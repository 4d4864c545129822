/* rampart.utils: Strings, bytes, objects, dates, hashes, random numbers. */

declare namespace Rampart {
  interface Utils {
    /** Without white space at both ends. */
    trim(text: string): string;
    /** The bytes of a Buffer as a String, taken as UTF-8. */
    bufferToString(data: BufferData): string;
    /** A new Buffer with the bytes of a String or Buffer, or of the text of another value. */
    stringToBuffer(data: any, kind?: "fixed" | "dynamic"): PlainBuffer;
    /** Two digits for each byte, lower case unless `upper` is true. */
    hexify(data: string | BufferData, upper?: boolean): string;
    dehexify(hex: string): PlainBuffer;
    /** A query string. `mode`: how Arrays are written; default "repeat". */
    objectToQuery(object: object, mode?: QueryArrays): string;
    objectToQuery(mode: QueryArrays, object: object): string;
    /** The inverse. A key without `=` is true; repeated keys and `key[]` are Arrays; `key[name]` makes an Object. */
    queryToObject(query: string): { [name: string]: any };
    getType(value: any): ValueType;
    /** Merges plain Objects into `target`, recursively, and returns it. `append`: Arrays are joined, not replaced. */
    deepCopy<T extends object>(target: T, ...sources: object[]): T & { [name: string]: any };
    deepCopy<T extends object>(append: boolean, target: T, ...sources: object[]): T & { [name: string]: any };
    /** `copyBuffers` false: Buffers are shared instead of copied. */
    deepCopy<T extends object>(
      append: boolean, copyBuffers: boolean, target: T, ...sources: object[]): T & { [name: string]: any };

    /**
     * Text of a date by a strftime format.
     *
     * @param date seconds since the epoch, a Date, or a String as for autoScanDate(); default now
     * @param zone hours from UTC, or true for local time; default UTC
     * @returns null for a String that is no date
     */
    dateFmt(format: string, date?: number | Date | "now", zone?: number | boolean): string;
    dateFmt(format: string, date: number | Date | string, zone?: number | boolean): string | null;
    /**
     * Reads a date.
     *
     * @param offset seconds east of UTC, for a text without a zone
     * @param format a strptime format; otherwise usual forms are tried
     */
    scanDate(text: string, offset?: number, format?: string): Date | null;
    scanDate(text: string, format: string, offset?: number): Date | null;
    /** Reads a date in any of many forms. */
    autoScanDate(text: string): ScannedDate | null;

    /** Not cryptographic. Hexadecimal text, or a Buffer with `returnBuffer: true`. An Array gives an Array. */
    hash(data: string | BufferData, options: HashOptions & { returnBuffer: true }): PlainBuffer;
    hash(data: string | BufferData, options?: HashOptions): string;
    hash(options: HashOptions, data: string | BufferData): any;
    hash(data: readonly (string | BufferData)[], options?: HashOptions): any[];

    /** A random Number from `min` (0) up to `max` (1), without `max`. */
    rand(max?: number): number;
    rand(min: number, max: number): number;
    /** A random integer from `min` (0) to `max` (99), both included. */
    irand(max?: number): number;
    irand(min: number, max: number): number;
    /** Calls the function with random integers until it returns false. */
    irand(min: number, max: number, callback: (value: number, index: number) => boolean | void): void;
    irand(max: number, callback: (value: number, index: number) => boolean | void): void;
    irand(callback: (value: number, index: number) => boolean | void): void;
    /** Fixes the sequence of this process, or draws a new seed from the system. */
    srand(seed?: number): void;
    /** Normal distribution with this sigma (1). */
    gaussrand(sigma?: number): number;
    /** gaussrand(1) / 5, at most 1 from zero, times `scale` (1). */
    normrand(scale?: number): number;
  }

  type QueryArrays = "repeat" | "bracket" | "comma" | "json";

  type ValueType =
    | "String" | "Array" | "Number" | "Nan" | "Function" | "Boolean" | "Buffer" | "Null" | "Undefined" | "Date"
    | "Filehandle" | "Vector" | "Symbol" | "Object";

  interface ScannedDate {
    date: Date;
    /** Seconds east of UTC that the text names, else 0. */
    offset: number;
    /** Bytes of the text that were used. */
    endIndex: number;
    /** The strptime format. */
    matchedFormat: string;
    /** For a zone abbreviation: what it may mean. */
    dates?: { [zone: string]: Date };
    ambiguous?: boolean;
  }

  interface HashOptions {
    /** Default "city128". */
    type?: "city128" | "city" | "murmur" | "both";
    /** The same as `type`. */
    function?: "city128" | "city" | "murmur" | "both";
    returnBuffer?: boolean;
  }
}
