/* rampart.utils: compression, zip files, URLs, and the rest. */

declare namespace Rampart {
  interface Utils {
    /** Modules by name: `use.redis` is `require("rampart-redis")`. */
    readonly use: ModuleShortcuts;
    /** The same, and a global of that name is set. */
    readonly load: ModuleShortcuts;

    /** Level 1 to 12, default 6. */
    gzip(data: string | BufferData, level?: number): PlainBuffer;
    deflate(data: string | BufferData, level?: number): PlainBuffer;
    deflateRaw(data: string | BufferData, level?: number): PlainBuffer;
    gunzip(data: BufferData): PlainBuffer;
    inflate(data: BufferData): PlainBuffer;
    inflateRaw(data: BufferData): PlainBuffer;
    /** `seed`: the value so far, to go on. */
    crc32(data: string | BufferData, seed?: number): number;
    adler32(data: string | BufferData, seed?: number): number;

    zipList(zip: string | BufferData): { [name: string]: ZipEntry };
    zipGet(zip: string | BufferData, name: string): PlainBuffer;
    /** Returns the number of entries written. A name that ends in `/` stands for a folder. */
    zipExtract(zip: string | BufferData, target: string, names?: readonly string[]): number;

    /** The parts of a URL, or undefined. */
    urlComponents(url: string, base?: string): UrlComponents | undefined;
    absUrl(base: string, relative: string, asComponents?: false): string | undefined;
    absUrl(base: string, relative: string, asComponents: true): UrlComponents | undefined;
    absUrl(base: string, relative: readonly string[], asComponents?: boolean): any[];
    /** International domain names. */
    toASCII(domain: string): string;
    toUnicode(domain: string): string;

    /** Estimates how many distinct values were added. Counters of one name are one within a process. */
    hll: new (name: string, data?: BufferData | DistinctCounter, ...others: DistinctCounter[]) => DistinctCounter;
    /** Time zones, from the zoneinfo files of the system or of a folder. */
    timezone: { new (folder?: string): TimeZones; (folder?: string): TimeZones };
    /** English numbers: "two dozen" is 24. NaN for a text that does not begin with one. */
    stringToNumber(text: string, asObject?: false): number;
    stringToNumber(text: string, asObject: true): ReadNumber;
    /** JavaScript without comments and space, with short names for local variables. */
    minify(source: string): string;
    /**
     * How stack traces look: without the engine's frames (`simple`, the default), and with that many lines of source
     * (made odd, at most 99), of which `->` marks the failing one. In this process, and in workers that are started
     * later.
     */
    errorConfig(options: { simple?: boolean; lines?: number }): void;
    errorConfig(simple: boolean, lines?: number): void;
    /** The variables that the calling function sees, or one of them. */
    getScopeVars(): ScopeVariables;
    getScopeVars(name: string): { value: any; scope: "local" | "closure" | "with" | "global" } | undefined;
    /** Gets the messages of the event library, which go to stderr otherwise; null: again. Level 2 warns, 3 fails. */
    eventCallback(callback?: ((level: number, message: string) => void) | null): void;
    /** Not available: throws. */
    repl(...values: any[]): any;
    hashFile(path: string, options?: HashOptions): any;
    /** The text of `%!J`. */
    toJsonSafe(value: any): string;
    /** Not available: throws. */
    wordReplace(...values: any[]): any;
  }

  interface ReadNumber {
    value: number;
    op?: string;
    rem: string;
    min?: number;
    max?: number;
  }

  interface ZipEntry {
    size: number;
    compressedSize: number;
    method: number | string;
    crc32: number;
    mode: number;
    mtime: Date;
    isFile: boolean;
    [name: string]: any;
  }

  interface UrlComponents {
    protocol: string;
    username: string;
    password: string;
    host: string;
    hostname: string;
    port: string;
    /** Also the default of the scheme; null if there is none. */
    numericPort: number | null;
    pathname: string;
    search: string;
    hash: string;
    href: string;
    origin: string;
    hostUnicode: string;
  }

  type Countable = string | BufferData | number | boolean;

  interface DistinctCounter {
    add(value: Countable | readonly Countable[]): DistinctCounter;
    /** Every line of the file is a value. */
    addFile(file: string | FileHandle, delimiter?: string): DistinctCounter;
    count(): number;
    merge(...others: DistinctCounter[]): DistinctCounter;
    /** 16384 bytes, for a later `new rampart.utils.hll(name, buffer)`. */
    getBuffer(): PlainBuffer;
  }

  interface ScopeVariables {
    local: { [name: string]: any };
    closure: { [name: string]: any };
    with: { [name: string]: any };
    global: any;
    /** All of them in one object, where inner variables hide outer ones. */
    collapse(): { [name: string]: any };
  }

  interface TimeZones {
    /** "Europe/Vienna", or undefined when there is none of that name. */
    findZone(name: string): TimeZone | undefined;
    /** "CET" in capitals or not, or undefined. `ambiguous`: not all of its zones have the same offset. */
    findAbbr(abbreviation: string): { ambiguous: boolean; entries: ZoneAbbreviation[] } | undefined;
    /** Every zone by its name. */
    dump(): { [name: string]: TimeZone };
  }

  interface TimeZone {
    name: string;
    /** Offsets in seconds, east of UTC positive. */
    abbreviations: { Abbreviation: string; UTCOffset: number; isDST: boolean }[];
    /** `time` in seconds since 1970; what begins then as an index of `abbreviations`. */
    transitions: { time: number; abbrIndex: number }[];
  }

  interface ZoneAbbreviation {
    offset: number;
    /** "-08:00" */
    offsetString: string;
    zoneName: string;
    zoneAbbrIndex: number;
  }
}
