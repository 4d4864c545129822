/* rampart.utils: files and folders. Relative paths belong to the folder of the process. What fails throws. */

declare namespace Rampart {
  interface Utils {
    /**
     * Bytes of a file, or a String when a `true` comes last.
     *
     * @param offset first byte; negative: from the end
     * @param length bytes at most; 0 or negative: up to that many before the end
     */
    readFile(path: string, asString: true): string;
    readFile(path: string, offset: number, asString: true): string;
    readFile(path: string, offset: number, length: number, asString: true): string;
    readFile(path: string, offset?: number, length?: number, asString?: false): PlainBuffer;
    readFile(options: ReadFileOptions & { returnString: true }): string;
    readFile(options: ReadFileOptions): PlainBuffer;

    /** Writes a whole file. */
    writeFile(path: string, data: string | BufferData, options?: WriteFileOptions): void;
    appendFile(path: string, data: string | BufferData, options?: WriteFileOptions): void;
    /** Line by line: `next()` returns the next line with its newline, and null at the end. */
    readLine(source: string | FileHandle | LineSource, timeout?: number): LineReader;

    /** What is known about a path; false when it cannot be examined. */
    stat(path: string): OrFalse<Stat>;
    /** The same, for a symbolic link itself. */
    lstat(path: string): OrFalse<LinkStat>;
    exists(path: string): boolean;

    /** Makes a folder and the missing ones above it. Default mode 0755; octal as Number or String. */
    mkdir(path: string, mode?: number | string): void;
    /** Removes an empty folder; with `parents` also each one above it that `path` names. */
    rmdir(path: string, parents?: boolean): void;
    /** Names in a folder, unsorted. Those that begin with a dot only with `hidden`. */
    readdir(path: string, hidden?: boolean): string[];
    mkDir(path: string, mode?: number | string): void;
    rmDir(path: string, parents?: boolean): void;
    readDir(path: string, hidden?: boolean): string[];
    /** The folder of the process. */
    getcwd(): string;
    chdir(path: string): void;
    getCwd(): string;
    chDir(path: string): void;

    copyFile(source: string, target: string, overwrite?: boolean): void;
    copyFile(options: { src: string; dest: string; overwrite?: boolean }): void;
    /** Removes a file or an empty folder. */
    rmFile(path: string): void;
    rename(from: string, to: string): void;
    link(existing: string, newName: string): void;
    link(options: { src: string; target: string }): void;
    /** Makes `newName` point to `target`. */
    symlink(target: string, newName: string): void;
    symlink(options: { src: string; target: string }): void;
    /** Where a link points to. */
    readLink(path: string): string;
    readlink(path: string): string;
    /** The canonical path. */
    realPath(path: string): string;

    chmod(path: string, mode: number | string): void;
    chown(path: string, user?: string | number, group?: string | number): void;
    chown(options: { path: string; user?: string | number; group?: string | number }): void;
    /** Makes a file if it is missing, and sets its times to now. */
    touch(path: string): void;
    touch(options: TouchOptions): void;
    truncate(path: string, length: number): void;
    /** Links themselves. A negative id is left as it is. */
    lchown(path: string, user: string | number, group: string | number): void;
    lchmod(path: string, mode: number | string): void;
    lUtimes(path: string, accessed: number | Date, modified: number | Date): void;
    lUtimes(path: string, times: { setaccess?: number | Date; setmodify?: number | Date }): void;
    lutimes(path: string, accessed: number | Date, modified: number | Date): void;
    lutimes(path: string, times: { setaccess?: number | Date; setmodify?: number | Date }): void;

    /** The file system of a path. */
    statVfs(path: string): FileSystemStat;
    statvfs(path: string): FileSystemStat;
    /** Makes a new folder: `prefix` and six random characters. Returns its path. */
    mkdTemp(prefix: string): string;
    mkdtemp(prefix: string): string;
    tmpDir(): string;
    tmpdir(): string;
    homeDir(): string;
    homedir(): string;
    /** Visits a folder and all in it; false stops. */
    walkDir(path: string, visit: WalkCallback, options?: { followLinks?: boolean; postOrder?: boolean }): void;
    walkdir(path: string, visit: WalkCallback, options?: { followLinks?: boolean; postOrder?: boolean }): void;
    /** Paths that match: `*` `?` `[a-z]` `[!a]`, `**` for any depth. */
    glob(pattern: string, options?: { cwd?: string; dot?: boolean }): string[];
    cp(source: string, target: string, options?: CopyOptions): void;
    /** `force`: a missing path is no error. */
    rm(path: string, options?: { recursive?: boolean; force?: boolean }): void;
    /** Calls the function for each change; false ends the watch. Keeps the event loop alive. */
    watch(path: string, callback: WatchCallback): Watcher;
    watch(path: string, options: { poll?: boolean; interval?: number }, callback: WatchCallback): Watcher;
    watch(options: { path: string; poll?: boolean; interval?: number }, callback: WatchCallback): Watcher;
  }

  interface ReadFileOptions {
    file?: string;
    filename?: string;
    offset?: number;
    length?: number;
    returnString?: boolean;
    retString?: boolean;
  }

  interface WriteFileOptions {
    /** Number, or octal String. */
    mode?: number | string;
    /** As for fopen(). */
    flag?: string;
  }

  type LineSource = { file: string } | { data: string | BufferData };

  interface LineReader {
    next(): string | null;
  }

  interface Stat {
    dev: number;
    ino: number;
    /** Type and permission bits; `mode & 0777` are the permissions. */
    mode: number;
    nlink: number;
    uid: number;
    gid: number;
    rdev: number;
    size: number;
    blksize: number;
    blocks: number;
    atime: Date;
    mtime: Date;
    ctime: Date;
    owner: string;
    group: string;
    readable: boolean;
    writable: boolean;
    executable: boolean;
    isFile: boolean;
    /** A Boolean. It may also be called, as the manual's directory listing does. */
    isDirectory: any;
    isBlockDevice: boolean;
    isCharacterDevice: boolean;
    isFIFO: boolean;
    isSocket: boolean;
    /** As `ls -l` prints it. */
    permissions: string;
  }

  interface LinkStat extends Stat {
    isSymbolicLink: boolean;
    /** The text of the link, when it is one. */
    link?: string;
  }

  /** The Object, or false. Scripts that know that the path is there use it unchecked, as the manual's do. */
  type OrFalse<T> = T | (false & T);

  interface TouchOptions {
    path: string;
    /** Do not make a missing file. */
    nocreate?: boolean;
    /** false: leave it; true: now; a Number of seconds or a Date. */
    setaccess?: boolean | number | Date;
    setmodify?: boolean | number | Date;
    /** Take the times of this file. */
    reference?: string;
  }

  interface FileSystemStat {
    bsize: number;
    frsize: number;
    blocks: number;
    bfree: number;
    bavail: number;
    files: number;
    ffree: number;
    favail: number;
    fsid: number;
    flag: number;
    namemax: number;
    totalBytes: number;
    freeBytes: number;
    availBytes: number;
  }

  /** `depth` is 0 for the folder itself. false stops. */
  type WalkCallback = (path: string, type: "file" | "dir" | "symlink" | "other", depth: number) => boolean | void;

  interface CopyOptions {
    /** Needed for folders. */
    recursive?: boolean;
    /** Copy what links point to. */
    dereference?: boolean;
    preserveTimestamps?: boolean;
    force?: boolean;
    errorOnExist?: boolean;
  }

  type WatchCallback =
    (change: { type: "change" | "create" | "delete" | "rename"; path: string; isDir: boolean }) => boolean | void;

  interface Watcher {
    path: string;
    backend: "inotify" | "polling";
    close(): void;
  }
}
