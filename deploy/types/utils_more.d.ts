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

    /** Counts distinct values. */
    hll: new (name: string, data?: BufferData, ...others: any[]) => DistinctCounter;
    /** Time zones of the system. */
    timezone: { new (folder?: string): TimeZones; (folder?: string): TimeZones };
    /** English numbers: "two dozen" is 24. */
    stringToNumber(text: string, asObject?: false): number;
    stringToNumber(text: string, asObject: true): ReadNumber;
    /** JavaScript without comments and space. */
    minify(source: string): string;
    /** How stack traces look: without internal frames, and with that many lines of source. */
    errorConfig(options: { simple?: boolean; lines?: number }): void;
    errorConfig(simple: boolean, lines?: number): void;
    /** The variables in sight, or one of them. */
    getScopeVars(name?: string): any;
    /** Gets the messages of the event library. */
    eventCallback(callback: (level: number, message: string) => void): void;
    repl(...values: any[]): any;
    hashFile(path: string, options?: HashOptions): any;
    /** The text of `%!J`. */
    toJsonSafe(value: any): string;
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

  interface DistinctCounter {
    add(value: any): any;
    addFile(file: string, delimiter?: string): any;
    count(): number;
    merge(...others: any[]): any;
    getBuffer(): PlainBuffer;
  }

  interface TimeZones {
    findZone(name: string): any;
    findAbbr(abbreviation: string): any;
    dump(): any;
  }
}
