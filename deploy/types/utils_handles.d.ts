/* rampart.utils: file handles and the standard streams. Each function F(handle, ...) is also a method handle.F(...). */

declare namespace Rampart {
  interface Utils {
    readonly stdin: InputHandle;
    readonly stdout: OutputHandle;
    readonly stderr: OutputHandle;
    /** The server's access log, or stdout without one. */
    readonly accessLog: OutputHandle;
    /** The server's error log, or stderr without one. */
    readonly errorLog: OutputHandle;

    /** Opens a file. `redirect`: that stream goes to the file until the handle is closed. */
    fopen(path: string, mode: "r" | "r+" | "w" | "w+" | "a" | "a+", redirect?: "stdin" | "stdout" | "stderr"): OpenFile;
    /** A handle on memory that grows. */
    fopenBuffer(chunk?: number, redirect?: "stdout" | "stderr"): MemoryFile;
    fopenBuffer(redirect: "stdout" | "stderr", chunk?: number): MemoryFile;
    /** Closing twice is fine. */
    fclose(handle: FileHandle): void;
    /** Returns the number of bytes written. A file by name is emptied first unless `append` is true. */
    fwrite(output: FileHandle | string, data: string | BufferData, max?: number, append?: boolean): number;
    fwrite(output: FileHandle | string, data: string | BufferData, append: boolean): number;
    /** Up to `max` bytes, by default up to the end; a String when a `true` comes last. */
    fread(input: FileHandle | string, asString: true): string;
    fread(input: FileHandle | string, max: number, asString: true): string;
    fread(input: FileHandle | string, max: number, chunk: number, asString: true): string;
    fread(input: FileHandle | string, max?: number, chunk?: number, asString?: false): PlainBuffer;
    /** Up to and with a newline, at most `max` bytes (1); null at the end. */
    fgets(input: FileHandle | string, max?: number): string | null;
    fgets(input: FileHandle | string, options: { echo: boolean }, max?: number): string | null;
    fseek(handle: FileHandle, offset: number, whence?: SeekFrom): void;
    ftell(handle: FileHandle): number;
    rewind(handle: FileHandle): void;
    fflush(handle: FileHandle): void;
    /** `count` bytes (1) of stdin. */
    getchar(count?: number): string;

    /** Raw descriptors: one system call each. */
    open(path: string, flags: number, mode?: number): number;
    open(options: { path: string; flags: number; mode?: number }): number;
    close(fd: number): void;
    /** May be shorter than `length`; empty at the end. */
    read(fd: number, length: number, position?: number): PlainBuffer;
    write(fd: number, data: string | BufferData, position?: number): number;
    lseek(fd: number, offset: number, whence?: number): number;
    fstatFd(fd: number): OpenFileStat;
    fsyncFd(fd: number): void;
    fdatasyncFd(fd: number): void;
    ftruncateFd(fd: number, length: number): void;
    fchmodFd(fd: number, mode: number | string): void;
    fchownFd(fd: number, user: string | number, group: string | number): void;
    futimesFd(fd: number, accessed: number | Date, modified: number | Date): void;
    /** Flags for open(), places for lseek(). */
    readonly O: OpenFlags;
  }

  /** Any case. */
  type SeekFrom = "seek_set" | "seek_cur" | "seek_end" | "SEEK_SET" | "SEEK_CUR" | "SEEK_END";

  /** Any handle; getType() calls it "Filehandle". */
  type FileHandle = OpenFile | MemoryFile | InputHandle | OutputHandle;

  interface InputHandle {
    fread(asString: true): string;
    fread(max: number, asString: true): string;
    fread(max?: number, chunk?: number, asString?: false): PlainBuffer;
    fgets(max?: number): string | null;
    fgets(options: { echo: boolean }, max?: number): string | null;
    readLine(): LineReader;
    getchar(count?: number): string;
  }

  interface OutputHandle {
    fprintf(format: string | BufferData, ...values: any[]): number;
    fwrite(data: string | BufferData, max?: number): number;
    fflush(): this;
  }

  interface OpenFile extends OutputHandle {
    fread(asString: true): string;
    fread(max: number, asString: true): string;
    fread(max?: number, chunk?: number, asString?: false): PlainBuffer;
    fgets(max?: number): string | null;
    readLine(): LineReader;
    fseek(offset: number, whence?: SeekFrom): this;
    ftell(): number;
    rewind(): this;
    fclose(): void;
    fstat(): OpenFileStat;
    fsync(): void;
    fdatasync(): void;
    ftruncate(length: number): void;
    fchmod(mode: number | string): void;
    fchown(user: string | number, group: string | number): void;
    fUtimes(accessed: number | Date, modified: number | Date): void;
    /** The descriptor; -1 for memory. */
    fileNo(): number;
  }

  interface MemoryFile extends OpenFile {
    /** What has been flushed so far, also after fclose(). */
    getBuffer(): PlainBuffer;
    getString(): string;
    /** Frees the memory. */
    destroy(): void;
  }

  /** stat() of an open file. */
  type OpenFileStat = Omit<Stat, "readable" | "writable" | "executable">;

  interface OpenFlags {
    readonly RDONLY: number;
    readonly WRONLY: number;
    readonly RDWR: number;
    readonly CREAT: number;
    readonly EXCL: number;
    readonly TRUNC: number;
    readonly APPEND: number;
    readonly NONBLOCK: number;
    readonly CLOEXEC: number;
    readonly NOFOLLOW: number;
    readonly SYNC: number;
    readonly DSYNC: number;
    readonly DIRECTORY: number;
    readonly NOCTTY: number;
    readonly DIRECT: number;
    readonly NOATIME: number;
    readonly SEEK_SET: number;
    readonly SEEK_CUR: number;
    readonly SEEK_END: number;
  }
}
