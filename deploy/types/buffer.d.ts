/* Buffer: a Uint8Array with text encodings and number accessors up to 32 bits. */

declare namespace Rampart {
  /** Any case, with or without dashes. */
  type Encoding =
    | "utf8" | "utf-8" | "hex" | "base64" | "base64url" | "latin1" | "binary" | "ascii"
    | "utf16le" | "utf-16le" | "ucs2" | "ucs-2";
}

declare const Buffer: BufferConstructor;

interface BufferConstructor {
  readonly prototype: Buffer;
  /** Number of bytes (zeros), the text of a String, or a copy of bytes. */
  new (source: number | string | Rampart.BufferData | readonly number[], encoding?: Rampart.Encoding): Buffer;
  from(text: string, encoding?: Rampart.Encoding): Buffer;
  from(data: Rampart.BufferData | readonly number[]): Buffer;
  /** `size` bytes: zeros, or `fill` repeated. */
  alloc(size: number, fill?: number | string | Rampart.BufferData): Buffer;
  allocUnsafe(size: number): Buffer;
  allocUnsafeSlow(size: number): Buffer;
  concat(list: readonly Rampart.BufferData[], totalLength?: number): Buffer;
  isBuffer(value: any): value is Buffer;
  isEncoding(name: string): boolean;
  byteLength(value: string | Rampart.BufferData, encoding?: Rampart.Encoding): number;
  /** Order by bytes: -1, 0 or 1. */
  compare(left: Uint8Array, right: Uint8Array): number;
  poolSize: number;
}

interface Buffer extends Uint8Array {
  toString(encoding?: Rampart.Encoding, start?: number, end?: number): string;
  toJSON(): { type: "Buffer"; data: number[] };
  /** Returns the number of bytes written. */
  write(text: string, encoding?: Rampart.Encoding): number;
  write(text: string, offset: number, encoding?: Rampart.Encoding): number;
  write(text: string, offset: number, length: number, encoding?: Rampart.Encoding): number;
  copy(target: Uint8Array, targetStart?: number, sourceStart?: number, sourceEnd?: number): number;
  equals(other: Uint8Array): boolean;
  compare(other: Uint8Array): number;
  fill(value: number | string | Uint8Array, start?: number, end?: number): this;
  slice(start?: number, end?: number): Buffer;
  subarray(start?: number, end?: number): Buffer;
  indexOf(value: number | string | Uint8Array, offset?: number, encoding?: Rampart.Encoding): number;
  lastIndexOf(value: number | string | Uint8Array, offset?: number, encoding?: Rampart.Encoding): number;
  includes(value: number | string | Uint8Array, offset?: number, encoding?: Rampart.Encoding): boolean;
  /** Reverses the bytes of each group; throws when the length does not divide. */
  swap16(): this;
  swap32(): this;
  swap64(): this;

  readUInt8(offset?: number, noAssert?: boolean): number;
  readInt8(offset?: number, noAssert?: boolean): number;
  readUInt16LE(offset?: number, noAssert?: boolean): number;
  readUInt16BE(offset?: number, noAssert?: boolean): number;
  readInt16LE(offset?: number, noAssert?: boolean): number;
  readInt16BE(offset?: number, noAssert?: boolean): number;
  readUInt32LE(offset?: number, noAssert?: boolean): number;
  readUInt32BE(offset?: number, noAssert?: boolean): number;
  readInt32LE(offset?: number, noAssert?: boolean): number;
  readInt32BE(offset?: number, noAssert?: boolean): number;
  readFloatLE(offset?: number, noAssert?: boolean): number;
  readFloatBE(offset?: number, noAssert?: boolean): number;
  readDoubleLE(offset?: number, noAssert?: boolean): number;
  readDoubleBE(offset?: number, noAssert?: boolean): number;
  readUIntLE(offset: number, byteLength: number, noAssert?: boolean): number;
  readUIntBE(offset: number, byteLength: number, noAssert?: boolean): number;
  readIntLE(offset: number, byteLength: number, noAssert?: boolean): number;
  readIntBE(offset: number, byteLength: number, noAssert?: boolean): number;

  writeUInt8(value: number, offset?: number, noAssert?: boolean): number;
  writeInt8(value: number, offset?: number, noAssert?: boolean): number;
  writeUInt16LE(value: number, offset?: number, noAssert?: boolean): number;
  writeUInt16BE(value: number, offset?: number, noAssert?: boolean): number;
  writeInt16LE(value: number, offset?: number, noAssert?: boolean): number;
  writeInt16BE(value: number, offset?: number, noAssert?: boolean): number;
  writeUInt32LE(value: number, offset?: number, noAssert?: boolean): number;
  writeUInt32BE(value: number, offset?: number, noAssert?: boolean): number;
  writeInt32LE(value: number, offset?: number, noAssert?: boolean): number;
  writeInt32BE(value: number, offset?: number, noAssert?: boolean): number;
  writeFloatLE(value: number, offset?: number, noAssert?: boolean): number;
  writeFloatBE(value: number, offset?: number, noAssert?: boolean): number;
  writeDoubleLE(value: number, offset?: number, noAssert?: boolean): number;
  writeDoubleBE(value: number, offset?: number, noAssert?: boolean): number;
  writeUIntLE(value: number, offset: number, byteLength: number, noAssert?: boolean): number;
  writeUIntBE(value: number, offset: number, byteLength: number, noAssert?: boolean): number;
  writeIntLE(value: number, offset: number, byteLength: number, noAssert?: boolean): number;
  writeIntBE(value: number, offset: number, byteLength: number, noAssert?: boolean): number;
}
